import { Command } from 'commander';
import { observe } from '../../activities/doctor/observe.js';
import { FourLetterProbe } from '../adapters/four-letter-probe.js';
import { MesosHttp } from '../adapters/mesos-http.js';
import { SshShell } from '../adapters/ssh-shell.js';
import { ZookeeperStore } from '../adapters/zookeeper-store.js';
import { resolveSecret } from '../config/credentials.js';
import { parseInput } from '../config/parse-input.js';
import type { ClusterConfig } from '../domain/config.js';
import { diagnose } from '../domain/doctor/diagnosis.js';
import { describeDiagnosis, describeObservation } from './doctor-text.js';
import { EXIT } from './exit-codes.js';
import { exitWith, printJson, printLine, withJson } from './output.js';
import { readConfig } from './read-config.js';

interface DoctorOptions {
  readonly json?: boolean;
  readonly temporal?: boolean;
  readonly measureTimers?: boolean;
}

/** `doctor`: what stands where, from looking alone, without Temporal; writes nothing. Exit code 0: nothing is left. */
export function doctorCommand(): Command {
  return withJson(new Command('doctor'))
    .description(
      'say what a migration has left standing where, and how to finish by hand; reads only, needs no Temporal',
    )
    .argument('[config]', 'the config; with --temporal not needed', 'cluster.yaml')
    .option('--temporal', 'look at the Temporal server instead: what a migration needs there, and what is in its way')
    .option('--measure-timers', 'with --temporal: run an empty workflow to see how promptly timers fire')
    .action(async (file: string, options: DoctorOptions, command: Command) => {
      const { json = false, temporal = false } = options;
      if (temporal) {
        const { doctorTemporal } = await import('./doctor-temporal.js');
        await doctorTemporal(command.args[0], options);
        return;
      }
      const { config } = await readConfig(file);
      const { seen, diagnosis } = await examine(config, file);
      if (json) printJson({ cluster: config.cluster, strategy: config.strategy, ...diagnosis, observation: seen });
      else {
        for (const line of [...describeObservation(seen), '', ...describeDiagnosis(diagnosis)]) printLine(line);
      }
      exitWith(diagnosis.clean ? EXIT.done : EXIT.failed);
    });
}

/** Looks at everything, writes nothing. @param file how the config is called in the commands that it names */
export async function examine(
  config: ClusterConfig,
  file: string,
): Promise<{ readonly seen: Awaited<ReturnType<typeof observe>>; readonly diagnosis: ReturnType<typeof diagnose> }> {
  const shell = new SshShell(resolveSecret);
  try {
    const seen = await observe(
      {
        probe: new FourLetterProbe(),
        store: new ZookeeperStore(),
        mesos: new MesosHttp(),
        shell,
        secrets: resolveSecret,
        parseInput,
      },
      config,
    );
    return { seen, diagnosis: diagnose(config, seen, file) };
  } finally {
    shell.close();
  }
}
