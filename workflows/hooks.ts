import { ActivityCancellationType, CancellationScope, condition, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/contract.js';
import type { ClusterConfig, HookConfig, HookEvent } from '../src/domain/config.js';
import type { HookNotice } from '../src/domain/hooks.js';
import type { Incident } from '../src/domain/status.js';
import { now, type MigrationRecord } from './migration-record.js';
import { incidentOf } from './saga.js';

/** What is particular to an event. */
type About = Partial<Pick<HookNotice, 'incident' | 'towards'>>;

/**
 * Tells people's own tools what happens. Nobody waits for that, nor does its failure matter, except
 * for `before-window`, which may say no. Without hooks in the config this schedules nothing at all.
 */
export class Hooks {
  readonly #hooks: readonly HookConfig[];
  #pending = 0;
  #events = 0;

  constructor(
    config: ClusterConfig,
    private readonly migration: string,
    private readonly record: MigrationRecord,
  ) {
    // Histories of before know no hooks.
    this.#hooks = config.policy.hooks ?? [];
    if (this.#hooks.length === 0) return;
    record.onNews((event, incident) => this.tell(event, { incident }));
  }

  /** Returns at once; neither a cancellation nor a rollback takes it back. */
  tell(event: Exclude<HookEvent, 'before-window'>, about: About = {}): void {
    for (const { hook, notice } of this.#due(event, about)) {
      this.#pending += 1;
      void CancellationScope.nonCancellable(() => telling(hook, event).runHook({ hook, notice }))
        .then(
          ({ ok, reason }) => (ok ? undefined : this.record.hookFailed(event, reason ?? '')),
          (cause: unknown) => this.record.hookFailed(event, incidentOf(cause).message),
        )
        .finally(() => (this.#pending -= 1));
    }
  }

  /** Whether anybody may say no to the window. */
  get areAsked(): boolean {
    return this.#hooks.some(({ on }) => on.includes('before-window'));
  }

  /** Asks whether the window may open. @returns null, or why not: the first no of all that were asked at once. */
  async askBeforeWindow(): Promise<string | null> {
    const answers = await Promise.all(
      this.#due('before-window', { towards: 'target' }).map(({ hook, notice }) =>
        asking(hook).runHook({ hook, notice }),
      ),
    );
    const no = answers.find(({ ok }) => !ok);
    return no === undefined ? null : (no.reason ?? 'it gave no reason');
  }

  /** At the very end: gives those that are still at it the time of one try, then leaves them behind. */
  async lastTold(): Promise<void> {
    if (this.#pending === 0) return;
    const longest = Math.max(
      ...this.#hooks.filter(({ on }) => on.includes('done')).map(({ timeoutMs }) => timeoutMs),
      0,
    );
    await condition(() => this.#pending === 0, longest + 5_000);
  }

  #due(event: HookEvent, about: About): { readonly hook: HookConfig; readonly notice: HookNotice }[] {
    const due = this.#hooks.filter(({ on }) => on.includes(event));
    if (due.length === 0) return [];
    const { cluster, strategy, state, phase, planHash, waitingFor, window } = this.record.status;
    this.#events += 1;
    const notice: HookNotice = {
      schemaVersion: 1,
      id: `${this.migration}/${this.#events}`,
      event,
      at: now(),
      cluster,
      strategy,
      migration: this.migration,
      state,
      phase,
      planHash,
      waitingFor,
      incident: about.incident ?? null,
      window,
      towards: about.towards ?? null,
    };
    return due.map((hook) => ({ hook, notice }));
  }
}

export type News = (event: 'waiting' | 'incident', incident: Incident | null) => void;

/** A worker that dies costs another try; a tool that fails, two more. */
const telling = ({ timeoutMs }: HookConfig, event: HookEvent) =>
  proxyActivities<Activities>({
    startToCloseTimeout: timeoutMs + 2_000,
    scheduleToCloseTimeout: 2 * timeoutMs + 15_000,
    heartbeatTimeout: '5s',
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumAttempts: 3 },
    cancellationType: ActivityCancellationType.ABANDON,
    summary: `tell a hook: ${event}`,
  });

/** A rollback does not wait for the answer. */
const asking = ({ timeoutMs }: HookConfig) =>
  proxyActivities<Activities>({
    startToCloseTimeout: timeoutMs + 2_000,
    heartbeatTimeout: '5s',
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumAttempts: 3 },
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    summary: 'ask a hook whether the window may open',
  });
