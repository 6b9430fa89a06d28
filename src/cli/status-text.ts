import pc from 'picocolors';
import type { Incident, MigrationState, MigrationStatus, TimelineEntry, WindowStatus } from '../domain/status.js';
import { fold, foldCommand } from './fold.js';
import { nextSteps } from './next-steps.js';
import { span } from './span.js';

/** The one-line form: cluster, state, phase, progress, why it waits. */
export function oneLine(status: MigrationStatus): string {
  const parts = [status.cluster, status.state, status.phase];
  if (status.progress.total > 0) parts.push(progressText(status));
  if (status.waitingFor) parts.push(`waits for ${status.waitingFor.what.split('\n')[0] ?? ''}`);
  return parts.join('  ');
}

export interface TextOptions {
  readonly columns: number;
  readonly now: Date;
}

/** The full form, for people, in so many columns. */
export function describeStatus(status: MigrationStatus, { columns, now }: TextOptions): string {
  const { cluster, strategy, state, phase, progress, planHash, window, rollback, timeline, incidents } = status;
  const part = (head: string, text: string): string[] => fold(text, { columns, head: head.padEnd(11) });
  const lines = [`${cluster} (${strategy}): ${coloured(state)}, phase ${phase}`];
  if (progress.total > 0) lines.push(...part('progress', progressText(status)));
  if (planHash) lines.push(...part('plan', planHash));
  if (window) {
    lines.push(...part('window', windowText(window, now)));
    if (window.derivation !== null) lines.push(...part('', window.derivation));
  }
  lines.push(...part('rollback', rollbackText(rollback)));
  if (timeline.length > 0) lines.push('phases', ...timeline.map((entry) => phaseLine(entry, now)));
  for (const incident of incidents) lines.push(...incidentLines(incident, columns));
  if (status.waitingFor) {
    const { what, since } = status.waitingFor;
    lines.push(...part('waits', what), ...part('since', `${since} (${span(now.getTime() - Date.parse(since))} ago)`));
  }
  const next = nextSteps(status);
  if (next.length > 0) lines.push('next', ...next.flatMap((line) => foldCommand(line, { columns, head: '  ' })));
  return lines.join('\n');
}

export function progressText({ progress: { done, total, failed, etaMs } }: MigrationStatus): string {
  const share = `${done} of ${total}`;
  return `${share}${failed > 0 ? `, ${failed} failed` : ''}${etaMs === null || done >= total ? '' : `, about ${span(etaMs)} left`}`;
}

/** The window against its budget; while it is open, how long it has been and when it turns back. */
export function windowText(window: WindowStatus, now: Date): string {
  const { budgetMs, forecastMs, openedAt, turnBackAt, pointOfNoReturnAt, coordinationMs, leaderlessMs, lastAgentMs } =
    window;
  const hasTurnedBack = coordinationMs === null && leaderlessMs !== null;
  const parts = [`budget ${span(budgetMs)}`];
  if (forecastMs !== null) parts.push(`forecast ${span(forecastMs)}`);
  if (openedAt !== null) {
    parts.push(`opened ${openedAt}`);
    const isOpen = coordinationMs === null && pointOfNoReturnAt === null && !hasTurnedBack;
    if (isOpen && turnBackAt !== null) {
      const leftMs = Date.parse(turnBackAt) - now.getTime();
      parts.push(leftMs > 0 ? `turns back in ${span(leftMs)}` : `turned back at ${turnBackAt}`);
    }
  }
  if (pointOfNoReturnAt !== null) parts.push(`point of no return passed at ${pointOfNoReturnAt}`);
  if (coordinationMs !== null) parts.push(`leader after ${span(coordinationMs)}`);
  if (hasTurnedBack) parts.push(`turned back, without a leader for ${span(leaderlessMs)}`);
  if (lastAgentMs !== null) parts.push(`last agent after ${span(lastAgentMs)}`);
  return parts.join(', ');
}

export function rollbackText({ possible, cost, estimateMs }: MigrationStatus['rollback']): string {
  const takes = possible && estimateMs !== null && estimateMs > 0 ? `, about ${span(estimateMs)}` : '';
  return `${possible ? 'possible' : 'not possible'}${takes}: ${cost}`;
}

/** One phase: how it ended and how long it took, or has taken so far. */
export function phaseLine({ phase, startedAt, endedAt, outcome }: TimelineEntry, now: Date): string {
  const took = span((endedAt === null ? now.getTime() : Date.parse(endedAt)) - Date.parse(startedAt));
  return `  ${phase.padEnd(22)} ${outcome.padEnd(8)} ${endedAt === null ? `${took} so far` : took}`;
}

export function incidentLines({ id, code, host, message, remedy, closedAt }: Incident, columns: number): string[] {
  const head = `${closedAt === null ? 'INCIDENT' : 'incident'} ${id} `;
  const lines = fold(`${code}${host === null ? '' : ` on ${host}`}: ${message}`, { columns, head });
  return closedAt === null ? [...lines, ...fold(remedy, { columns, head: '  ' })] : lines;
}

export function coloured(state: MigrationState): string {
  switch (state) {
    case 'migrated':
      return pc.green(state);
    case 'stranded':
      return pc.red(state);
    case 'running':
      return pc.cyan(state);
    default:
      return pc.yellow(state);
  }
}
