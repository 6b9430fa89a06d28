import type { LabHost } from '../host.js';
import { shellWord } from '../shell-word.js';
import { zookeeperCommand } from '../../zookeeper/command.js';
import { zooCfg, type ZooCfgServer } from '../../zookeeper/zoo-cfg.js';

export interface ZookeeperTreeOptions {
  readonly version: string;
  /** The participant that runs here at boot; absent on an observer's host, which has unit and jars only. */
  readonly participant?: {
    readonly id: number;
    readonly servers: readonly ZooCfgServer[];
    readonly tickTimeMs: number;
    /** The last one that it has accepted, as if it had been started before; default none. */
    readonly epoch?: number;
  };
}

/**
 * Lays a ZooKeeper server out as Debian's package does: unit `zookeeper`, `/etc/zookeeper/conf/zoo.cfg`,
 * data in `/var/lib/zookeeper`.
 *
 * Debian's own unit has no `Restart=`; most sites add one, and so does the lab, since a participant
 * that stays down would be a fault that nobody injected. A JVM that got SIGTERM exits with 143.
 */
export function layOutZookeeper(host: LabHost, { version, participant }: ZookeeperTreeOptions): void {
  const dataDir = host.path('var/lib/zookeeper');
  const { command, args, env } = zookeeperCommand({
    version,
    configFile: host.path('etc/zookeeper/conf/zoo.cfg'),
    logFile: host.path('var/log/zookeeper/zookeeper.log'),
  });
  const environment = Object.entries(env).map(([name, value]) => `export ${name}=${shellWord(value)}\n`);
  const line = [command, ...args].map(shellWord).join(' ');
  host.write('usr/bin/zookeeper-server', `#!/bin/sh\n${environment.join('')}exec ${line}\n`, 0o755);
  host.write('var/log/zookeeper/zookeeper.log', '');
  host.write('etc/systemd/system/zookeeper.service', unit(host));
  host.makeFolder('etc/zookeeper/conf');
  host.makeFolder('var/lib/zookeeper');
  if (participant === undefined) return;
  const { id, servers, tickTimeMs, epoch = 0 } = participant;
  host.write('etc/zookeeper/conf/zoo.cfg', zooCfg({ id, servers, dataDir, tickTimeMs }));
  host.write('var/lib/zookeeper/myid', `${String(id)}\n`);
  if (epoch > 0) host.write('var/lib/zookeeper/version-2/acceptedEpoch', String(epoch));
  host.supervisor.setEnabled('zookeeper', true);
}

function unit(host: LabHost): string {
  return `[Unit]
Description=Coordination service for distributed applications
After=network.target

[Service]
ExecStart=${host.path('usr/bin/zookeeper-server')}
Restart=always
RestartSec=1
SuccessExitStatus=143

[Install]
WantedBy=multi-user.target
`;
}
