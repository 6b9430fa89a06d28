import type { MigrationStatus, TimelineEntry } from './status.js';

/**
 * What is to be said of a migration that ended as Canceled. Only one that has written nothing does: from gate
 * `begin` on a cancellation is a rollback, and the workflow completes.
 *
 * @param last as far as it is known
 */
export function cancelledStatus(last: MigrationStatus, closedAt: string): MigrationStatus {
  const close = (entry: TimelineEntry): TimelineEntry =>
    entry.endedAt === null ? { ...entry, endedAt: closedAt, outcome: 'undone' } : entry;
  return {
    ...last,
    state: 'cancelled',
    waitingFor: null,
    rollback: { possible: false, cost: 'it was cancelled before it had written anything', estimateMs: null },
    timeline: last.timeline.map(close),
  };
}
