import type { LabHost } from '../host.js';
import { nodeProgram } from './program.js';

/** HTTP port of the lab's schedulers. */
export const frameworkPort = 8080;

/** Unit and environment file of a scheduler, and the variable in the file that holds its master URL. */
export const frameworkUnit = 'lab-framework';
export const frameworkEnvironmentFile = '/etc/default/zkferry-lab-framework';
export const frameworkMasterKey = 'MASTER';

export interface FrameworkTreeOptions {
  /** Name it registers with. */
  readonly name: string;
  readonly zk: string;
  readonly factor: number;
  readonly tasksPerAgent: number;
}

/** Lays a scheduler out: its master URL stands in an environment file, as with most packaged frameworks. */
export function layOutFramework(host: LabHost, { name, zk, factor, tasksPerAgent }: FrameworkTreeOptions): void {
  const flags = [
    '--master=${MASTER}',
    `--name=${name}`,
    `"--work_dir=${host.path('var/lib/lab-framework')}"`,
    `--ip=${host.address}`,
    `--port=${String(frameworkPort)}`,
    `--hostname=${host.address}`,
    `--tasks_per_agent=${String(tasksPerAgent)}`,
    '--failover_timeout_secs=604800',
    '--checkpoint=true',
  ];
  host.makeFolder('var/lib/lab-framework');
  host.write(frameworkEnvironmentFile, `${frameworkMasterKey}=${zk}\n`, zk.includes('@') ? 0o600 : 0o644);
  host.write('usr/bin/lab-framework', nodeProgram('mesos/framework-main.js'), 0o755);
  host.write(
    `etc/systemd/system/${frameworkUnit}.service`,
    `[Unit]
Description=Scheduler ${name}
After=network.target

[Service]
EnvironmentFile=${host.path(frameworkEnvironmentFile)}
Environment=MINI_MESOS_FACTOR=${String(factor)}
ExecStart="${host.path('usr/bin/lab-framework')}" ${flags.join(' ')}
Restart=always
RestartSec=1

[Install]
WantedBy=multi-user.target
`,
  );
  host.supervisor.setEnabled(frameworkUnit, true);
}
