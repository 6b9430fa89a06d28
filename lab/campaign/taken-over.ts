import { setTimeout as delay } from 'node:timers/promises';
import { type Drive, drive, type Driven } from './drive.js';

/** The lab's own input with a short soak and, beside it, more policy. */
export function withPolicy(more: Readonly<Record<string, unknown>>) {
  return (input: Record<string, unknown>): Record<string, unknown> => ({
    ...input,
    policy: { ...(input['policy'] as object), soak: '1s', ...more },
  });
}

/** A window ends by itself after its parent was terminated, and a take-over is refused until it has. */
const WINDOW_MS = 120_000;

/**
 * What a person does about a migration that was terminated once it had begun to write: another one
 * takes it over and goes back. @returns how that ended, or `first` where there was nothing to take over
 */
export async function takenOver(first: Driven, given: Omit<Drive, 'written'>): Promise<Driven> {
  const { stage, migration, operator, say } = given;
  if (first.end !== 'terminated' || !operator.acts.approvals.some(({ gate }) => gate === 'begin')) return first;
  const { runId } = await migration.handle.describe();
  say(`a new migration takes over what run ${runId} has left`);
  const tookOver = { status: first.status, at: Date.now() };
  const until = tookOver.at + WINDOW_MS;
  for (;;) {
    const next = await stage.migrate(withPolicy({ takeOver: `${migration.handle.workflowId}/${runId}` }));
    operator.turnTo(next);
    // What was written before its gate `begin` is the other one's.
    const driven = await drive({ ...given, migration: next, written: () => Promise.resolve([]) });
    const isEarly = driven.end === 'refused' && driven.failure?.includes('still running') === true;
    if (!isEarly || Date.now() > until) return { ...driven, writtenBeforeBegin: first.writtenBeforeBegin, tookOver };
    await delay(1_000);
  }
}
