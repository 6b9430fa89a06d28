import type { GateName, MigrationStatus } from '../../src/domain/status.js';

/** When a fault is put; `plusMs` after what it names was first seen. */
export type Moment = (
  | { readonly at: 'phase'; readonly phase: string }
  | { readonly at: 'gate'; readonly gate: GateName }
  | { readonly at: 'window' }
  | { readonly at: 'way-back' }
) & {
  readonly plusMs: number;
};

/** Whether the moment (without its `plusMs`) has come, by what the migration says of itself. */
export function hasCome(moment: Moment, status: MigrationStatus): boolean {
  if (moment.at === 'phase') return status.timeline.some(({ phase }) => phase === moment.phase);
  if (moment.at === 'gate') return waitsAt(status) === moment.gate;
  if (moment.at === 'window') return (status.window?.openedAt ?? null) !== null;
  return status.state === 'rolling-back' || status.timeline.some(({ phase }) => phase.startsWith('undo '));
}

/** The gate at which the migration waits for approval; null = at none. */
export function waitsAt({ state, waitingFor }: MigrationStatus): GateName | null {
  if (state !== 'awaiting-approval') return null;
  const gate = /gate (begin|cut-over|complete) /.exec(waitingFor?.what ?? '')?.[1];
  return gate === undefined ? null : (gate as GateName);
}

/** One short phrase for people and records. */
export function described(moment: Moment): string {
  const plus = `+${moment.plusMs} ms`;
  if (moment.at === 'phase') return `phase ${moment.phase} ${plus}`;
  if (moment.at === 'gate') return `gate ${moment.gate} ${plus}`;
  return `${moment.at} ${plus}`;
}
