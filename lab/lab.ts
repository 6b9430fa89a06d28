import { randomBytes } from 'node:crypto';
import { mkdirSync, realpathSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StrategyName } from '../src/domain/config.js';
import { FerryError } from '../src/domain/errors.js';
import type { LabJson, LabProcess, LabServer } from './contract.js';
import { freeSubnet } from './free-subnet.js';
import { LabHost, sshPort } from './hosts/host.js';
import { killAll, processesOfLab } from './hosts/processes.js';
import { SshKeys } from './hosts/ssh-keys.js';
import { SupervisorJournal } from './hosts/supervisor-journal.js';
import { frameworkPort, frameworkUnit, layOutFramework } from './hosts/trees/framework-tree.js';
import { layOutAgent, layOutMaster } from './hosts/trees/mesos-tree.js';
import { layOutZookeeper } from './hosts/trees/zookeeper-tree.js';
import {
  claimFolder,
  foreignEntries,
  isLabFolder,
  labDown,
  labProcess,
  releaseFolder,
  removeFiles,
} from './up/clean-up.js';
import { Network, type Partition, type PartitionOptions } from './network/network.js';
import { clusterYaml } from './up/cluster-yaml.js';
import { everyHost, layOut, limits, type Layout, type Placed, type PlacedServer } from './up/layout.js';
import { agentsReady, ensembleReady, mastersReady, tasksReady, waitUntil } from './up/readiness.js';
import { startWatchers, type Watchers } from './up/watchers.js';
import { defaultZookeeperVersion } from './zookeeper/versions.js';

const clientPort = 2181;
const masterPort = 5050;
const agentPort = 5051;
const tasksPerAgent = 2;
const electionPath = '/mesos';

export interface LabOptions {
  /** The lab's folder; made when missing. */
  readonly dir: string;
  readonly cluster?: string;
  /** What `cluster.yaml` names; default `observers`. The lab itself is the same for all. */
  readonly strategy?: StrategyName;
  readonly agents?: number;
  readonly masters?: number;
  readonly frameworks?: number;
  /** ZooKeeper version of every server that sets none of its own. */
  readonly zookeeper?: string;
  readonly sourceVersion?: string;
  readonly targetVersion?: string;
  readonly observerVersion?: string;
  /** Elections that source has held before it starts, so that its epoch is above target's; default none. */
  readonly sourceElections?: number;
  /** Factor on every Mesos duration; 1 = the real ones. */
  readonly factor?: number;
  readonly watchers?: boolean;
  /** `user:password` of the masters' digest login. */
  readonly credentials?: { readonly source?: string; readonly target?: string };
  /** Encrypts the operator's SSH key. */
  readonly passphrase?: string;
  /** More flags of masters and agents, for example `agent_ping_timeout: '15secs'`. */
  readonly masterFlags?: Readonly<Record<string, string>>;
  readonly agentFlags?: Readonly<Record<string, string>>;
  readonly systemdVersion?: number;
  /** Puts a proxy before every server of source and target, so that `partition` can cut links. */
  readonly partitionable?: boolean;
  /** Leave the folder's files when the lab stops. */
  readonly keep?: boolean;
  /** How long each part may take to come up, in ms. */
  readonly patienceMs?: number;
  /** Breaks the start off; what was started is stopped and removed. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (text: string) => void;
}

export interface Lab {
  readonly dir: string;
  readonly json: LabJson;
  readonly clusterFile: string;
  /** By name: `source1`, `target1`, `observer1`, `master1`, `agent1`, `framework1`, … */
  readonly hosts: ReadonlyMap<string, LabHost>;
  host(name: string): LabHost;
  /**
   * Fault: a silent cut; needs `partitionable`.
   * @param to `source`, `target` or the name of a server of theirs
   */
  partition(cut: Omit<PartitionOptions, 'to'> & { readonly to: string }): Partition;
  /** Reads all pids again and rewrites `lab.json`. */
  refresh(): LabJson;
  /** Ends every process of the lab and, unless `keep`, removes what it wrote. */
  stop(): Promise<void>;
}

/** A lab runs in this folder already. */
export class LabInUseError extends FerryError {
  readonly code = 'FERRY_LAB_IN_USE';
  readonly retryable = false;
  override readonly remedy: string;
  constructor(dir: string, pid: number) {
    super(`a lab runs in ${dir} already (process ${String(pid)})`);
    this.remedy = `stop it with zkferry lab down --dir ${dir}, or take another folder`;
  }
}

/** The folder holds something of somebody else's under a name that the lab would write to. */
export class LabFolderError extends FerryError {
  readonly code = 'FERRY_LAB_FOLDER';
  readonly retryable = false;
  override readonly remedy = 'take an empty folder';
  constructor(dir: string, entries: readonly string[]) {
    super(`${dir} is no lab's folder and holds ${entries.join(', ')} already`);
  }
}

/** The lab was asked for something that does not fit. */
export class LabSizeError extends FerryError {
  readonly code = 'FERRY_LAB_SIZE';
  readonly retryable = false;
  override readonly remedy = 'choose a number within the limits';
}

/**
 * Starts a whole cluster on this machine: two ZooKeeper ensembles, hosts for observers, masters,
 * agents and frameworks behind SSH, the miniature Mesos on them with its tasks, and the watchers.
 *
 * Returns once everything runs. When something does not come up, all of it is stopped again.
 *
 * @throws LabInUseError, LabFolderError, LabSizeError, LabNotReadyError, ZookeeperMissingError
 */
export async function startLab(options: LabOptions): Promise<Lab> {
  const { agents = 5, masters = 3, frameworks = 1 } = options;
  checkSize({ agents, masters, frameworks });
  mkdirSync(options.dir, { recursive: true });
  const dir = realpathSync(options.dir);
  const running = labProcess(dir);
  if (running !== null) throw new LabInUseError(dir, running);
  const foreign = foreignEntries(dir);
  if (foreign.length > 0) throw new LabFolderError(dir, foreign);
  if (isLabFolder(dir)) {
    await labDown(dir);
    mkdirSync(dir, { recursive: true });
  }
  claimFolder(dir);
  const inner = options.partitionable === true ? await freeSubnet() : null;
  const lab = new RunningLab(
    { ...options, dir },
    { outer: await freeSubnet(), inner },
    { agents, masters, frameworks },
  );
  try {
    await lab.start();
    return lab;
  } catch (error) {
    await lab.halt();
    if (options.signal?.aborted === true) removeFiles(dir);
    throw error;
  }
}

function checkSize(asked: Readonly<Record<keyof typeof limits, number>>): void {
  for (const [what, limit] of Object.entries(limits)) {
    const count = asked[what as keyof typeof limits];
    const least = what === 'masters' ? 1 : 0;
    if (!Number.isInteger(count) || count < least || count > limit) {
      throw new LabSizeError(`${String(count)} ${what} asked for, ${String(least)} to ${String(limit)} are possible`);
    }
  }
}

class RunningLab implements Lab {
  readonly hosts: ReadonlyMap<string, LabHost>;
  readonly clusterFile: string;
  private readonly keys: SshKeys;
  private readonly layout: Layout;
  /** Where the servers of source and target listen in truth, when the network's proxies stand before them. */
  private readonly behind: Layout | null;
  private readonly network: Network | null;
  private readonly frameworkNames: readonly string[];
  private readonly startedAt = performance.now();
  private watchers: Watchers | null = null;
  private written: LabJson | null = null;

  constructor(
    private readonly options: LabOptions,
    subnets: { readonly outer: string; readonly inner: string | null },
    count: { readonly agents: number; readonly masters: number; readonly frameworks: number },
  ) {
    this.layout = layOut(subnets.outer, count);
    const { inner } = subnets;
    this.behind = inner === null ? null : layOut(inner, count);
    this.network = this.behind === null ? null : networkBetween(this.layout, this.behind);
    this.frameworkNames = this.layout.frameworks.map((_, i) =>
      i === 0 ? 'lab-framework' : `lab-framework-${String(i + 1)}`,
    );
    this.clusterFile = join(this.dir, 'cluster.yaml');
    this.keys = new SshKeys(join(this.dir, 'ssh'), options.passphrase);
    const journal = new SupervisorJournal(join(this.journalDir, 'supervisor.jsonl'));
    const { systemdVersion } = options;
    this.hosts = new Map(
      everyHost(this.layout).map(({ name, address }) => {
        const root = join(this.dir, 'hosts', name);
        const hostKey = this.keys.hostKey(name).private;
        const authorizedKey = this.keys.identity().public;
        const release = systemdVersion === undefined ? {} : { systemdVersion };
        return [name, new LabHost({ name, address, root, hostKey, authorizedKey, journal, ...release })];
      }),
    );
  }

  get dir(): string {
    return this.options.dir;
  }

  get json(): LabJson {
    return this.written ?? this.refresh();
  }

  host(name: string): LabHost {
    const host = this.hosts.get(name);
    if (host === undefined)
      throw new RangeError(`no host ${name} in the lab; there are ${[...this.hosts.keys()].join(', ')}`);
    return host;
  }

  partition({ to, ...cut }: Parameters<Lab['partition']>[0]): Partition {
    if (this.network === null) throw new TypeError('only a lab with `partitionable` can cut links');
    const { source, target } = this.layout;
    const servers = [...source, ...target].map(({ name }) => name);
    const named = servers.filter((name) => name === to || name.replace(/\d+$/, '') === to);
    if (named.length === 0) throw new RangeError(`no server ${to}; there are ${servers.join(', ')}`);
    if (cut.from !== 'worker') this.host(cut.from);
    return this.network.partition({ ...cut, to: named });
  }

  async start(): Promise<void> {
    const { source, target, observers, masters, agents, frameworks } = this.layout;
    this.keys.writeKnownHosts(everyHost(this.layout).map((host) => ({ ...host, port: sshPort })));
    const { sourceVersion, targetVersion } = this.versions();
    this.layOutEnsemble((this.behind ?? this.layout).source, sourceVersion, this.options.sourceElections);
    this.layOutEnsemble((this.behind ?? this.layout).target, targetVersion);
    for (const { name } of observers) layOutZookeeper(this.host(name), { version: this.versions().observerVersion });
    for (const master of masters) this.layOutMaster(master);
    for (const agent of agents) this.layOutAgent(agent);
    frameworks.forEach(({ name }, i) => {
      const registersAs = this.frameworkNames[i] ?? name;
      layOutFramework(this.host(name), { name: registersAs, zk: this.masterUrl(), factor: this.factor, tasksPerAgent });
    });
    writeFileSync(this.clusterFile, this.clusterYaml());
    this.refresh();
    await this.network?.listen();

    await this.boot(
      [...source, ...target],
      `ensembles source (${sourceVersion}) and target (${targetVersion})`,
      async () => (await ensembleReady(source, clientPort)) ?? ensembleReady(target, clientPort),
    );
    await this.boot(observers, 'hosts for observers', () => Promise.resolve(null));
    await this.boot(masters, `${String(masters.length)} masters`, () => mastersReady(masters, masterPort));
    await this.boot(agents, `${String(agents.length)} agents`, () => agentsReady(masters, masterPort, agents.length));
    const tasks = agents.length * tasksPerAgent * frameworks.length;
    await this.boot(frameworks, `${String(frameworks.length)} framework(s) with ${String(tasks)} tasks`, () =>
      tasksReady(masters, masterPort, tasks),
    );
    this.refresh();
    if (this.options.watchers ?? true) {
      this.watchers = await startWatchers(this.dir);
      this.say('watchers run');
    }
  }

  async stop(): Promise<void> {
    await this.halt();
    if (!(this.options.keep ?? false)) removeFiles(this.dir);
  }

  /** Ends every process; files stay, so that logs can be read. */
  async halt(): Promise<void> {
    await this.watchers?.stop();
    await Promise.all([...this.hosts.values()].map((host) => host.powerOff()));
    this.network?.close();
    await killAll(() => processesOfLab(this.dir));
    releaseFolder(this.dir);
  }

  refresh(): LabJson {
    const { layout, dir } = this;
    const { sourceVersion, targetVersion, observerVersion } = this.versions();
    const servers = (placed: readonly PlacedServer[], version: string) =>
      placed.map((server) => this.serverJson(server, version));
    this.written = {
      schemaVersion: 1,
      dir,
      cluster: this.cluster,
      electionPath,
      source: servers(layout.source, sourceVersion),
      target: servers(layout.target, targetVersion),
      observers: servers(layout.observers, observerVersion),
      masters: layout.masters.map((host) => this.processJson(host, 'mesos-master', masterPort)),
      agents: layout.agents.map((host) => this.processJson(host, 'mesos-slave', agentPort)),
      frameworks: layout.frameworks.map((host) => this.processJson(host, frameworkUnit, frameworkPort)),
      factor: this.factor,
      watchers: { dir: join(dir, 'watchers'), address: layout.watchers },
      journalDir: this.journalDir,
    };
    const file = join(dir, 'lab.json');
    writeFileSync(`${file}.new`, `${JSON.stringify(this.written, null, 2)}\n`);
    renameSync(`${file}.new`, file);
    return this.written;
  }

  private get cluster(): string {
    return this.options.cluster ?? 'lab';
  }

  private get factor(): number {
    return this.options.factor ?? 1;
  }

  private get journalDir(): string {
    return join(this.dir, 'journal');
  }

  private versions() {
    const { zookeeper = defaultZookeeperVersion, sourceVersion = zookeeper, targetVersion = zookeeper } = this.options;
    const newer = compareVersions(sourceVersion, targetVersion) > 0 ? sourceVersion : targetVersion;
    return { sourceVersion, targetVersion, observerVersion: this.options.observerVersion ?? newer };
  }

  /** `zk://…` of source's own servers, as every process starts out. */
  private masterUrl(): string {
    const credentials = this.options.credentials?.source;
    const servers = this.layout.source.map(({ address }) => `${address}:${String(clientPort)}`).join(',');
    return `zk://${credentials === undefined ? '' : `${credentials}@`}${servers}${electionPath}`;
  }

  private layOutEnsemble(servers: readonly PlacedServer[], version: string, epoch = 0): void {
    // a session may last 2 to 20 ticks: the tick shrinks with Mesos' durations
    const tickTimeMs = Math.max(100, Math.round(2000 * Math.min(1, this.factor)));
    for (const { id, name } of servers)
      layOutZookeeper(this.host(name), { version, participant: { id, servers, tickTimeMs, epoch } });
  }

  private layOutMaster({ name }: Placed): void {
    const quorum = Math.floor(this.layout.masters.length / 2) + 1;
    layOutMaster(this.host(name), {
      zk: this.masterUrl(),
      factor: this.factor,
      journal: join(this.journalDir, `${name}.jsonl`),
      flags: { quorum: String(quorum), cluster: this.cluster, ...this.options.masterFlags },
    });
  }

  private layOutAgent({ name, address }: Placed): void {
    const flags = {
      resources: 'cpus:4;mem:4096;disk:10240',
      attributes: `lab:${this.cluster}`,
      ...this.options.agentFlags,
    };
    layOutAgent(this.host(name), { zk: this.masterUrl(), factor: this.factor, flags });
    // discovered agents go by the hostname they registered with, which is their address
    symlinkSync(name, join(this.dir, 'hosts', address));
  }

  private clusterYaml(): string {
    const { dir, layout, keys, cluster, frameworkNames } = this;
    const { credentials = {}, passphrase, strategy = 'observers' } = this.options;
    const keep = (name: string, text: string): string => {
      const file = join(dir, 'credentials', name);
      mkdirSync(join(dir, 'credentials'), { recursive: true, mode: 0o700 });
      writeFileSync(file, `${text}\n`, { mode: 0o600 });
      return file;
    };
    const files = {
      source: credentials.source === undefined ? null : keep('source', credentials.source),
      target: credentials.target === undefined ? null : keep('target', credentials.target),
      passphrase: passphrase === undefined ? null : keep('passphrase', passphrase),
      publisher: keep('publisher', randomBytes(32).toString('base64')),
    };
    const sessionMs = Math.round(10_000 * this.factor);
    return clusterYaml({
      dir,
      cluster,
      strategy,
      electionPath,
      layout,
      keys,
      sessionMs,
      frameworkNames,
      credentials: files,
    });
  }

  private async boot(hosts: readonly Placed[], what: string, ready: () => Promise<string | null>): Promise<void> {
    this.say(`starting ${what}`);
    const { signal, patienceMs = 90_000 } = this.options;
    for (const { name } of hosts) {
      signal?.throwIfAborted();
      await this.host(name).powerOn();
    }
    await waitUntil({ what, dir: this.dir, patienceMs, signal }, ready);
    this.say(`${what}: ready`);
  }

  private say(text: string): void {
    const seconds = ((performance.now() - this.startedAt) / 1000).toFixed(1);
    this.options.onProgress?.(`${seconds.padStart(6)} s  ${text}`);
  }

  private serverJson({ id, name, address }: PlacedServer, version: string): LabServer {
    const host = this.host(name);
    const behind = [...(this.behind?.source ?? []), ...(this.behind?.target ?? [])].find((one) => one.name === name);
    const direct = behind === undefined ? {} : { direct: behind.address };
    const pid = host.mainPid('zookeeper');
    return { id, name, host: address, ...direct, clientPort, sshPort, pid, version, root: host.root };
  }

  private processJson({ name, address }: Placed, unit: string, httpPort: number): LabProcess {
    const host = this.host(name);
    return { name, host: address, httpPort, sshPort, pid: host.mainPid(unit), root: host.root };
  }
}

function networkBetween(outer: Layout, inner: Layout): Network {
  const servers = (layout: Layout) => [...layout.source, ...layout.target];
  return new Network(
    servers(outer).map(({ name, address }, i) => ({ name, outer: address, inner: servers(inner)[i]?.address ?? '' })),
  );
}

function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
