import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPlanningActivities } from '../../activities/planning/index.js';
import type { PlanningActivities } from '../../activities/contract.js';
import { type Lab, startLab } from '../../lab/lab.js';
import { FourLetterProbe } from '../../src/adapters/four-letter-probe.js';
import { MesosHttp } from '../../src/adapters/mesos-http.js';
import { SshShell } from '../../src/adapters/ssh-shell.js';
import { ZookeeperStore } from '../../src/adapters/zookeeper-store.js';
import { resolveSecret } from '../../src/config/credentials.js';
import { loadConfig } from '../../src/config/load-config.js';
import { parseInput } from '../../src/config/parse-input.js';
import type { ClusterConfig } from '../../src/domain/config.js';
import type { Finding } from '../../src/domain/plan.js';
import type { FindingId } from '../../src/domain/preflight/catalogue/index.js';
import type { ZnodeSession } from '../../src/ports/znode-store.js';

/** An id, and the host that is to be named; null = none. */
export type Expected = readonly [id: FindingId, host: string | null];

/** A running lab that is surveyed as `zkferry preflight` does, over SSH and all. Remembers which checks have fired. */
export class PreflightLab {
  readonly fired = new Set<FindingId>();
  readonly #shell = new SshShell(resolveSecret);
  readonly #store = new ZookeeperStore();

  private constructor(
    readonly dir: string,
    readonly lab: Lab,
    readonly config: ClusterConfig,
  ) {}

  static async start(): Promise<PreflightLab> {
    const dir = await mkdtemp(join(tmpdir(), 'zkferry-pre-'));
    // Two of these flags are worth a warning each.
    const agentFlags = { executor_reregistration_timeout: '1secs', strict: 'false' };
    const lab = await startLab({ dir, agents: 2, frameworks: 2, watchers: false, agentFlags });
    const loaded = await loadConfig(lab.clusterFile);
    assert.ok(loaded.ok);
    return new PreflightLab(dir, lab, loaded.config);
  }

  async stop(): Promise<void> {
    this.#shell.close();
    await this.lab.stop();
    await rm(this.dir, { recursive: true, force: true });
  }

  get activities(): PlanningActivities {
    const [probe, mesos] = [new FourLetterProbe(), new MesosHttp()];
    return createPlanningActivities({
      probe,
      mesos,
      store: this.#store,
      shell: this.#shell,
      secrets: resolveSecret,
      parseInput,
    });
  }

  /** The same cluster, to be moved the other way. */
  get dual(): ClusterConfig {
    return { ...this.config, strategy: 'dual-publishing', observers: [] };
  }

  async survey(config: ClusterConfig): Promise<readonly Finding[]> {
    const { findings } = await this.activities.surveyAndPlan({ config });
    return this.remember(findings);
  }

  remember(findings: readonly Finding[]): readonly Finding[] {
    for (const { id } of findings) this.fired.add(id);
    return findings;
  }

  /** Fails with everything that is missing at once. */
  expect(findings: readonly Finding[], expected: readonly Expected[]): void {
    const seen = findings.map(({ id, host }) => `${id} ${String(host)}`);
    const missing = expected.map(([id, host]) => `${id} ${String(host)}`).filter((one) => !seen.includes(one));
    assert.deepEqual(
      missing,
      [],
      `found instead:\n${findings.map((one) => `${one.id} ${String(one.host)}: ${one.seen}`).join('\n')}`,
    );
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
