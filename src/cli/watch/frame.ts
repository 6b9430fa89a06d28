import pc from 'picocolors';
import type { MigrationStatus } from '../../domain/status.js';
import { cut, fold, foldCommand } from '../fold.js';
import { nextSteps } from '../next-steps.js';
import { span } from '../span.js';
import { coloured, incidentLines, phaseLine, progressText, rollbackText, windowText } from '../status-text.js';

export interface FrameOptions {
  readonly columns: number;
  readonly rows: number;
  readonly now: Date;
  /** Why nobody answers at the moment; null = somebody does. */
  readonly away: string | null;
}

/**
 * A migration at a glance, in at most `rows` lines of `columns`. What the operator must see stands
 * at the top and at the bottom; between them as many of the latest phases as there is room for.
 */
export function frame(status: MigrationStatus, { columns, rows, now, away }: FrameOptions): string[] {
  const fit = (lines: readonly string[], most: number): string[] =>
    lines.slice(0, most).map((one) => cut(one, columns));
  const part = (head: string, text: string, most: number): string[] =>
    fit(fold(text, { columns, head: head.padEnd(11) }), most);
  const top = [heading(status, columns, now)];
  if (away !== null) top.push(...part('AWAY', `${away}; watching goes on`, 2));
  if (status.progress.total > 0) top.push(...part('progress', `${bar(status)} ${progressText(status)}`, 1));
  if (status.window) top.push(...part('window', windowText(status.window, now), 2));
  top.push(...part('rollback', rollbackText(status.rollback), 2));
  const bottom = status.incidents
    .filter(({ closedAt }) => closedAt === null)
    .flatMap((one) => fit(incidentLines(one, columns), 3));
  if (status.waitingFor) {
    const { what, since } = status.waitingFor;
    bottom.push(
      ...part('waits', what, 3),
      ...part('since', `${since} (${span(now.getTime() - Date.parse(since))})`, 1),
    );
  }
  // Commands are not cut: half a command is worse than none.
  const hasNext = status.waitingFor !== null || status.state === 'stranded';
  const next = (hasNext ? nextSteps(status) : []).map((line) => foldCommand(line, { columns, head: '  ' }));
  let room = rows - top.length - bottom.length - 1;
  const shown = next.filter((lines) => (room -= lines.length) >= 0);
  if (shown.length > 0) bottom.push('next', ...shown.flat());
  const free = rows - top.length - bottom.length - 1;
  const phases = free > 0 ? status.timeline.slice(-free).map((entry) => cut(phaseLine(entry, now), columns)) : [];
  return [...top, ...(phases.length > 0 ? ['phases', ...phases] : []), ...bottom].slice(0, rows);
}

/** Cluster, strategy, state and phase; the time of day at the right, so that a frozen view can be told. */
function heading({ cluster, strategy, state, phase }: MigrationStatus, columns: number, now: Date): string {
  const clock = `${now.toISOString().slice(11, 19)} UTC`;
  const plain = `${cluster} (${strategy}): ${state}, phase ${phase}`;
  const gap = columns - plain.length - clock.length;
  if (gap < 1) return cut(plain, columns);
  return `${pc.bold(cluster)} (${strategy}): ${coloured(state)}, phase ${phase}${' '.repeat(gap)}${clock}`;
}

function bar({ progress: { done, total } }: MigrationStatus): string {
  const WIDTH = 20;
  const full = Math.floor((WIDTH * done) / Math.max(1, total));
  return `[${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}]`;
}
