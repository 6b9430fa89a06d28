import type { FrameworkInfo, StatusUpdate, TaskInfo, TaskKey } from './messages.js';

/** Events on a scheduler's stream, one JSON line each, after the v1 scheduler API (docs/scheduler-http-api.md). */
export type SchedulerEvent =
  | { readonly type: 'SUBSCRIBED'; readonly frameworkId: string }
  | { readonly type: 'OFFERS'; readonly offers: readonly Offer[] }
  | { readonly type: 'RESCIND'; readonly offerId: string }
  | { readonly type: 'UPDATE'; readonly update: StatusUpdate }
  | { readonly type: 'FAILURE'; readonly agentId: string }
  | { readonly type: 'ERROR'; readonly message: string }
  | { readonly type: 'HEARTBEAT' };

export interface Offer {
  readonly id: string;
  readonly agentId: string;
  readonly hostname: string;
}

/** Calls of a subscribed scheduler. */
export type SchedulerCall = { readonly frameworkId: string } & (
  | { readonly type: 'ACCEPT'; readonly offerId: string; readonly tasks: readonly TaskInfo[] }
  | { readonly type: 'DECLINE'; readonly offerId: string; readonly refuseMs: number }
  | { readonly type: 'REVIVE' }
  | { readonly type: 'ACKNOWLEDGE'; readonly agentId: string; readonly taskId: string; readonly uuid: string }
  | { readonly type: 'RECONCILE'; readonly tasks: readonly (TaskKey & { readonly agentId: string })[] }
  | { readonly type: 'KILL'; readonly taskId: string }
  | { readonly type: 'TEARDOWN' }
);

export interface SubscribeCall {
  readonly framework: FrameworkInfo;
}
