import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../repository-root.js';
import type { LabHost } from '../host.js';
import { shellWord } from '../shell-word.js';
import { nodeProgram } from './program.js';

export interface MesosTreeOptions {
  /** Master URL for `/etc/mesos/zk`; may hold credentials. */
  readonly zk: string;
  /** Factor on every Mesos duration. */
  readonly factor: number;
  /** Flags by name, one file each in `/etc/mesos-master` or `/etc/mesos-slave`. */
  readonly flags: Readonly<Record<string, string>>;
}

/**
 * Lays a master out as the packages do: `/etc/mesos/zk`, default files, one file per flag, a unit that
 * is restarted after 20 s (times the factor).
 *
 * @see mesosphere/mesos-deb-packaging: `systemd/master.systemd`, `mesos-init-wrapper`, `default/*`
 */
export function layOutMaster(host: LabHost, options: MesosTreeOptions & { readonly journal: string }): void {
  const { zk, factor, flags, journal } = options;
  layOutCommon(host, zk);
  host.write('etc/default/mesos-master', `PORT=5050\nZK=\`cat ${shellWord(host.path('etc/mesos/zk'))}\`\n`);
  writeFlags(host, 'etc/mesos-master', {
    work_dir: host.path('var/lib/mesos'),
    hostname: host.address,
    ip: host.address,
    ...flags,
  });
  host.write('usr/sbin/mesos-master', nodeProgram('mesos/master-main.js'), 0o755);
  host.write(
    'etc/systemd/system/mesos-master.service',
    unit(host, { role: 'master', description: 'Mesos Master', factor, journal }),
  );
  host.supervisor.setEnabled('mesos-master', true);
}

/** Lays an agent out likewise; `KillMode=process`, so that its tasks outlive it. */
export function layOutAgent(host: LabHost, { zk, factor, flags }: MesosTreeOptions): void {
  layOutCommon(host, zk);
  host.write('etc/default/mesos-slave', `MASTER=\`cat ${shellWord(host.path('etc/mesos/zk'))}\`\n`);
  const own = {
    work_dir: host.path('var/lib/mesos'),
    runtime_dir: host.path('run/mesos'),
    hostname: host.address,
    ip: host.address,
  };
  writeFlags(host, 'etc/mesos-slave', { ...own, ...flags });
  host.write('usr/sbin/mesos-slave', nodeProgram('mesos/agent-main.js'), 0o755);
  host.write(
    'etc/systemd/system/mesos-slave.service',
    unit(host, { role: 'slave', description: 'Mesos Slave', factor, more: 'KillMode=process\n' }),
  );
  host.supervisor.setEnabled('mesos-slave', true);
}

function layOutCommon(host: LabHost, zk: string): void {
  host.write('etc/mesos/zk', `${zk}\n`, zk.includes('@') ? 0o600 : 0o644);
  host.write('etc/default/mesos', `LOGS=${shellWord(host.path('var/log/mesos'))}\nULIMIT="-n 8192"\n`);
  host.makeFolder('var/log/mesos');
  host.makeFolder('var/lib/mesos');
  const wrapper = readFileSync(join(repositoryRoot(), 'lab/hosts/trees/mesos-init-wrapper.sh'), 'utf8');
  host.write('usr/bin/mesos-init-wrapper', wrapper.replace('@ROOT@', shellWord(host.root)), 0o755);
}

function writeFlags(host: LabHost, folder: string, flags: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(flags)) host.write(`${folder}/${name}`, `${value}\n`);
}

interface UnitOptions {
  readonly role: 'master' | 'slave';
  readonly description: string;
  readonly factor: number;
  readonly journal?: string;
  readonly more?: string;
}

function unit(host: LabHost, { role, description, factor, journal, more = '' }: UnitOptions): string {
  const environment = [
    `MINI_MESOS_FACTOR=${String(factor)}`,
    ...(journal === undefined ? [] : [`"MINI_MESOS_JOURNAL=${journal}"`]),
  ];
  return `[Unit]
Description=${description}
After=network.target
Wants=network.target

[Service]
ExecStart="${host.path('usr/bin/mesos-init-wrapper')}" ${role}
Restart=always
RestartSec=${String(Math.round(20_000 * factor))}ms
LimitNOFILE=16384
${more}Environment=${environment.join(' ')}

[Install]
WantedBy=multi-user.target
`;
}
