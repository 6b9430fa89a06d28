import pc from 'picocolors';
import type { MigrationStatus } from '../../src/domain/status.js';
import type { MirrorDelay, Verdicts } from '../contract.js';
import type { Memory } from '../memory.js';

/** What the demo prints at its end: phases, the window on a line, the watchers' verdicts, memory. */
export function summary(status: MigrationStatus, seen: Verdicts, memory: { lab: Memory; worker: Memory }): string {
  const lines = [pc.bold(`outcome: ${status.state}`), '', 'phases'];
  for (const { phase, startedAt, endedAt, outcome } of status.timeline) {
    const took = endedAt === null ? null : Date.parse(endedAt) - Date.parse(startedAt);
    lines.push(`  ${phase.padEnd(18)} ${ms(took).padStart(10)}  ${outcome}`);
  }
  lines.push('', 'critical window, as the watchers saw it', `  ${windowLine(status, seen)}`);
  lines.push(
    '',
    `verdicts of the watchers: ${seen.passed ? pc.green('every promise held') : pc.red('NOT passed')}`,
    `  leaders seen at once   ${seen.leadersAtOnceMax}`,
    `  samples                ${seen.samples}, largest gap ${ms(seen.largestGapMs)}${seen.proved ? '' : ' (not proved)'}`,
    `  leaders seen           ${seen.leadersSeen}`,
    // A stopped leader's znode outlives it in source until the session expires (10 s by Mesos' default), so this
    // may exceed the leaderless stretch; a ghost leads nobody and is counted apart (S7).
    `  ghost znode, longest   ${ms(seen.ghostMs)} (names a master that does not lead, until its session expires)`,
    ...(status.strategy === 'dual-publishing' ? mirrorLines(seen) : []),
    `  agents lost            ${seen.agentsLost.length}${names(seen.agentsLost)}`,
    `  tasks lost             ${seen.tasksLost.length}${names(seen.tasksLost)}`,
    `  frameworks lost        ${seen.frameworksLost.length}${names(seen.frameworksLost)}`,
    `  leaderless             ${ms(seen.leaderlessMs)}`,
    `  coordination           ${ms(seen.coordinationMs)}`,
    `  last agent back        ${ms(seen.lastAgentMs)}`,
  );
  for (const reason of seen.reasons) lines.push(`  ${pc.red(reason)}`);
  lines.push(
    '',
    `peak memory: ${memory.worker.processes > 1 ? `${memory.worker.processes} workers` : 'worker'} ${megabytes(memory.worker.rssBytes)} (resident), ` +
      `lab ${megabytes(memory.lab.pssBytes ?? memory.lab.rssBytes)} in ${memory.lab.processes} processes ` +
      `(${memory.lab.pssBytes === null ? 'resident, shared pages counted repeatedly' : 'shared pages split'})`,
  );
  return lines.join('\n');
}

/** The window as a bar of 60 columns: leaderless `-`, until the last agent `+`, the rest of the budget `.`. */
function windowLine(status: MigrationStatus, seen: Verdicts): string {
  const budgetMs = status.window?.budgetMs ?? 0;
  if (budgetMs === 0 || seen.coordinationMs === null) return 'it did not open';
  const column = (at: number) => Math.min(60, Math.max(1, Math.round((at / budgetMs) * 60)));
  const leader = column(seen.coordinationMs);
  const agents = Math.max(leader, column(seen.lastAgentMs ?? seen.coordinationMs));
  const bar = `${'-'.repeat(leader)}${'+'.repeat(agents - leader)}${'.'.repeat(60 - agents)}`;
  return `|${bar}| budget ${ms(budgetMs)}: leader after ${ms(seen.coordinationMs)}, last agent after ${ms(seen.lastAgentMs)}`;
}

/** S19: target never names a living master other than source's leader, and how far it may lag behind. */
function mirrorLines({ wrongLeaderMs, mirrorDelay }: Verdicts): string[] {
  return [
    `  wrong leader in target ${wrongLeaderMs === 0 ? 'never' : `for ${ms(wrongLeaderMs)}`}`,
    `  mirror delay           ${mirrorDelay === null ? 'unknown: nothing was published' : delays(mirrorDelay)}`,
  ];
}

function delays({ changes, p50Ms, p99Ms, maxMs }: MirrorDelay): string {
  if (changes === 0) return 'no contender came or went while mirrors were published';
  return `p50 ${ms(p50Ms)}, p99 ${ms(p99Ms)}, max ${ms(maxMs)} in ${changes} changes`;
}

function names(list: readonly string[]): string {
  return list.length === 0 ? '' : `: ${list.slice(0, 5).join(', ')}`;
}

function ms(value: number | null): string {
  if (value === null) return 'unknown';
  return `${value < 10 ? Math.round(value * 10) / 10 : Math.round(value)} ms`;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MB`;
}
