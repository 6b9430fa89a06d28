import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { repositoryRoot } from '../repository-root.js';
import { killAll, processesOfHost } from './processes.js';
import { ReadOnlyFiles } from './read-only-files.js';
import { SshServer } from './ssh-server.js';
import { controlSocketPath, Supervisor } from './supervisor.js';
import type { SupervisorJournal } from './supervisor-journal.js';

/** The SSH port of every host of a lab. */
export const sshPort = 2222;

/** systemd's release on the hosts unless said otherwise: the stricter one, see `Service`. */
export const defaultSystemdVersion = 257;

export interface LabHostOptions {
  readonly name: string;
  readonly address: string;
  readonly root: string;
  readonly hostKey: string;
  readonly authorizedKey: string;
  readonly journal: SupervisorJournal;
  readonly systemdVersion?: number;
}

/** One machine of the lab: a file tree, a supervisor behind `systemctl`, and an SSH server. */
export class LabHost {
  readonly name: string;
  readonly address: string;
  readonly root: string;
  readonly supervisor: Supervisor;
  private readonly ssh: SshServer;
  private readonly readOnly: ReadOnlyFiles;

  constructor(options: LabHostOptions) {
    const { name, address, root, hostKey, authorizedKey, journal, systemdVersion = defaultSystemdVersion } = options;
    this.name = name;
    this.address = address;
    this.root = root;
    this.supervisor = new Supervisor({
      host: name,
      root,
      systemdVersion,
      onStart: (unit, pid) => {
        journal.started(name, unit, pid);
      },
      onExit: (unit, pid, code, signal) => {
        journal.exited(name, unit, pid, code, signal);
      },
    });
    this.readOnly = new ReadOnlyFiles(root);
    this.ssh = new SshServer({ address, port: sshPort, hostKey, authorizedKey, root });
  }

  /** Writes a file under the host's root; missing folders are made. */
  write(path: string, text: string, mode = 0o644): void {
    const file = this.path(path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    chmodSync(file, mode);
  }

  makeFolder(path: string): void {
    mkdirSync(this.path(path), { recursive: true });
  }

  read(path: string): string {
    return readFileSync(this.path(path), 'utf8');
  }

  path(path: string): string {
    return join(this.root, path);
  }

  /** Boots: enabled units start, the SSH server answers. */
  async powerOn(): Promise<void> {
    for (const folder of ['run', 'tmp', 'root', 'var/log', 'var/lib', 'usr/sbin', 'etc/systemd/system']) {
      mkdirSync(this.path(folder), { recursive: true });
    }
    const client = readFileSync(join(repositoryRoot(), 'lab/hosts/systemctl.pl'), 'utf8');
    this.write('usr/bin/systemctl', client.replace('@SOCKET@', controlSocketPath(this.root)), 0o755);
    await this.supervisor.boot();
    await this.ssh.up();
  }

  /** Cuts the power: every process of the host dies by SIGKILL, `/run` is lost, connections are dropped. */
  async powerOff(): Promise<void> {
    await Promise.all([this.supervisor.cutPower(), this.ssh.down(), killAll(() => this.processes())]);
    rmSync(this.path('run'), { recursive: true, force: true });
  }

  async reboot(): Promise<void> {
    await this.powerOff();
    await this.powerOn();
  }

  /** Pids of all processes that run on this host, tasks and commands of SSH sessions included. */
  processes(): number[] {
    return processesOfHost(this.root);
  }

  /** Main process of a unit, null while it does not run. */
  mainPid(unit: string): number | null {
    const pid = this.supervisor.service(unit).mainPid;
    return pid === 0 ? null : pid;
  }

  /** Fault: SSH connections are refused, those that are there are cut. */
  async sshDown(): Promise<void> {
    await this.ssh.down();
  }

  async sshUp(): Promise<void> {
    await this.ssh.up();
  }

  /** Fault: every SSH connection is cut once. */
  dropSshConnections(): void {
    this.ssh.dropConnections();
  }

  /** Fault: keys are refused. */
  refuseLogins(refuse: boolean): void {
    this.ssh.refuseLogins(refuse);
  }

  /** Fault: SSH takes connections and never answers. */
  hang(hang: boolean): void {
    this.ssh.hang(hang);
  }

  /** Fault: the next commands run to their end, then their answers are lost with their connections. 0 = no more. */
  loseReplies(commands: number): void {
    this.ssh.faults.repliesToLose = commands;
  }

  /** Fault: the connection is cut under the next commands that last so long, in ms; they get SIGHUP. */
  dropMidCommand(commands: number, afterMs = 0): void {
    Object.assign(this.ssh.faults, { commandsToDrop: commands, dropAfterMs: afterMs });
  }

  /** Fault: every command starts so much later, in ms, and its answer comes so much later. */
  slowDown(delayMs: number): void {
    this.ssh.faults.delayMs = delayMs;
  }

  /** Fault: commands cannot write to files, as on a full file system; what systemd runs is not touched. */
  fillDisk(full: boolean): void {
    this.ssh.faults.fullDisk = full;
  }

  /** Fault: a unit's process ends at once whenever it is started; a reboot does not mend that. */
  async refuseToStart(unit: string, refuse: boolean): Promise<void> {
    await this.supervisor.dieAtStart(unit, refuse);
  }

  /**
   * Fault: a unit's process takes no signal from systemd, SIGKILL included, like one that is stuck in the kernel.
   * Set free, it gets what it was sent; a reboot ends it, too.
   */
  refuseToStop(unit: string, refuse: boolean): void {
    this.supervisor.service(unit).sticks(refuse);
  }

  /** Fault: a file of the host cannot be replaced, removed or moved away. */
  protectFile(path: string, readOnly: boolean): void {
    if (readOnly) this.readOnly.protect(this.path(path));
    else this.readOnly.free(this.path(path));
  }
}
