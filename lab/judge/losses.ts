import type { Evidence, Span } from './evidence.js';

/** What injected faults destroy by themselves (S11); everything else that is lost counts. */
export interface DeclaredLosses {
  readonly agents?: readonly string[];
  /** Task ids. */
  readonly tasks?: readonly string[];
  /** Agents (by name) all of whose tasks are lost, for example because their host was rebooted. */
  readonly tasksOfAgents?: readonly string[];
}

export interface Losses {
  /** `name (why)`. */
  readonly agents: readonly string[];
  readonly tasks: readonly string[];
  readonly frameworks: readonly string[];
  /** Sentences about what could not be judged. */
  readonly unproved: readonly string[];
}

/** One bad read is no loss: what counts is the last stretch of a stream, this long. */
const TAIL_MS = 3_000;

/** A stream that ends this long before the judged range does not speak for its end. */
const STALE_MS = 5_000;

export function losses(evidence: Evidence, range: Span, declared: DeclaredLosses): Losses {
  const unproved: string[] = [];
  const agents = lostAgents(evidence, range, declared, unproved);
  const tasks = lostTasks(evidence, range, declared, unproved);
  const frameworks = lostFrameworks(evidence, range, unproved);
  return { agents, tasks, frameworks, unproved };
}

function lostAgents(evidence: Evidence, range: Span, declared: DeclaredLosses, unproved: string[]): string[] {
  const lost: string[] = [];
  const lastViews = tail(inRange(evidence.cluster, range)).filter((view) => view.leader !== null);
  if (evidence.agents.size === 0) unproved.push('no agent was watched, so nothing is known about lost agents');
  for (const [agent, all] of evidence.agents) {
    if (declared.agents?.includes(agent)) continue;
    const records = inRange(all, range);
    const ids = [...new Set(records.map((record) => record.id).filter((id) => id !== null))];
    const [id] = ids;
    if (id === undefined) {
      unproved.push(`agent ${agent} never told its id`);
      continue;
    }
    if (isStale(records, range)) unproved.push(`agent ${agent} was not watched to the end`);
    const last = tail(records);
    if (ids.length > 1) lost.push(`${agent} (id changed from ${id} to ${ids.slice(1).join(', ')})`);
    else if (!last.some((record) => record.id === id && record.registered !== false)) {
      lost.push(`${agent} (not registered at the end)`);
    } else if (lastViews.length > 0 && !lastViews.some((view) => view.activeAgentIds.includes(id))) {
      lost.push(`${agent} (${id} not active at the leading master at the end)`);
    }
  }
  return lost;
}

function lostTasks(evidence: Evidence, range: Span, declared: DeclaredLosses, unproved: string[]): string[] {
  const lost: string[] = [];
  const views = inRange(evidence.cluster, range).filter((view) => view.leader !== null);
  const runningAtFirst = new Set(head(views).flatMap((view) => view.tasksRunning));
  const lastViews = tail(views);
  if (evidence.tasks.size === 0) unproved.push('no task was watched, so nothing is known about lost tasks');
  for (const [agent, all] of evidence.tasks) {
    if (declared.tasksOfAgents?.includes(agent)) continue;
    const records = inRange(all, range);
    if (isStale(records, range)) unproved.push(`the tasks of agent ${agent} were not watched to the end`);
    const atFirst = new Map(head(records).flatMap((record) => Object.entries(record.alive)));
    const last = tail(records);
    for (const [task, pid] of atFirst) {
      if (declared.tasks?.includes(task)) continue;
      if (!last.some((record) => record.alive[task] === pid)) {
        const other = last.map((record) => record.alive[task]).find((found) => found !== undefined);
        lost.push(other === undefined ? `${task} (pid ${pid} on ${agent} is gone)` : `${task} (pid ${pid} → ${other})`);
      } else if (runningAtFirst.has(task) && !lastViews.some((view) => view.tasksRunning.includes(task))) {
        lost.push(`${task} (alive on ${agent}, but not running for the leading master)`);
      }
    }
  }
  return lost;
}

function lostFrameworks(evidence: Evidence, range: Span, unproved: string[]): string[] {
  const views = inRange(evidence.cluster, range).filter((view) => view.leader !== null);
  if (views.length === 0) {
    unproved.push('no leading master told what it knows, so nothing is known about lost frameworks');
    return [];
  }
  if (isStale(views, range)) unproved.push('no leading master told what it knows at the end');
  const last = tail(views);
  const atFirst = new Map(head(views).flatMap((view) => view.frameworks.map(({ id, name }) => [id, name] as const)));
  const lost: string[] = [];
  for (const [id, name] of atFirst) {
    const found = last.flatMap((view) => view.frameworks.filter((framework) => framework.id === id));
    if (found.some((framework) => framework.connected)) continue;
    const other = last
      .flatMap((view) => view.frameworks)
      .find((framework) => framework.name === name && framework.id !== id);
    if (other) lost.push(`${name} (id changed from ${id} to ${other.id})`);
    else lost.push(`${name} (${id} ${found.length > 0 ? 'not connected' : 'unknown'} at the end)`);
  }
  return lost;
}

function inRange<T extends { readonly mono: number }>(records: readonly T[], { from, to }: Span): T[] {
  return records.filter((record) => record.mono >= from && record.mono <= to);
}

function head<T extends { readonly mono: number }>(records: readonly T[]): T[] {
  const first = records[0]?.mono ?? 0;
  return records.filter((record) => record.mono <= first + TAIL_MS);
}

function tail<T extends { readonly mono: number }>(records: readonly T[]): T[] {
  const last = records.at(-1)?.mono ?? 0;
  return records.filter((record) => record.mono >= last - TAIL_MS);
}

function isStale(records: readonly { readonly mono: number }[], { to }: Span): boolean {
  return (records.at(-1)?.mono ?? -Infinity) < to - STALE_MS;
}
