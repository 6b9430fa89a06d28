import { createRequire } from 'node:module';
import vm from 'node:vm';

const require = createRequire(import.meta.url);
const { injectGlobals } = require('@temporalio/worker/lib/workflow/vm-shared.js') as {
  injectGlobals: (this: void, context: vm.Context) => void;
};

/** One job of an activation, as Temporal's server sends it: `{variant, [variant]: …}`. */
export interface Job {
  readonly variant: string;
  readonly [variant: string]: unknown;
}

/** A command of the workflow, for example `{scheduleActivity: {seq, activityType, …}}`. */
export type Command = Readonly<Record<string, never>>;

/** As much of the SDK's activator as is used here. */
interface Activator {
  now: number;
  payloadConverter: unknown;
  readonly blockedConditions: ReadonlyMap<number, unknown>;
  readonly sinkCalls: unknown[];
  readonly queryHandlers: Map<string, { handler(): unknown }>;
}

const UNBLOCK = new vm.Script('__unblock()');
const DRIVE = new vm.Script('__drive()');
const START = new vm.Script('__start()');

/** Values cross by reference: nobody changes what was said, and JSON would take most of the time. */
const byReference = {
  toPayload: (value: unknown) => ({ value }),
  fromPayload: (payload: { value: unknown }) => payload.value,
};

/**
 * The bundled workflows on Temporal's own workflow runtime, without a server: whoever holds it sends
 * the jobs of each activation and gets the commands. As in a worker, promises are settled when a call
 * returns, so a search need not wait for anything.
 */
export class Sandbox {
  readonly #context: vm.Context;

  constructor(code: string) {
    this.#context = vm.createContext({}, { microtaskMode: 'afterEvaluate' });
    injectGlobals(this.#context);
    this.#context['__webpack_module_cache__'] = {};
    // Durations are parsed once: most of them are the same few.
    code = code.replace(
      /function msToTs\(str\) \{/,
      'const __durations = new Map();\nfunction msToTs(str) { let ts = __durations.get(str); ' +
        'if (ts === undefined) { ts = msNumberToTs(msToNumber(str)); if (typeof str === "string") __durations.set(str, ts); } return ts; }\n' +
        'function unusedMsToTs(str) {',
    );
    // What people read takes a fifth of the time and decides nothing.
    const silent = code.replace(/function tellStory\(/, 'function tellStory() { return ""; }\nfunction unusedStory(');
    // A variable of the script is found much faster than one of the context.
    const quick = `const __at = { activator: undefined };\n${silent.replaceAll('globalThis.__TEMPORAL_ACTIVATOR__', '__at.activator')}`;
    new vm.Script(quick, { filename: 'workflow-bundle.js' }).runInContext(this.#context);
    vm.runInContext(
      `Error.stackTraceLimit = 0;
       globalThis.__unblock = () => __TEMPORAL__.api.tryUnblockConditions();
       globalThis.__drive = () => {
         const [activator, jobs] = __said;
         __at.activator = activator;
         __TEMPORAL__.api.activate({ jobs });
       };
       globalThis.__start = () => {
         __TEMPORAL__.api.initRuntime(__said[0]);
         const activator = __at.activator;
         activator.payloadConverter = __said[1];
         __TEMPORAL__.api.initialize(__said[2]);
         return activator;
       };`,
      this.#context,
    );
  }

  start(type: string, args: readonly unknown[], info: Record<string, unknown>, now: number): Execution {
    const initialize = { arguments: args.map((value) => ({ value })) };
    const options = {
      info: {
        workflowType: type,
        taskQueue: 'q',
        namespace: 'default',
        attempt: 1,
        startTime: new Date(now),
        runStartTime: new Date(now),
        searchAttributes: {},
        historyLength: 3,
        historySize: 300,
        continueAsNewSuggested: false,
        unsafe: { isReplaying: false, isReplayingHistoryEvents: false },
        ...info,
      },
      now,
      showStackTraceSources: false,
      randomnessSeed: [1, 2, 3],
      registeredActivityNames: new Set<string>(),
      stackTracesEnabled: false,
      getTimeOfDay: () => BigInt(now) * 1_000_000n,
    };
    this.#context['__said'] = [options, byReference, initialize];
    const activator = START.runInContext(this.#context) as Activator;
    return new Execution(this.#context, activator, [{ variant: 'initializeWorkflow', initializeWorkflow: initialize }]);
  }
}

/** One run of a workflow. */
export class Execution {
  constructor(
    readonly context: vm.Context,
    readonly activator: Activator,
    private first: Job[] | null,
  ) {}

  /** Sends one activation. @returns the commands that the workflow answers with. */
  activate(jobs: readonly Job[], now: number): readonly Command[] {
    this.activator.now = now;
    const all = [...(this.first ?? []), ...jobs];
    this.first = null;
    this.context['__said'] = [this.activator, all];
    DRIVE.runInContext(this.context);
    // What monitoring is told decides nothing.
    this.activator.sinkCalls.length = 0;
    while (this.activator.blockedConditions.size > 0 && (UNBLOCK.runInContext(this.context) as number) > 0);
    return (this.activator as unknown as { concludeActivation(): { commands: Command[] } }).concludeActivation()
      .commands;
  }

  query(name: string): unknown {
    return this.activator.queryHandlers.get(name)?.handler();
  }
}
