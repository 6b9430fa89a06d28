import { setTimeout as delay } from 'node:timers/promises';
import type { MigrationStatus } from '../../src/domain/status.js';
import { faultOfKind } from '../faults/index.js';
import { Random } from '../faults/random.js';
import type { Migration } from '../stage/migration.js';
import { Stage } from '../stage/stage.js';
import { Injector } from './injector.js';
import { judgeRun } from './judge-run.js';
import { Operator } from './operator.js';
import type { EndState, RunRecord } from './run-record.js';
import type { Scenario } from './scenario.js';
import { settled } from './settled.js';

/** A migration that has not ended by then, ms after its start, is nowhere. */
const WALL_MS = 300_000;
/** How long the cluster may need afterwards until all agents are back. */
const SETTLE_MS = 90_000;

export interface RunOptions {
  readonly dir: string;
  readonly commit: string;
  readonly say: (text: string) => void;
  readonly workerCommand?: readonly string[];
}

/** Boots a lab, migrates it under the scenario's faults, judges it by the watchers, and stops everything. */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<RunRecord> {
  const { dir, commit, say } = options;
  const startedAt = new Date();
  const { strategy, masters, agents, frameworks, versions } = scenario;
  const login = scenario.credentials
    ? { source: 'mesos:from-the-campaign', target: 'mesos:from-the-campaign' }
    : undefined;
  const stage = await Stage.start({
    dir,
    strategy,
    masters,
    agents,
    frameworks,
    sourceVersion: versions.source,
    targetVersion: versions.target,
    ...(login === undefined ? {} : { credentials: login }),
    workers: 2,
    keep: true,
    ...(options.workerCommand === undefined ? {} : { workerCommand: options.workerCommand }),
  });
  try {
    say('the lab stands');
    const migration = await stage.migrate((input) => ({
      ...input,
      policy: { ...(input['policy'] as object), soak: '1s' },
    }));
    const random = new Random(`campaign/${scenario.seed}/${scenario.run}/injected`);
    const injector = new Injector(scenario.faults, { stage, strategy, random, say, faultOfKind });
    const operator = new Operator(migration, scenario.temper);
    const driven = await drive(stage, migration, injector, operator, say);
    await injector.end();
    say(`it ended ${driven.end}`);
    const missing = await settled(stage.lab, SETTLE_MS);
    const judged = await judgeRun({ stage, scenario, injector, operator, missing, ...driven });
    const { status } = driven;
    return {
      schemaVersion: 1,
      seed: scenario.seed,
      run: scenario.run,
      commit,
      startedAt: startedAt.toISOString(),
      durationMs: Date.now() - startedAt.getTime(),
      scenario,
      faults: injector.records,
      end: driven.end,
      ...judged,
      window: status?.window ?? null,
      incidents: status?.incidents ?? [],
      decisions: status?.decisions ?? [],
      phases: status?.timeline ?? [],
    };
  } finally {
    await stage.stop();
  }
}

/** What came of the drive: the last status that was seen. */
export interface Driven {
  readonly end: EndState;
  readonly status: MigrationStatus | null;
  readonly failure: string | null;
}

async function drive(
  stage: Stage,
  migration: Migration,
  injector: Injector,
  operator: Operator,
  say: (text: string) => void,
): Promise<Driven> {
  const wall = Date.now() + WALL_MS;
  let status: MigrationStatus | null = null;
  let told = '';
  let mendedSince: number | null = null;
  for (;;) {
    const seen = await patiently(stage, () => migration.status());
    status = seen ?? status;
    if (seen !== null) {
      const line = `${seen.state}, ${seen.phase}`;
      if (line !== told) say(line);
      told = line;
      injector.see(seen);
      if (seen.state === 'migrated' || seen.state === 'rolled-back' || seen.state === 'stranded') {
        // The workflow says it before it has ended.
        const result = await patiently(stage, () => migration.result(), 30_000);
        if (result !== null) return { end: seen.state, status: result, failure: null };
      }
      mendedSince = injector.active ? null : (mendedSince ?? Date.now());
      const mended = mendedSince !== null && Date.now() - mendedSince > 1_000;
      await patiently(stage, () => operator.act(seen, mended), 10_000);
      if (operator.gaveUp && mended) return { end: 'waiting', status: seen, failure: null };
    }
    const ended = await endedBadly(stage, migration);
    if (ended !== null) return { ...ended, status };
    if (Date.now() > wall) return { end: 'nowhere', status, failure: `no final state in ${WALL_MS / 1000} s` };
    await delay(100);
  }
}

async function endedBadly(stage: Stage, migration: Migration): Promise<Omit<Driven, 'status'> | null> {
  const described = await patiently(stage, () => migration.handle.describe());
  if (described?.status.name === 'TERMINATED') return { end: 'terminated', failure: null };
  if (described?.status.name !== 'FAILED') return null;
  const failure = await migration.handle.result().then(
    () => null,
    (error: Error) => String(error.cause instanceof Error ? error.cause.message : error.message),
  );
  return { end: 'refused', failure };
}

/** Null when Temporal or all workers are away: asked again later. */
async function patiently<T>(stage: Stage, ask: () => Promise<T>, patienceMs = 2_000): Promise<T | null> {
  try {
    return await stage.client.withDeadline(Date.now() + patienceMs, ask);
  } catch {
    return null;
  }
}
