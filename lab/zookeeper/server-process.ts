import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zookeeperCommand } from './command.js';
import { zooCfg, type ZooCfgOptions } from './zoo-cfg.js';

export interface ServerProcessOptions extends Omit<ZooCfgOptions, 'dataDir'> {
  /** The server's own folder: `zoo.cfg`, `data/`, `zookeeper.log`. */
  readonly dir: string;
  readonly version: string;
  readonly jvmFlags?: readonly string[];
}

/** One real ZooKeeper server as a child process; it can be stopped and started again on the same data. */
export class ServerProcess {
  readonly id: number;
  readonly address: string;
  readonly clientPort: number;
  readonly dir: string;
  readonly logFile: string;
  #child: ChildProcess | null = null;

  constructor(private readonly options: ServerProcessOptions) {
    this.id = options.id;
    this.address = options.servers.find((server) => server.id === options.id)?.address ?? '';
    this.clientPort = options.clientPort ?? 2181;
    this.dir = options.dir;
    this.logFile = join(options.dir, 'zookeeper.log');
  }

  /** Null while it does not run. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  async start(): Promise<void> {
    if (this.#child) return;
    const dataDir = join(this.dir, 'data');
    const configFile = join(this.dir, 'zoo.cfg');
    await mkdir(dataDir, { recursive: true });
    await writeFile(join(dataDir, 'myid'), `${this.id}\n`);
    await writeFile(configFile, zooCfg({ ...this.options, dataDir }));
    const { version, jvmFlags = [] } = this.options;
    const { command, args, env } = zookeeperCommand({ version, configFile, logFile: this.logFile, jvmFlags });
    const child = spawn(command, args, { stdio: 'ignore', env: { ...process.env, ...env } });
    child.once('exit', () => {
      if (this.#child === child) this.#child = null;
    });
    await once(child, 'spawn');
    if (child.exitCode === null && child.signalCode === null) this.#child = child;
  }

  /** Returns once the process is gone; SIGKILL follows when SIGTERM has not ended it within 10 s. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (!child) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    const impatience = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await gone;
    clearTimeout(impatience);
  }
}
