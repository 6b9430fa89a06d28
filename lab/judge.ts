import { claimRuns } from './judge/claim-runs.js';
import { type Evidence, type Span, sortEvidence } from './judge/evidence.js';
import { longestGhostMs } from './judge/ghosts.js';
import { leadersAtOnce, type Overlap } from './judge/leaders-at-once.js';
import { leadingIntervals } from './judge/leading-intervals.js';
import { livesById } from './judge/lives.js';
import { type DeclaredLosses, losses } from './judge/losses.js';
import { mirrorDelay } from './judge/mirror-delay.js';
import { publishing } from './judge/publishing.js';
import { LARGEST_PROVING_GAP_MS, largestGapMs, type Silence } from './judge/sample-gaps.js';
import { windowFigures } from './judge/window.js';
import { wrongLeader } from './judge/wrong-leader.js';
import type { StrategyName } from '../src/domain/config.js';
import type { JournalRecord, Verdicts, WatchRecord } from './contract.js';

export interface Case {
  readonly journal: readonly JournalRecord[];
  readonly watch: readonly WatchRecord[];
  /** The stretch to judge, monotonic ms; default: as long as all watchers watched. */
  readonly range?: Span;
  /** When the judge was asked, monotonic ms: until then watchers that were not stopped must have watched. */
  readonly askedAt?: number;
  /** Where to look for the critical window; default: the whole range. */
  readonly window?: Span;
  /** Names that must have been watched; without it only what was watched is judged. */
  readonly expected?: {
    readonly masters: readonly string[];
    readonly agents: readonly string[];
    readonly servers: readonly string[];
  };
  readonly declaredLosses?: DeclaredLosses;
  readonly silences?: readonly Silence[];
  /**
   * With `dual-publishing`, records that never show source's election published in target prove nothing. Without it
   * the records themselves tell whether, and from when on, target had to name source's leader (S19).
   */
  readonly strategy?: StrategyName;
  /** The leaderless stretch may not be longer. */
  readonly budgetMs?: number;
}

/** How long target may go on naming whom source named where no mirror's delay was measured. */
const UNMEASURED_DELAY_MS = 500;

/** A watcher tells that it lives once a second. */
const LARGEST_HEARTBEAT_GAP_MS = 5_000;

/**
 * Judges promises 1 to 3 by what the masters' journals, the supervisor and the watchers wrote down;
 * it knows nothing of the workflow. Whatever is not proved is not passed, and `reasons` says why.
 */
export function judge(given: Case): Verdicts {
  const evidence = sortEvidence(given.journal, given.watch);
  const range = given.range ?? rangeOf(evidence, given);
  const intervals = leadingIntervals(evidence, Math.max(range.to, lastInstant(given)));
  const runs = claimRuns(evidence);
  const together = leadersAtOnce(intervals, runs);
  const lost = losses(evidence, range, given.declaredLosses ?? {});
  const lives = livesById(evidence);
  const seen = publishing(evidence, lives);
  const published = given.strategy === 'observers' ? { ...seen, stretches: [] } : seen;
  const [firstStretch] = published.stretches;
  const delay = mirrorDelay(published);
  const wrong = wrongLeader({
    evidence,
    intervals,
    lives,
    span: firstStretch ? { from: firstStretch.from, to: range.to } : null,
    toleranceMs: delay?.p99Ms ?? UNMEASURED_DELAY_MS,
  });
  const figures = windowFigures({ evidence, intervals, lives, published }, given.window ?? range);
  const masters = given.expected?.masters ?? [...evidence.claims.keys()];
  const gaps = masters.map((master) => {
    const silent = (given.silences ?? []).filter((silence) => silence.master === master);
    return { master, ms: largestGapMs(evidence.claims.get(master) ?? [], range, silent) };
  });

  const doubts: string[] = [];
  if (masters.length === 0) doubts.push('no master was asked for its own claim');
  for (const { master, ms } of gaps) {
    if (ms > LARGEST_PROVING_GAP_MS) {
      doubts.push(`the claims of ${master} were not seen for ${Math.round(ms)} ms (limit ${LARGEST_PROVING_GAP_MS})`);
    }
  }
  if (intervals.length === 0) doubts.push('no journal tells of a leading master');
  for (const { master, pid, ended } of intervals) {
    if (ended === 'unknown') doubts.push(`nobody recorded when the leading process ${pid} of ${master} ended`);
  }
  for (const { master, pid, claims } of runs) {
    const known = pid === null || intervals.some((interval) => interval.pid === pid);
    if (!known)
      doubts.push(`process ${pid} of ${master} claimed to lead ${claims.length} times, its journal says nothing`);
  }
  doubts.push(...missingWatchers(evidence, given, range));
  if (given.strategy === 'dual-publishing' && !firstStretch) {
    doubts.push("target never showed source's contenders, so nothing is known about its mirrors");
  }

  const reasons = [...doubts, ...lost.unproved];
  if (together.max > 1) {
    reasons.push(
      `${together.max} masters led at once for ${together.overlapMs.toFixed(1)} ms: ${together.who.join(', ')}`,
    );
  }
  reasons.push(...wrong.who);
  for (const loss of lost.agents) reasons.push(`agent lost: ${loss}`);
  for (const loss of lost.tasks) reasons.push(`task lost: ${loss}`);
  for (const loss of lost.frameworks) reasons.push(`framework lost: ${loss}`);
  if (!intervals.some((interval) => interval.from <= range.to && interval.to >= range.to)) {
    reasons.push('no master leads at the end');
  }
  const { leaderlessMs } = figures;
  if (given.budgetMs !== undefined && leaderlessMs !== null && leaderlessMs > given.budgetMs) {
    reasons.push(`the cluster was leaderless for ${leaderlessMs} ms, over the budget of ${given.budgetMs} ms`);
  }
  return {
    leadersAtOnceMax: together.max,
    samples: [...evidence.claims.values()].flat().length + [...evidence.znodes.values()].flat().length,
    largestGapMs: Math.round(Math.max(0, ...gaps.map(({ ms }) => ms))),
    proved: doubts.length === 0,
    leadersSeen: new Set(intervals.map((interval) => interval.id)).size,
    overlapMs: together.overlapMs,
    ghostMs: Math.round(longestGhostMs(evidence, intervals, lives, range)),
    agentsLost: lost.agents,
    tasksLost: lost.tasks,
    frameworksLost: lost.frameworks,
    wrongLeaderMs: wrong.wrongLeaderMs,
    mirrorDelay: delay,
    ...figures,
    passed: reasons.length === 0,
    reasons,
  };
}

/** Each stretch in which more than one master led. */
export function overlapsOf(given: Case): readonly Overlap[] {
  const evidence = sortEvidence(given.journal, given.watch);
  const { to } = given.range ?? rangeOf(evidence, given);
  const intervals = leadingIntervals(evidence, Math.max(to, lastInstant(given)));
  return leadersAtOnce(intervals, claimRuns(evidence)).overlaps;
}

/** Whoever leads at the end of the records leads until then at least. */
function lastInstant({ journal, watch }: Case): number {
  let last = -Infinity;
  for (const records of [journal, watch]) for (const { mono } of records) last = Math.max(last, mono);
  return last;
}

/** Watchers that are just starting need this long at most before every master was asked. */
const STARTING_MS = 2_000;

/**
 * From the moment in which every master had been asked for the first time to the moment in which the first
 * watcher was stopped in order; while one still should be running, to the question or the last record.
 */
export function rangeOf({ claims, heartbeats }: Evidence, { watch, askedAt }: Case): Span {
  let first = Infinity;
  let last = -Infinity;
  for (const { mono } of watch) {
    first = Math.min(first, mono);
    last = Math.max(last, mono);
  }
  if (first > last) return { from: 0, to: 0 };
  const asked = [...claims.values()].map(([record]) => record?.end ?? first);
  const final = [...heartbeats.values()].map((beats) => beats.at(-1));
  const ends = final.map((beat) => (beat?.event === 'stopped' ? beat.mono : (askedAt ?? last)));
  return {
    from: Math.min(first + STARTING_MS, Math.max(first, ...asked)),
    to: ends.length > 0 ? Math.min(...ends) : (askedAt ?? last),
  };
}

function missingWatchers(evidence: Evidence, { expected }: Case, range: Span): string[] {
  const missing: string[] = [];
  for (const master of expected?.masters ?? []) {
    if (!evidence.claims.has(master)) missing.push(`master ${master} was never asked for its claim`);
  }
  for (const agent of expected?.agents ?? []) {
    if (!evidence.agents.has(agent)) missing.push(`agent ${agent} was never watched`);
    if (!evidence.tasks.has(agent)) missing.push(`the tasks of agent ${agent} were never watched`);
  }
  for (const server of expected?.servers ?? []) {
    const last = evidence.znodes.get(server)?.at(-1);
    if (!last) missing.push(`no session watched ZooKeeper server ${server}`);
    else if (last.mono < range.to - LARGEST_HEARTBEAT_GAP_MS)
      missing.push(`ZooKeeper server ${server} was not watched to the end`);
  }
  if (evidence.heartbeats.size === 0) missing.push('no watcher gave a sign of life');
  for (const [watcher, beats] of evidence.heartbeats) {
    let previous = range.from;
    let longest = 0;
    for (const { mono } of beats) {
      if (mono < range.from) continue;
      longest = Math.max(longest, Math.min(mono, range.to) - previous);
      previous = Math.max(previous, mono);
    }
    longest = Math.max(longest, range.to - previous);
    if (longest > LARGEST_HEARTBEAT_GAP_MS) {
      missing.push(`watcher ${watcher} gave no sign of life for ${Math.round(longest)} ms`);
    }
  }
  return missing;
}
