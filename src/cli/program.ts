import { Command, CommanderError } from 'commander';
import { version } from '../version.js';
import { EXIT } from './exit-codes.js';
import { exitWith, printError, printNote } from './output.js';
import { InvalidConfigError } from './read-config.js';

/**
 * Verbs and the module that builds them; only what the command line needs is loaded, so that
 * `validate` does not pay for the Temporal client. One line adds a module.
 */
const MODULES: readonly { readonly verbs: readonly string[]; readonly load: () => Promise<Command[]> }[] = [
  { verbs: ['init'], load: async () => [(await import('./init.js')).initCommand()] },
  { verbs: ['validate'], load: async () => [(await import('./validate.js')).validateCommand()] },
  { verbs: ['input'], load: async () => [(await import('./input.js')).inputCommand()] },
  { verbs: ['lab'], load: async () => [(await import('./lab.js')).labCommand()] },
  { verbs: ['preflight', 'plan'], load: async () => (await import('./survey-verbs.js')).surveyCommands() },
  { verbs: ['doctor'], load: async () => [(await import('./doctor.js')).doctorCommand()] },
  { verbs: ['schema'], load: async () => [(await import('./schema.js')).schemaCommand()] },
  { verbs: ['worker'], load: async () => [(await import('./worker.js')).workerCommand()] },
  { verbs: ['codec-server'], load: async () => [(await import('./codec-server.js')).codecServerCommand()] },
  { verbs: ['bundle'], load: async () => [(await import('./bundle.js')).bundleCommand()] },
  {
    verbs: ['start', 'status', 'watch', 'approve', 'pause', 'resume', 'rollback', 'decide', 'setPace', 'set-pace'],
    load: async () => (await import('./workflow-verbs.js')).workflowCommands(),
  },
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
    exitWith(error instanceof InvalidConfigError ? EXIT.usage : EXIT.failed);
  }
}

async function buildProgram(argv: readonly string[]): Promise<Command> {
  const verb = argv.slice(2).find((word) => !word.startsWith('-'));
  const wanted = MODULES.filter(({ verbs }) => verb !== undefined && verbs.includes(verb));
  const commands = wanted.length > 0 ? await load(wanted) : await loadWhatCan(MODULES);
  const program = new Command('zkferry')
    .version(version(), '-V, --version')
    .description('moves a live Apache Mesos cluster from one ZooKeeper ensemble to another')
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 usage or invalid config, 3 rolled back, 4 waiting for a person',
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
