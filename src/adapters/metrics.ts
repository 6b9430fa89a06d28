import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { MIGRATION_STATES, type MigrationState, type MigrationStatus } from '../domain/status.js';
import type { Telemetry } from '../ports/telemetry.js';
import { WindowMetrics } from './window-metrics.js';

const ENDED: readonly MigrationState[] = ['migrated', 'rolled-back', 'stranded', 'cancelled'];

/** What was seen by looking is shown for so long after the last look; then nobody knows any more. */
const SEEN_MS = 30_000;

/** zkferry's own metrics, in Prometheus' text format; docs/observability.md lists them. */
export class Metrics implements Telemetry {
  readonly registry = new Registry();
  readonly #all: Series[] = [];
  readonly #state = this.#gauge('migration_state', '1 for the state that the migration is in', 'strategy', 'state');
  readonly #phase = this.#gauge('migration_phase', '1 for the phase or gate that the migration is at', 'phase');
  readonly #done = this.#gauge('migration_progress_done', 'hosts of the present phase that are done');
  readonly #total = this.#gauge('migration_progress_total', 'hosts of the present phase');
  readonly #failed = this.#gauge('migration_progress_failed', 'hosts of the present phase that failed');
  readonly #eta = this.#gauge('migration_progress_eta_seconds', 'estimated rest of the present phase, where known');
  readonly #waiting = this.#gauge(
    'migration_waiting_since_timestamp_seconds',
    'since when it waits for a person; 0: it does not',
  );
  readonly #incidents = this.#gauge('migration_incidents_open', 'incidents that are not decided');
  readonly #updated = this.#gauge(
    'migration_updated_timestamp_seconds',
    'when the migration last told this worker anything',
  );
  readonly #window = new WindowMetrics((name, help) => this.#gauge(name, help));
  readonly #leader = this.#gauge(
    'leader_seen',
    '1 for the leading master seen in an ensemble; leader "": nobody leads',
    'ensemble',
    'leader',
  );
  readonly #mirrors = this.#gauge('publisher_mirrors', 'mirrors that stand in target');
  readonly #round = this.#gauge('publisher_round_timestamp_seconds', 'end of the latest round of the publisher');
  readonly #troubled = this.#gauge('publisher_troubled', '1 while something keeps the publisher from its work');
  readonly #delay = new Histogram({
    name: 'zkferry_publisher_delay_seconds',
    help: 'from the word of a change in source to the end of the round of the publisher that followed it',
    labelNames: ['cluster'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.registry],
  });
  readonly #hooks = new Counter({
    name: 'zkferry_hook_failures_total',
    help: 'hooks that failed, timed out or vetoed',
    labelNames: ['cluster', 'event'],
    registers: [this.registry],
  });
  readonly #worker = new Gauge({
    name: 'zkferry_worker_info',
    help: '1; what this worker is',
    labelNames: ['version', 'queue'],
    registers: [this.registry],
  });
  /** The latest state of each cluster's migration. */
  readonly #states = new Map<string, MigrationState>();
  /** What is shown only for a while, by a key that tells one from another: the instant it was seen, and how it is taken back. */
  readonly #seen = new Map<string, { readonly atMs: number; readonly forget: () => void }>();

  constructor(private readonly now: () => number = Date.now) {}

  worker(version: string, queue: string): void {
    this.#worker.set({ version, queue }, 1);
  }

  status(status: MigrationStatus, atMs: number): void {
    const { cluster, strategy, progress, waitingFor } = status;
    // Before its config was validated it has no name.
    if (cluster === '') return;
    this.#states.set(cluster, status.state);
    for (const gauge of [this.#state, this.#phase]) gauge.forget({ cluster });
    for (const state of MIGRATION_STATES) this.#state.set({ cluster, strategy, state }, state === status.state ? 1 : 0);
    this.#phase.set({ cluster, phase: status.phase }, 1);
    this.#done.set({ cluster }, progress.done);
    this.#total.set({ cluster }, progress.total);
    this.#failed.set({ cluster }, progress.failed);
    if (progress.etaMs === null) this.#eta.forget({ cluster });
    else this.#eta.set({ cluster }, progress.etaMs / 1000);
    this.#waiting.set({ cluster }, waitingFor === null ? 0 : Date.parse(waitingFor.since) / 1000);
    this.#incidents.set({ cluster }, status.incidents.filter(({ closedAt }) => closedAt === null).length);
    this.#updated.set({ cluster }, atMs / 1000);
    this.#window.show(status);
  }

  /** What was asked of the running migrations: one that is gone without having told its end is shown no more. */
  running(statuses: ReadonlyMap<string, MigrationStatus | null>): void {
    for (const status of statuses.values()) if (status !== null) this.status(status, this.now());
    for (const [cluster, state] of this.#states) {
      if (ENDED.includes(state) || statuses.has(cluster)) continue;
      this.#states.delete(cluster);
      for (const series of this.#all) series.forget({ cluster });
    }
  }

  /** Clusters whose critical window is open, as far as this worker knows. */
  get openWindows(): number {
    return this.#window.openWindows;
  }

  leader({ cluster, ensemble, leader }: Parameters<Telemetry['leader']>[0]): void {
    this.#leader.forget({ cluster, ensemble });
    this.#leader.set({ cluster, ensemble, leader: leader ?? '' }, 1);
    this.#remember(`leader ${cluster} ${ensemble}`, () => this.#leader.forget({ cluster, ensemble }));
  }

  published({ cluster, mirrors, troubled, delayMs }: Parameters<Telemetry['published']>[0]): void {
    if (mirrors === null) this.#mirrors.forget({ cluster });
    else this.#mirrors.set({ cluster }, mirrors);
    this.#troubled.set({ cluster }, troubled ? 1 : 0);
    this.#round.set({ cluster }, this.now() / 1000);
    if (delayMs !== null) this.#delay.observe({ cluster }, delayMs / 1000);
    this.#remember(`publisher ${cluster}`, () => {
      for (const gauge of [this.#mirrors, this.#troubled, this.#round]) gauge.forget({ cluster });
    });
  }

  hookFailed({ cluster, event }: Parameters<Telemetry['hookFailed']>[0]): void {
    this.#hooks.inc({ cluster, event });
  }

  /** All of it, as Prometheus reads it. */
  async text(): Promise<string> {
    for (const [key, { atMs, forget }] of this.#seen) {
      if (this.now() - atMs <= SEEN_MS) continue;
      forget();
      this.#seen.delete(key);
    }
    return this.registry.metrics();
  }

  #remember(key: string, forget: () => void): void {
    this.#seen.set(key, { atMs: this.now(), forget });
  }

  #gauge(name: string, help: string, ...labels: readonly string[]): Series {
    const labelNames = ['cluster', ...labels];
    const series = new Series(new Gauge({ name: `zkferry_${name}`, help, labelNames, registers: [this.registry] }));
    this.#all.push(series);
    return series;
  }
}

/** A gauge that can forget all series that carry some labels. */
export class Series {
  readonly #shown = new Map<string, Record<string, string>>();

  constructor(private readonly gauge: Gauge) {}

  set(labels: Record<string, string>, value: number): void {
    this.#shown.set(JSON.stringify(labels), labels);
    this.gauge.set(labels, value);
  }

  forget(some: Record<string, string>): void {
    for (const [key, labels] of this.#shown) {
      if (Object.entries(some).some(([name, value]) => labels[name] !== value)) continue;
      this.gauge.remove(labels);
      this.#shown.delete(key);
    }
  }
}
