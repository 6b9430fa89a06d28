import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { ClusterConfig, HookEvent } from '../src/domain/config.js';
import { firstStatus } from '../src/domain/first-status.js';
import { commandsFor, type Move } from '../src/domain/moves.js';
import type {
  Approval,
  Decision,
  Incident,
  MigrationState,
  MigrationStatus,
  TimelineEntry,
  WaitingFor,
  WindowStatus,
} from '../src/domain/status.js';
import type { News } from './hooks.js';
import { tellStory } from './story.js';
import { telemetry } from './telemetry.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A wait for a person, and every message that ends it. */
interface Wait {
  readonly waitingFor: WaitingFor;
  readonly moves: readonly Move[];
}

interface Asked {
  readonly what: string;
  readonly moves: readonly Move[];
}

const SEARCH_KEYS = {
  cluster: defineSearchAttributeKey('ZkferryCluster', SearchAttributeType.KEYWORD),
  strategy: defineSearchAttributeKey('ZkferryStrategy', SearchAttributeType.KEYWORD),
  phase: defineSearchAttributeKey('ZkferryPhase', SearchAttributeType.KEYWORD),
  state: defineSearchAttributeKey('ZkferryState', SearchAttributeType.KEYWORD),
};

/** What the `status` query answers, and the only place that changes it. */
export class MigrationRecord {
  readonly #status: Mutable<MigrationStatus> & {
    timeline: TimelineEntry[];
    incidents: Incident[];
    approvals: Approval[];
    decisions: Decision[];
  };
  readonly #ignored: string[] = [];
  /** What shows when nothing holds the migration. */
  #plain: { state: MigrationState; wait: Wait | null } = { state: 'running', wait: null };
  #hold: Wait | null = null;
  /** What was waited for when it was last told. */
  #waited = '';
  #news: News = () => undefined;
  #searchable = false;
  #published = '';

  constructor() {
    this.#status = { ...firstStatus('', ''), incidents: [], timeline: [], approvals: [], decisions: [] };
  }

  /** From now on `news` hears when it begins to wait for a person, and of every incident. */
  onNews(news: News): void {
    this.#news = news;
  }

  get status(): MigrationStatus {
    return this.#status;
  }

  identify(config: ClusterConfig): void {
    this.#status.cluster = config.cluster;
    this.#status.strategy = config.strategy;
    this.#searchable = config.policy.searchAttributes;
    this.#publish();
  }

  planned(planHash: string): void {
    this.#status.planHash = planHash;
    this.#publish();
  }

  /** Opens a timeline entry and makes it the current phase. */
  enter(phase: string): void {
    this.#status.phase = phase;
    this.#status.progress = { done: 0, total: 0, failed: 0, etaMs: null };
    this.#status.timeline.push({ phase, startedAt: now(), endedAt: null, outcome: 'running' });
    this.#publish();
  }

  /** Closes the newest open entry of `phase`. */
  leave(phase: string, outcome: TimelineEntry['outcome']): void {
    const timeline = this.#status.timeline;
    const index = timeline.findLastIndex((entry) => entry.phase === phase && entry.endedAt === null);
    const entry = timeline[index];
    if (entry) timeline[index] = { ...entry, endedAt: now(), outcome };
    this.#publish();
  }

  state(state: MigrationState): void {
    const wait = state === 'running' || state === 'rolling-back' ? null : this.#plain.wait;
    this.#plain = { state, wait };
    this.#show();
  }

  wait(state: MigrationState, asked: Asked): void {
    this.#plain = { state, wait: this.#begin(asked) };
    this.#show();
  }

  /** Shows a decision that is waited for beside, and instead of, whatever else goes on; null = none any more. */
  hold(asked: Asked | null): void {
    this.#hold = asked === null ? null : this.#begin(asked);
    this.#show();
  }

  #begin({ what, moves }: Asked): Wait {
    return { waitingFor: { what, since: now(), next: commandsFor(this.#status.cluster, moves) }, moves };
  }

  #show(): void {
    this.#status.state = this.#hold === null ? this.#plain.state : 'awaiting-decision';
    this.#status.waitingFor = (this.#hold ?? this.#plain.wait)?.waitingFor ?? null;
    this.#publish();
    const { state, waitingFor } = this.#status;
    const waits = waitingFor === null ? '' : `${state}: ${waitingFor.what}`;
    const isNews = waits !== this.#waited && waits !== '';
    this.#waited = waits;
    if (isNews) this.#news('waiting', null);
  }

  progress(done: number, total: number, failed: number): void {
    const entry = this.#status.timeline.at(-1);
    const spentMs = entry ? Date.now() - Date.parse(entry.startedAt) : 0;
    const etaMs = done > 0 ? Math.round((spentMs / done) * (total - done)) : null;
    this.#status.progress = { done, total, failed, etaMs };
    this.#publish();
  }

  window(part: Partial<WindowStatus>): void {
    const empty: WindowStatus = {
      budgetMs: 0,
      forecastMs: null,
      derivation: null,
      openedAt: null,
      turnBackAt: null,
      pointOfNoReturnAt: null,
      leaderlessMs: null,
      coordinationMs: null,
      lastAgentMs: null,
    };
    this.#status.window = { ...empty, ...this.#status.window, ...part };
    this.#publish();
  }

  rollback(possible: boolean, cost: string, estimateMs: number | null): void {
    this.#status.rollback = { possible, cost, estimateMs };
    this.#publish();
  }

  openIncident(incident: Omit<Incident, 'id' | 'openedAt' | 'closedAt' | 'phase'>): Incident {
    const opened: Incident = {
      ...incident,
      id: `i${this.#status.incidents.length + 1}`,
      phase: this.#status.phase,
      openedAt: now(),
      closedAt: null,
    };
    this.#status.incidents.push(opened);
    this.#publish();
    this.#news('incident', opened);
    return opened;
  }

  closeIncident(id: string): void {
    const incidents = this.#status.incidents;
    const index = incidents.findIndex((incident) => incident.id === id);
    const incident = incidents[index];
    if (incident) incidents[index] = { ...incident, closedAt: now() };
    this.#publish();
  }

  approved(approval: Approval): void {
    this.#status.approvals.push(approval);
  }

  decided(decision: Decision): void {
    this.#status.decisions.push(decision);
  }

  /** Nothing waits for a hook, so its failure is only shown. */
  hookFailed(event: HookEvent, reason: string): void {
    const failures = [...(this.#status.hookFailures ?? []), { event, at: now(), reason }];
    this.#status.hookFailures = failures.slice(-10);
    this.#publish();
  }

  /** A signal that made no sense: kept for people to see, otherwise without effect. */
  ignored(note: string): void {
    this.#ignored.push(`${now()} ${note}`);
    this.#publish();
  }

  #publish(): void {
    setCurrentDetails(tellStory(this.#status, (this.#hold ?? this.#plain.wait)?.moves ?? [], this.#ignored));
    telemetry.status(this.#status, Date.now());
    if (!this.#searchable) return;
    const { cluster, strategy, phase, state } = this.#status;
    const key = `${phase}/${state}`;
    if (key === this.#published) return;
    this.#published = key;
    upsertSearchAttributes([
      { key: SEARCH_KEYS.cluster, value: cluster },
      { key: SEARCH_KEYS.strategy, value: strategy },
      { key: SEARCH_KEYS.phase, value: phase },
      { key: SEARCH_KEYS.state, value: state },
    ]);
  }
}

/** The workflow's own time as an ISO instant. */
export function now(): string {
  return new Date().toISOString();
}
