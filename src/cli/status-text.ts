import type { MigrationStatus } from '../domain/status.js';

/** The one-line form: cluster, state, phase, progress, why it waits. */
export function oneLine(status: MigrationStatus): string {
  const { done, total, failed } = status.progress;
  const parts = [status.cluster, status.state, status.phase];
  if (total > 0) parts.push(`${done}/${total}${failed > 0 ? ` (${failed} failed)` : ''}`);
  if (status.waitingFor) parts.push(`waits for ${status.waitingFor.what.split('\n')[0] ?? ''}`);
  return parts.join('  ');
}

/** The full form, for people; at most 80 columns where the content allows. */
export function describeStatus(status: MigrationStatus): string {
  const lines = [`${status.cluster} (${status.strategy}): ${status.state}, phase ${status.phase}`];
  const { done, total, failed, etaMs } = status.progress;
  if (total > 0)
    lines.push(
      `progress   ${done} of ${total}, ${failed} failed${etaMs === null ? '' : `, about ${span(etaMs)} left`}`,
    );
  if (status.planHash) lines.push(`plan       ${status.planHash}`);
  if (status.window) {
    const { budgetMs, forecastMs, derivation, openedAt, pointOfNoReturnAt, coordinationMs, lastAgentMs } =
      status.window;
    const parts = [`budget ${span(budgetMs)}`];
    if (forecastMs !== null) parts.push(`forecast ${span(forecastMs)}`);
    if (openedAt !== null) parts.push(`opened ${openedAt}`);
    if (pointOfNoReturnAt !== null) parts.push(`point of no return passed at ${pointOfNoReturnAt}`);
    if (coordinationMs !== null) parts.push(`leader after ${span(coordinationMs)}`);
    if (lastAgentMs !== null) parts.push(`last agent after ${span(lastAgentMs)}`);
    lines.push(`window     ${parts.join(', ')}`);
    if (derivation !== null) lines.push(`           ${derivation}`);
  }
  lines.push(`rollback   ${status.rollback.possible ? 'possible' : 'not possible'}: ${status.rollback.cost}`);
  for (const { phase, startedAt, endedAt, outcome } of status.timeline) {
    const took = endedAt === null ? '' : span(Date.parse(endedAt) - Date.parse(startedAt));
    lines.push(`  ${phase.padEnd(22)} ${outcome.padEnd(8)} ${took}`);
  }
  for (const { id, code, host, message, remedy, closedAt } of status.incidents) {
    lines.push(
      `${closedAt === null ? 'INCIDENT' : 'incident'} ${id} ${code}${host === null ? '' : ` on ${host}`}: ${message}`,
    );
    if (closedAt === null) lines.push(`  ${remedy}`);
  }
  if (status.waitingFor) {
    lines.push(`waits      ${status.waitingFor.what}`, `since      ${status.waitingFor.since}`, 'next:');
    lines.push(...status.waitingFor.next.split('\n').map((line) => `  ${line}`));
  }
  return lines.join('\n');
}

function span(ms: number): string {
  return ms >= 120_000 ? `${(ms / 60_000).toFixed(1)} min` : `${(ms / 1000).toFixed(1)} s`;
}
