import type { Activities } from '../../activities/contract.js';
import type { GateName, MigrationStatus } from '../../src/domain/status.js';

/** When a fault is put; `plusMs` after what it names was first seen. */
export type Moment = (
  | { readonly at: 'phase'; readonly phase: string }
  | { readonly at: 'gate'; readonly gate: GateName }
  | { readonly at: 'window' }
  | { readonly at: 'way-back' }
  /** The nth time that an activity of this name is scheduled, in whichever workflow of the migration. */
  | { readonly at: 'activity'; readonly activity: keyof Activities; readonly nth: number }
) & {
  readonly plusMs: number;
};

/**
 * Whether the moment (without its `plusMs`) has come.
 *
 * @param status what the migration says of itself; null = nothing yet
 * @param scheduled how often each activity was scheduled so far
 */
export function hasCome(
  moment: Moment,
  status: MigrationStatus | null,
  scheduled: ReadonlyMap<string, number>,
): boolean {
  if (moment.at === 'activity') return (scheduled.get(moment.activity) ?? 0) >= moment.nth;
  if (status === null) return false;
  if (moment.at === 'phase') return status.timeline.some(({ phase }) => phase === moment.phase);
  if (moment.at === 'gate') return waitsAt(status) === moment.gate;
  if (moment.at === 'window') return (status.window?.openedAt ?? null) !== null;
  return status.timeline.some(({ phase }) => phase.startsWith('undo '));
}

/** The gate at which the migration waits for approval; null = at none. */
export function waitsAt({ state, waitingFor }: MigrationStatus): GateName | null {
  if (state !== 'awaiting-approval') return null;
  const gate = /gate (begin|cut-over|complete) /.exec(waitingFor?.what ?? '')?.[1];
  return gate === undefined ? null : (gate as GateName);
}

/** One short phrase for people. */
export function described(moment: Moment): string {
  const what = {
    phase: () => `phase ${moment.at === 'phase' ? moment.phase : ''}`,
    gate: () => `gate ${moment.at === 'gate' ? moment.gate : ''}`,
    window: () => 'the open window',
    'way-back': () => 'the way back',
    activity: () => (moment.at === 'activity' ? `activity ${moment.activity} no. ${moment.nth}` : ''),
  }[moment.at]();
  return `${what} + ${moment.plusMs} ms`;
}
