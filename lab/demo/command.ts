import { Command, InvalidArgumentError, Option } from 'commander';
import { configSchema } from '../../src/config/schema.js';
import { runDemo } from './demo.js';

const whole = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number of at least 1, please');
  return value;
};

/** `npm run demo`. */
export function demoCommand(): Command {
  return new Command('npm run demo --')
    .description('migrates a live lab cluster: real ZooKeeper, SSH and Temporal, a miniature Mesos')
    .addOption(new Option('--strategy <name>').choices(configSchema.shape.strategy.options).default('observers'))
    .option('--agents <n>', 'agents in the lab, with two tasks each', whole, 5)
    .option('--zookeeper <version>', 'ZooKeeper version of both ensembles')
    .option('--interactive', 'wait for approvals instead of giving them')
    .option('--keep', 'leave everything running afterwards, until interrupted')
    .option('--ui', 'start the Temporal UI, too (always with --interactive and --keep)')
    .option(
      '--temporal <host:port>',
      'a Temporal server to use, for example that of npm run stack; default: one of its own',
    )
    .option('--namespace <name>', 'namespace of that server which no other worker serves', 'default')
    .option('--kill-worker', 'two workers, of which the one that carries out a step of the critical window is killed')
    .option('--json <file>', 'where to write report.json; the page for people goes beside it', 'report.json')
    .action(async (options: Parameters<typeof runDemo>[0]) => {
      process.exitCode = (await runDemo(options)) ? 0 : 1;
    });
}
