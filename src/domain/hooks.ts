import type { HookEvent } from './config.js';
import type { Incident, MigrationState, WaitingFor, WindowStatus } from './status.js';

/** What a hook is told (schemaVersion 1): on standard input of a command, as the body of a webhook. No secret is in it. */
export interface HookNotice {
  readonly schemaVersion: 1;
  /** The same in every try: whoever must not act twice remembers it. */
  readonly id: string;
  readonly event: HookEvent;
  /** ISO instant. */
  readonly at: string;
  readonly cluster: string;
  readonly strategy: string;
  readonly migration: string;
  readonly state: MigrationState;
  readonly phase: string;
  readonly planHash: string | null;
  readonly waitingFor: WaitingFor | null;
  /** The one that the event is about. */
  readonly incident: Incident | null;
  readonly window: WindowStatus | null;
  /** Where the window leads; null where the event is not about one. */
  readonly towards: 'source' | 'target' | null;
}

export interface HookReport {
  readonly ok: boolean;
  /** Why not ok, in what the hook said itself where it said anything. */
  readonly reason: string | null;
  /** What it printed or answered, cut and without secrets. */
  readonly output: string;
  readonly tookMs: number;
}

/** The notice as variables of a command's environment; what is not known is not there. */
export function hookEnvironment(notice: HookNotice): Record<string, string> {
  const all: Record<string, string | null | undefined> = {
    ZKFERRY_EVENT: notice.event,
    ZKFERRY_EVENT_ID: notice.id,
    ZKFERRY_AT: notice.at,
    ZKFERRY_CLUSTER: notice.cluster,
    ZKFERRY_STRATEGY: notice.strategy,
    ZKFERRY_MIGRATION: notice.migration,
    ZKFERRY_STATE: notice.state,
    ZKFERRY_PHASE: notice.phase,
    ZKFERRY_PLAN_HASH: notice.planHash,
    ZKFERRY_TOWARDS: notice.towards,
    ZKFERRY_WAITING_FOR: notice.waitingFor?.what,
    ZKFERRY_NEXT: notice.waitingFor?.next.split('\n')[0],
    ZKFERRY_INCIDENT: notice.incident?.id,
    ZKFERRY_INCIDENT_CODE: notice.incident?.code,
    ZKFERRY_INCIDENT_MESSAGE: notice.incident?.message,
  };
  const known = Object.entries(all).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return Object.fromEntries(known);
}
