import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { httpBase } from '../../activities/reach/addresses.js';
import { createPlanningActivities } from '../../activities/planning/index.js';
import { createTakeOverActivities } from '../../activities/take-over/index.js';
import type { Ports } from '../../activities/ports.js';
import type { PlanningActivities } from '../../activities/contract.js';
import type { LabHost } from '../../lab/hosts/host.js';
import { type Lab, type LabOptions, startLab } from '../../lab/lab.js';
import { ensembleReady, waitUntil } from '../../lab/up/readiness.js';
import { FourLetterProbe } from '../../src/adapters/four-letter-probe.js';
import { MesosHttp } from '../../src/adapters/mesos-http.js';
import { SshShell } from '../../src/adapters/ssh-shell.js';
import { ZookeeperStore } from '../../src/adapters/zookeeper-store.js';
import { resolveSecret } from '../../src/config/credentials.js';
import { loadConfig } from '../../src/config/load-config.js';
import { parseInput } from '../../src/config/parse-input.js';
import type { ClusterConfig, MasterConfig, ServerConfig } from '../../src/domain/config.js';
import type { Finding, PlannedAgent } from '../../src/domain/plan.js';
import type { FindingId } from '../../src/domain/preflight/catalogue/index.js';
import type { AgentsView, FrameworkView } from '../../src/ports/mesos-api.js';
import type { ZnodeSession } from '../../src/ports/znode-store.js';

/** An id, and the host that is to be named; null = none. */
export type Expected = readonly [id: FindingId, host: string | null];

export type Registered = AgentsView & { readonly frameworks: readonly FrameworkView[] };

/** A reference that resolves to nothing, and a place that holds no master URL. */
export const UNSET = 'env:ZKFERRY_TEST_UNSET';
export const ELSEWHERE = { kind: 'file', path: '/etc/nothing/there' } as const;

/** The servers, one of them changed. */
export function withServer(
  servers: readonly ServerConfig[],
  index: number,
  change: Partial<ServerConfig>,
): ServerConfig[] {
  return servers.map((one, at) => (at === index ? { ...one, ...change } : one));
}

/** A running lab that is surveyed as `zkferry preflight` does, over SSH and all. Remembers which checks a test has seen fire. */
export class PreflightLab {
  readonly fired = new Set<FindingId>();
  /** As the leading master lists them at the start. */
  agents: readonly PlannedAgent[] = [];
  readonly #shell = new SshShell(resolveSecret);
  readonly #store = new ZookeeperStore();

  private constructor(
    readonly dir: string,
    readonly lab: Lab,
    readonly config: ClusterConfig,
  ) {}

  static async start(options: Partial<LabOptions> = {}): Promise<PreflightLab> {
    const dir = await mkdtemp(join(tmpdir(), 'zkferry-pre-'));
    // Two of these flags are worth a warning each.
    const agentFlags = { executor_reregistration_timeout: '1secs', strict: 'false' };
    // Each ensemble may hold more than one election until it serves: target's epoch is to stay below source's all the same.
    const size = { agents: 2, frameworks: 2, watchers: false, sourceElections: 20 };
    const lab = await startLab({ dir, ...size, agentFlags, ...options });
    const loaded = await loadConfig(lab.clusterFile);
    assert.ok(loaded.ok);
    const stage = new PreflightLab(dir, lab, loaded.config);
    const { plan } = await stage.activities.surveyAndPlan({ config: loaded.config });
    stage.agents = plan.agents;
    return stage;
  }

  async stop(): Promise<void> {
    this.#shell.close();
    await this.lab.stop();
    await rm(this.dir, { recursive: true, force: true });
  }

  get ports(): Ports {
    const [store, shell] = [this.#store, this.#shell];
    return { probe: new FourLetterProbe(), mesos: new MesosHttp(), store, shell, secrets: resolveSecret, parseInput };
  }

  get activities(): PlanningActivities {
    return createPlanningActivities(this.ports);
  }

  /** What the findings call an agent. */
  agentName(index: number): string {
    return this.agents[index]?.agent.name ?? '';
  }

  agentHost(index: number): LabHost {
    const found = this.lab.json.agents.find(({ host }) => host === this.agents[index]?.agent.address);
    return this.lab.host(found?.name ?? '');
  }

  /** Waits for `look` to say null; what it says otherwise names what is missing. */
  until(what: string, look: () => Promise<string | null>): Promise<void> {
    return waitUntil({ what, dir: this.dir, patienceMs: 60_000, signal: undefined }, look);
  }

  ensembleServes(ensemble: 'source' | 'target'): Promise<void> {
    const servers = this.config[ensemble].servers;
    return this.until(`${ensemble} serves`, () => ensembleReady(servers, servers[0]?.clientPort ?? 0));
  }

  /** The leading master, then the others. */
  async mastersByRank(): Promise<readonly MasterConfig[]> {
    const mesos = new MesosHttp();
    const elected = await Promise.all(
      this.config.masters.map(async (master) => {
        const metrics = await mesos.metrics(httpBase(master), null, AbortSignal.timeout(2_000)).catch(() => null);
        return metrics?.['master/elected'] === 1;
      }),
    );
    const [leader, ...more] = this.config.masters.filter((_, at) => elected[at]);
    assert.ok(leader && more.length === 0, 'one master leads');
    return [leader, ...this.config.masters.filter((one) => one !== leader)];
  }

  /** What the leading master lists; null while none answers as such. */
  async registered(): Promise<Registered | null> {
    const mesos = new MesosHttp();
    try {
      const [leader] = await this.mastersByRank();
      const base = httpBase(leader as MasterConfig);
      const { agents, recoveredAgentIds } = await mesos.agents(base, null, AbortSignal.timeout(2_000));
      const frameworks = await mesos.frameworks(base, null, AbortSignal.timeout(2_000));
      return { agents, recoveredAgentIds, frameworks };
    } catch {
      return null;
    }
  }

  /** Waits until what the leading master lists is as it should be. */
  untilRegistered(what: string, there: (seen: Registered) => boolean): Promise<void> {
    return this.until(what, async () => {
      const seen = await this.registered();
      return seen !== null && there(seen) ? null : JSON.stringify(seen);
    });
  }

  /** The same cluster, to be moved the other way. */
  get dual(): ClusterConfig {
    return { ...this.config, strategy: 'dual-publishing', observers: [] };
  }

  async survey(config: ClusterConfig): Promise<readonly Finding[]> {
    const { findings } = await this.activities.surveyAndPlan({ config });
    return findings;
  }

  /** What speaks against taking over what a migration has left. */
  async takeOver(config: ClusterConfig, from: string): Promise<readonly Finding[]> {
    const { surveyTakeOver } = createTakeOverActivities(this.ports);
    const { agents } = this;
    const { findings } = await surveyTakeOver({ config, from, migration: 'this one', agents });
    return findings;
  }

  /** Fails with everything that is missing at once; what is there has fired. */
  expect(findings: readonly Finding[], expected: readonly Expected[]): void {
    const seen = findings.map(({ id, host }) => `${id} ${String(host)}`);
    const missing = expected.map(([id, host]) => `${id} ${String(host)}`).filter((one) => !seen.includes(one));
    assert.deepEqual(
      missing,
      [],
      `found instead:\n${findings.map((one) => `${one.id} ${String(one.host)}: ${one.seen}`).join('\n')}`,
    );
    for (const [id] of expected) this.fired.add(id);
  }

  async inEnsemble<T>(ensemble: 'source' | 'target', use: (session: ZnodeSession) => Promise<T>): Promise<T> {
    const options = { credentials: null, timeoutMs: 10_000 };
    const session = await this.#store.connect(this.config[ensemble].servers, options, new AbortController().signal);
    try {
      return await use(session);
    } finally {
      await session.close();
    }
  }
}
