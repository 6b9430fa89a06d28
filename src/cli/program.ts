import { Command, CommanderError } from 'commander';
import { version } from '../version.js';
import { EXIT } from './exit-codes.js';
import { exitWith, printError, printNote } from './output.js';
import { UsageError } from './usage-error.js';

/** It has to know all the others. */
const COMPLETION = 'completion';

/**
 * Verbs and the module that builds them; only what the command line needs is loaded, so that
 * `validate` does not pay for the Temporal client. One line adds a module.
 */
const MODULES: readonly { readonly verbs: readonly string[]; readonly load: () => Promise<Command[]> }[] = [
  { verbs: ['init'], load: async () => [(await import('./init.js')).initCommand()] },
  { verbs: ['validate'], load: async () => [(await import('./validate.js')).validateCommand()] },
  { verbs: ['preflight'], load: async () => [(await import('./preflight.js')).preflightCommand()] },
  { verbs: ['plan'], load: async () => [(await import('./plan.js')).planCommand()] },
  { verbs: ['input'], load: async () => [(await import('./input.js')).inputCommand()] },
  { verbs: ['start'], load: async () => [(await import('./start.js')).startCommand()] },
  { verbs: ['status'], load: async () => [(await import('./status.js')).statusCommand()] },
  { verbs: ['watch'], load: async () => [(await import('./watch/watch.js')).watchCommand()] },
  {
    verbs: ['approve', 'pause', 'resume', 'rollback', 'decide', 'setPace', 'set-pace'],
    load: async () => (await import('./message-verbs.js')).messageCommands(),
  },
  { verbs: ['report'], load: async () => [(await import('./report.js')).reportCommand()] },
  { verbs: ['doctor'], load: async () => [(await import('./doctor.js')).doctorCommand()] },
  { verbs: ['bundle'], load: async () => [(await import('./bundle.js')).bundleCommand()] },
  { verbs: ['worker'], load: async () => [(await import('./worker.js')).workerCommand()] },
  { verbs: ['codec-server'], load: async () => [(await import('./codec-server.js')).codecServerCommand()] },
  { verbs: ['lab'], load: async () => [(await import('./lab.js')).labCommand()] },
  { verbs: ['schema'], load: async () => [(await import('./schema.js')).schemaCommand()] },
  { verbs: [COMPLETION], load: async () => [(await import('./completion/completion.js')).completionCommand()] },
];

/** Runs one command line (as `process.argv`) and sets the exit code of the process. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  try {
    await (await buildProgram(argv)).parseAsync([...argv]);
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has printed it already; help and version come with code 0.
      exitWith(error.exitCode === 0 ? EXIT.done : EXIT.usage);
      return;
    }
    printError(error);
    exitWith(error instanceof UsageError ? EXIT.usage : EXIT.failed);
  }
}

/** What the command line means: the verb that `argv` names with its options, or all verbs where it names none. */
export async function buildProgram(argv: readonly string[]): Promise<Command> {
  const verb = argv.slice(2).find((word) => !word.startsWith('-'));
  const wanted = MODULES.filter(({ verbs }) => verb !== undefined && verb !== COMPLETION && verbs.includes(verb));
  const commands = wanted.length > 0 ? await load(wanted) : await loadWhatCan(MODULES);
  const program = new Command('zkferry')
    .version(version(), '-V, --version')
    .description('moves a live Apache Mesos cluster from one ZooKeeper ensemble to another')
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 usage or invalid config, 3 rolled back,\n            4 waiting for a person',
    );
  for (const command of commands) program.addCommand(command);
  settle(program);
  return program;
}

async function load(modules: typeof MODULES): Promise<Command[]> {
  return (await Promise.all(modules.map((module) => module.load()))).flat();
}

/** For help and wrong usage: a module that cannot be loaded here must not hide the others. */
async function loadWhatCan(modules: typeof MODULES): Promise<Command[]> {
  const loaded = await Promise.allSettled(modules.map((module) => module.load()));
  for (const [index, result] of loaded.entries()) {
    if (result.status === 'rejected') printNote(`not available here: ${modules[index]?.verbs.join(', ') ?? ''}`);
  }
  return loaded.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
}

/** Commands added ready-made inherit nothing, so each gets the same manners. */
function settle(command: Command): void {
  command.exitOverride().showSuggestionAfterError().showHelpAfterError('(add --help for what is possible)');
  for (const child of command.commands) settle(child);
}
