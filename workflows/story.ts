import { ROLLBACK, type Move } from '../src/domain/moves.js';
import type { MigrationState, MigrationStatus } from '../src/domain/status.js';

/**
 * The workflow's current details: the status as Markdown, shown by the Temporal UI (*User Metadata*)
 * and `temporal workflow metadata`. A pure function, at most a page.
 *
 * @param moves what a person may do about what it waits for
 */
export function tellStory(status: MigrationStatus, moves: readonly Move[], ignored: readonly string[]): string {
  const lines = [`## ${status.cluster || 'migration'}: ${status.state}`, `- Phase **${status.phase}**`];
  if (status.progress.total > 0) {
    const { done, total, failed, etaMs } = status.progress;
    const eta = etaMs === null ? '' : `, about ${seconds(etaMs)} left`;
    lines.push(`- Progress: ${done} of ${total}${failed > 0 ? `, ${failed} failed` : ''}${eta}`);
  }
  if (status.waitingFor) {
    const { what, since, next } = status.waitingFor;
    lines.push(`- **Waiting** since ${since}: ${withShortHash(what)}`, '', ...howToUpdate(moves));
    lines.push('In a shell, instead:', '```', next, '```', '');
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
  }
  lines.push(`- Rollback: ${status.rollback.possible ? 'possible' : 'not possible'} (${status.rollback.cost})`);
  if (status.rollback.possible && OPEN_TO_ROLLBACK.includes(status.state)) lines.push('', ...howToUpdate([ROLLBACK]));
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
  const derivation = status.window?.derivation ?? null;
  if (derivation !== null) lines.push('', `Critical window: ${derivation}.`);
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
  // The UI's frame is one line too low: better this one cannot be seen than the phase that runs.
  lines.push('', 'Times are UTC.');
  return lines.join('\n');
}

/** A hash of the plan does not fit into a line of the UI; the whole one stands in the update. */
function withShortHash(text: string): string {
  return text.replaceAll(/\b([0-9a-f]{12})[0-9a-f]{52}\b/g, '$1…');
}

/** Where it is not on its way back, nor offers it among the decisions. */
const OPEN_TO_ROLLBACK: readonly MigrationState[] = ['running', 'awaiting-approval', 'paused'];

/** For the UI's form: the update's name, and its input alone in a block, to be copied as it is. */
function howToUpdate(moves: readonly Move[]): string[] {
  return moves.flatMap(({ name, message, about }) => [
    `*More Actions* › *Send an Update* › \`${name}\` (${about}):`,
    '```json',
    // As the form lays it out: laid out anew while it is sent, it would move the button away from under the mouse.
    JSON.stringify(message, null, 2),
    '```',
    '',
  ]);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
