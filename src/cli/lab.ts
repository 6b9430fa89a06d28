import { Command, InvalidArgumentError, Option } from 'commander';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabJson } from '../../lab/contract.js';
import { watchedLab } from '../../lab/judge-lab.js';
import { startLab, type Lab } from '../../lab/lab.js';
import { labDown } from '../../lab/up/clean-up.js';
import { zookeeperVersions } from '../../lab/zookeeper/versions.js';
import { configSchema } from '../config/schema.js';
import type { StrategyName } from '../domain/config.js';
import { EXIT } from './exit-codes.js';
import { wholeNumber } from './options.js';
import { exitWith, printJson, printLine, printNote, withJson } from './output.js';

interface UpOptions {
  readonly dir: string;
  readonly strategy: StrategyName;
  readonly agents: number;
  readonly masters: number;
  readonly frameworks: number;
  readonly zookeeper?: string;
  readonly targetZookeeper?: string;
  readonly factor: number;
  readonly watchers: boolean;
  readonly keep?: boolean;
  readonly json?: boolean;
}

/** `lab up`, `lab down`, `lab judge`: a whole cluster on this machine, to rehearse a migration on. */
export function labCommand(): Command {
  const command = new Command('lab').description('a whole cluster on this machine, to rehearse a migration on');
  command.addCommand(upCommand()).addCommand(downCommand()).addCommand(judgeCommand());
  return command;
}

function upCommand(): Command {
  return withJson(new Command('up'))
    .description('start real ZooKeeper ensembles, hosts behind SSH and a miniature Mesos; stays until interrupted')
    .requiredOption('--dir <dir>', 'folder of the lab; cluster.yaml and lab.json are written there')
    .addOption(
      new Option('--strategy <name>', 'what cluster.yaml names')
        .choices(configSchema.shape.strategy.options)
        .default('observers'),
    )
    .option('--agents <n>', 'number of agents, each with two tasks', wholeNumber, 5)
    .option('--masters <n>', 'number of masters', wholeNumber, 3)
    .option('--frameworks <n>', 'number of frameworks', wholeNumber, 1)
    .option('--zookeeper <version>', `version of all servers: ${zookeeperVersions.join(', ')}`, zookeeperVersion)
    .option('--target-zookeeper <version>', 'version of the target ensemble, if another', zookeeperVersion)
    .option('--factor <f>', 'factor on every Mesos duration, 1 = the real ones', factor, 1)
    .option('--no-watchers', 'without the watchers that judge a migration')
    .option('--keep', 'leave the files when the lab ends')
    .action(up);
}

function downCommand(): Command {
  return withJson(new Command('down'))
    .description('stop a lab, or clean up after one that crashed')
    .requiredOption('--dir <dir>', 'folder of the lab')
    .action(down);
}

function judgeCommand(): Command {
  return withJson(new Command('judge'))
    .description('judge what the watchers of a lab have seen so far; --json is what report --verdicts takes')
    .requiredOption('--dir <dir>', 'folder of the lab')
    .addOption(
      new Option('--strategy <name>', 'of the migration; the records tell it, too').choices(
        configSchema.shape.strategy.options,
      ),
    )
    .action(judged);
}

async function up(options: UpOptions): Promise<void> {
  const { json = false, zookeeper, targetZookeeper, ...rest } = options;
  const { signal, interrupted } = interruption();
  let lab: Lab;
  try {
    lab = await startLab({
      ...rest,
      ...(zookeeper === undefined ? {} : { zookeeper }),
      ...(targetZookeeper === undefined ? {} : { targetVersion: targetZookeeper }),
      signal,
      onProgress: printNote,
    });
  } catch (error) {
    if (!signal.aborted) throw error;
    printNote('interrupted; the lab is stopped');
    return;
  }
  announce(lab, json);
  await interrupted;
  printNote('stopping the lab');
  await lab.stop();
}

function announce(lab: Lab, json: boolean): void {
  if (json) {
    printJson(lab.json);
    return;
  }
  const first = lab.json.masters[0];
  printLine(`lab ready in ${lab.dir}`);
  printLine(`  migrate it   zkferry start ${lab.clusterFile}`);
  printLine(
    `  log in       ssh -p ${String(first?.sshPort)} -i ${lab.dir}/ssh/id_ed25519 -o UserKnownHostsFile=${lab.dir}/ssh/known_hosts operator@${first?.host ?? ''}`,
  );
  printLine(`  see it       curl http://${first?.host ?? ''}:${String(first?.httpPort)}/metrics/snapshot`);
  printLine('Interrupt (Ctrl-C) to stop it.');
}

async function down({ dir, json = false }: { dir: string; json?: boolean }): Promise<void> {
  const { killed } = await labDown(dir);
  if (json) printJson({ dir, killed });
  else printLine(killed === 0 ? `nothing runs in ${dir}` : `ended ${String(killed)} processes of the lab in ${dir}`);
  exitWith(EXIT.done);
}

async function judged({ dir, strategy, json = false }: { dir: string; strategy?: StrategyName; json?: boolean }) {
  const lab = JSON.parse(await readFile(join(dir, 'lab.json'), 'utf8')) as LabJson;
  const { watched } = await watchedLab(lab, strategy === undefined ? {} : { strategy });
  const { passed, reasons } = watched.verdicts;
  if (json) printJson(watched);
  else for (const line of passed ? ['every promise held'] : ['NOT passed', ...reasons]) printLine(line);
  exitWith(passed ? EXIT.done : EXIT.failed);
}

/** The listeners stay: a second Ctrl-C must not end the process before it has cleaned up. */
function interruption(): { signal: AbortSignal; interrupted: Promise<void> } {
  const controller = new AbortController();
  const interrupted = new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => {
        controller.abort();
        resolve();
      });
    }
  });
  return { signal: controller.signal, interrupted };
}

function factor(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 10)) throw new InvalidArgumentError('must be a number above 0, at most 10');
  return value;
}

function zookeeperVersion(text: string): string {
  if (!zookeeperVersions.includes(text))
    throw new InvalidArgumentError(`must be one of ${zookeeperVersions.join(', ')}`);
  return text;
}
