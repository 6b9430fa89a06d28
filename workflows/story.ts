import type { MigrationStatus } from '../src/domain/status.js';

/**
 * The workflow's current details: the status as Markdown, shown by the Temporal UI (*User Metadata*)
 * and `temporal workflow metadata`. A pure function, at most a page.
 */
export function tellStory(status: MigrationStatus, ignored: readonly string[]): string {
  const lines = [`## ${status.cluster || 'migration'}: ${status.state}`, `- Phase **${status.phase}**`];
  if (status.progress.total > 0) {
    const { done, total, failed, etaMs } = status.progress;
    const eta = etaMs === null ? '' : `, about ${seconds(etaMs)} left`;
    lines.push(`- Progress: ${done} of ${total}${failed > 0 ? `, ${failed} failed` : ''}${eta}`);
  }
  if (status.waitingFor) {
    const { what, since, next } = status.waitingFor;
    lines.push(`- **Waiting** since ${since}: ${what}`, '', 'Next:', '```', next, '```', '');
  }
  if (status.window) {
    const w = status.window;
    const parts = [`budget ${seconds(w.budgetMs)}`];
    if (w.forecastMs !== null) parts.push(`forecast ${seconds(w.forecastMs)}`);
    if (w.openedAt) parts.push(`opened ${w.openedAt}`);
    if (w.turnBackAt) parts.push(`turns back at ${w.turnBackAt}`);
    if (w.pointOfNoReturnAt) parts.push(`point of no return passed at ${w.pointOfNoReturnAt}`);
    if (w.coordinationMs !== null) parts.push(`leader after ${seconds(w.coordinationMs)}`);
    if (w.lastAgentMs !== null) parts.push(`last agent after ${seconds(w.lastAgentMs)}`);
    lines.push(`- Critical window: ${parts.join(', ')}`);
    if (w.derivation !== null) lines.push(`  - ${w.derivation}`);
  }
  lines.push(`- Rollback: ${status.rollback.possible ? 'possible' : 'not possible'} (${status.rollback.cost})`);
  for (const incident of status.incidents.filter((i) => i.closedAt === null)) {
    lines.push(
      `- **${incident.id}** ${incident.code}${incident.host ? ` on ${incident.host}` : ''}: ${incident.message}. ${incident.remedy}`,
    );
  }
  if (status.timeline.length > 0) {
    lines.push('', '| phase | started | took | outcome |', '| --- | --- | --- | --- |');
    for (const entry of status.timeline.slice(-20)) {
      const took = entry.endedAt ? seconds(Date.parse(entry.endedAt) - Date.parse(entry.startedAt)) : '';
      lines.push(`| ${entry.phase} | ${entry.startedAt} | ${took} | ${entry.outcome} |`);
    }
  }
  const failed = status.hookFailures ?? [];
  if (failed.length > 0) {
    lines.push(
      '',
      `Failed hooks: ${failed
        .map(({ event, at, reason }) => `${event} at ${at}: ${reason}`)
        .slice(-3)
        .join('; ')}`,
    );
  }
  if (ignored.length > 0) lines.push('', `Ignored messages: ${ignored.slice(-3).join('; ')}`);
  return lines.join('\n');
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
