import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LabHost, sshPort } from '../../lab/hosts/host.js';
import { SshKeys } from '../../lab/hosts/ssh-keys.js';
import { SupervisorJournal } from '../../lab/hosts/supervisor-journal.js';
import { operator } from '../../lab/hosts/ssh-server.js';
import type { Access, HostStep } from '../../activities/contract.js';
import type { HostConfig } from '../../src/domain/config.js';

/** One host of the lab on its own, with units that are shell scripts. */
export class LoneHost {
  readonly dir: string;
  readonly host: LabHost;
  readonly config: HostConfig;
  readonly access: Access;
  readonly keys: SshKeys;
  readonly cluster = 'alone';

  private constructor(address: string, systemdVersion: number) {
    this.dir = mkdtempSync(join(tmpdir(), 'zkferry-lone-'));
    this.keys = new SshKeys(join(this.dir, 'ssh'));
    const identity = this.keys.identity();
    this.host = new LabHost({
      name: 'h1',
      address,
      root: join(this.dir, 'h1'),
      hostKey: this.keys.hostKey('h1').private,
      authorizedKey: identity.public,
      journal: new SupervisorJournal(join(this.dir, 'journal')),
      systemdVersion,
    });
    this.keys.writeKnownHosts([{ name: 'h1', address, port: sshPort }]);
    this.config = { name: 'h1', address, sshPort, sshUser: operator, root: this.host.root };
    this.access = {
      ssh: {
        port: sshPort,
        user: operator,
        identity: `file:${this.keys.identityFile}`,
        passphrase: null,
        knownHosts: this.keys.knownHostsFile,
        sudo: false,
      },
      credentials: { source: null, target: null, mesos: null, publisher: null },
    };
  }

  static async start(address: string, systemdVersion = 257): Promise<LoneHost> {
    const lone = new LoneHost(address, systemdVersion);
    await lone.host.powerOn();
    return lone;
  }

  async stop(): Promise<void> {
    await this.host.powerOff();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** The common part of a step. */
  step(generation: number, migration = 'm1'): HostStep {
    return { access: this.access, fence: { cluster: this.cluster, migration, generation } };
  }

  get state(): string {
    return this.host.path(`var/lib/zkferry/${this.cluster}`);
  }

  /** A unit that runs `script`; its standard output goes to `var/log/UNIT.log`. */
  unit(name: string, script: string, service = 'Restart=always\nRestartSec=50ms'): void {
    this.host.write(`usr/bin/${name}`, `#!/bin/sh\n${script}\n`, 0o755);
    this.host.write(
      `etc/systemd/system/${name}.service`,
      `[Service]\nExecStart=${this.host.path(`usr/bin/${name}`)}\n${service}\n[Install]\nWantedBy=multi-user.target\n`,
    );
    this.host.supervisor.daemonReload();
  }

  async running(unit: string): Promise<number> {
    void this.host.supervisor.start(unit);
    await until(`${unit} runs`, () => this.host.mainPid(unit) !== null);
    return this.host.mainPid(unit) ?? 0;
  }

  /** Every file below the host's root with mode and content, but for what the host itself writes. */
  files(): Record<string, string> {
    const found: Record<string, string> = {};
    const walk = (folder: string): void => {
      for (const entry of readdirSync(join(this.host.root, folder), { withFileTypes: true })) {
        const path = join(folder, entry.name);
        if (/^(run|tmp|var\/log)$/.test(path)) continue;
        if (entry.isDirectory()) {
          found[`${path}/`] = '';
          walk(path);
        } else if (entry.isFile()) {
          const file = join(this.host.root, path);
          found[path] = `${(statSync(file).mode & 0o777).toString(8)} ${readFileSync(file, 'latin1')}`;
        } else found[path] = 'special';
      }
    };
    walk('');
    return found;
  }

  exists(path: string): boolean {
    return existsSync(this.host.path(path));
  }
}

/** Waits until a condition holds. @throws Error naming it after 10 s. */
export async function until(what: string, holds: () => boolean, patienceMs = 10_000): Promise<void> {
  for (const end = performance.now() + patienceMs; !holds(); await delay(10)) {
    if (performance.now() > end) throw new Error(`never: ${what}`);
  }
}
