import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, readdirSync, rmdirSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Service, type ServiceSurroundings } from './service.js';
import type { JobOutcome } from './service-state.js';
import { runSystemctl } from './systemctl.js';
import { readUnit, unitFolders } from './unit-file.js';

export type UnitFileState = 'enabled' | 'disabled' | 'static' | 'masked' | '';

/**
 * The service manager of one host: units under its root, enabled ones started at boot, and the
 * socket behind the host's `systemctl`.
 */
export class Supervisor {
  private services = new Map<string, Service>();
  /** Units that cannot start; a reboot does not mend them. */
  private readonly dying = new Set<string>();
  private server: Server | null = null;
  private readonly sockets = new Set<Socket>();

  constructor(private readonly surroundings: ServiceSurroundings) {}

  get root(): string {
    return this.surroundings.root;
  }

  get version(): number {
    return this.surroundings.systemdVersion;
  }

  get socketPath(): string {
    return controlSocketPath(this.root);
  }

  /** Opens the control socket and starts every enabled unit. */
  async boot(): Promise<void> {
    mkdirSync(dirname(this.socketPath), { recursive: true });
    rmSync(this.socketPath, { force: true });
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
      socket.on('error', () => socket.destroy());
      this.answer(socket);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.socketPath, resolve);
    });
    chmodSync(this.socketPath, 0o600);
    this.server = server;
    for (const unit of this.unitFiles()) if (this.unitFileState(unit) === 'enabled') void this.service(unit).start();
  }

  /** Forgets everything at once, as a machine without power; ending the processes is the host's part. */
  async cutPower(): Promise<void> {
    const ends = [...this.services.values()].map((service) => service.abandon());
    this.services = new Map();
    for (const socket of this.sockets) socket.destroy();
    const server = this.server;
    this.server = null;
    if (server !== null)
      await new Promise<void>((resolve) =>
        server.close(() => {
          resolve();
        }),
      );
    rmSync(this.socketPath, { force: true });
    await Promise.all(ends);
  }

  /** The unit by its full or short name; a unit without a file exists in state `not-found`, as in systemd. */
  service(name: string): Service {
    const unit = unitName(name);
    const known = this.services.get(unit);
    if (known !== undefined && known.definition.loadState !== 'not-found') return known;
    const service = new Service(unit, this.surroundings);
    service.dieAtStart(this.dying.has(unit));
    if (service.definition.loadState !== 'not-found') this.services.set(unit, service);
    return service;
  }

  start(name: string): Promise<JobOutcome> {
    return this.service(name).start();
  }

  stop(name: string): Promise<JobOutcome> {
    return this.service(name).stop();
  }

  restart(name: string): Promise<JobOutcome> {
    return this.service(name).restart();
  }

  /**
   * Fault: the unit's main process ends at once whenever it is started, until that is mended; then a unit which
   * was given up by its start limit is started again, as whoever mended it would do.
   */
  async dieAtStart(name: string, dying: boolean): Promise<void> {
    const service = this.service(name);
    if (dying) this.dying.add(service.name);
    else this.dying.delete(service.name);
    service.dieAtStart(dying);
    if (dying || service.result !== 'start-limit-hit') return;
    service.resetFailed();
    await service.start();
  }

  daemonReload(): void {
    for (const service of this.services.values()) service.reload();
  }

  /** Names of all units with a file. */
  unitFiles(): string[] {
    const names = unitFolders.flatMap((folder) =>
      entries(join(this.root, folder)).filter((name) => name.endsWith('.service')),
    );
    return [...new Set(names)].sort();
  }

  unitFileState(name: string): UnitFileState {
    const unit = readUnit(this.root, unitName(name));
    if (unit.loadState === 'not-found') return '';
    if (unit.loadState === 'masked') return 'masked';
    const links = unit.wantedBy.map((target) => this.wantLink(target, unit.name));
    if (links.some((link) => lstatSync(link, { throwIfNoEntry: false }) !== undefined)) return 'enabled';
    return unit.wantedBy.length === 0 ? 'static' : 'disabled';
  }

  /** Creates or removes the links that start the unit at boot; returns what was done, line by line. */
  setEnabled(name: string, enabled: boolean): string[] {
    const unit = readUnit(this.root, unitName(name));
    return unit.wantedBy.flatMap((target) => {
      const link = this.wantLink(target, unit.name);
      const exists = lstatSync(link, { throwIfNoEntry: false }) !== undefined;
      if (exists === enabled) return [];
      if (!enabled) {
        rmSync(link);
        // As systemd does, so that a unit that was never enabled before leaves no trace of it.
        if (entries(dirname(link)).length === 0) rmdirSync(dirname(link));
        return [`Removed "${link}".`];
      }
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(unit.fragmentPath, link);
      return [`Created symlink ${link} → ${unit.fragmentPath}.`];
    });
  }

  private wantLink(target: string, unit: string): string {
    return join(this.root, 'etc/systemd/system', `${target}.wants`, unit);
  }

  /** One request per connection: arguments with NUL behind each; reply: `CODE LENGTH\n`, standard output, standard error. */
  private answer(socket: Socket): void {
    let request = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (request += chunk));
    socket.once('end', () => {
      const argv = request.split('\0').slice(0, -1);
      void runSystemctl(this, argv).then(({ code, stdout, stderr }) => {
        socket.end(`${String(code)} ${String(Buffer.byteLength(stdout))}\n${stdout}${stderr}`);
      });
    });
  }
}

/** `x` → `x.service`; a path stands for its last part. */
export function unitName(name: string): string {
  const last = basename(name);
  return /\.[a-z]+$/.test(last) ? last : `${last}.service`;
}

/** Unix socket paths end at 107 bytes: under a long root the socket lies in the machine's folder for temporary files. */
export function controlSocketPath(root: string): string {
  const path = join(root, 'run/systemd/private');
  if (Buffer.byteLength(path) <= 100) return path;
  return join(tmpdir(), `zkferry-${createHash('sha256').update(root).digest('hex').slice(0, 12)}.sock`);
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
