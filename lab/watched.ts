import type { Watched } from '../src/domain/watched.js';
import type { Verdicts } from './contract.js';
import { sortEvidence } from './judge/evidence.js';
import { leadingIntervals } from './judge/leading-intervals.js';
import { livesById } from './judge/lives.js';
import { publishing } from './judge/publishing.js';
import { seriesOf } from './judge/series.js';
import { windowChange } from './judge/window.js';
import { type Case, judge, rangeOf } from './judge.js';

/** The judge's verdicts, and what a report takes of them. */
export interface WatchedLab {
  readonly verdicts: Verdicts;
  readonly watched: Watched;
}

export function watchedOf(given: Case): WatchedLab {
  const verdicts = judge(given);
  const evidence = sortEvidence(given.journal, given.watch);
  const range = given.range ?? rangeOf(evidence, given);
  const intervals = leadingIntervals(evidence, range.to);
  const lives = livesById(evidence);
  const seen = publishing(evidence, lives);
  const published = given.strategy === 'observers' ? { ...seen, stretches: [] } : seen;
  const found = windowChange({ evidence, intervals, lives, published }, given.window ?? range);
  const last = given.watch.at(-1);
  const wallMs = last === undefined ? null : last.at - last.mono;
  const goneAt = found === null || wallMs === null ? null : new Date(Math.round(found.change.old.to + wallMs));
  return {
    verdicts,
    watched: {
      ...split(verdicts, goneAt?.toISOString() ?? null),
      seen: wallMs === null ? null : seriesOf({ evidence, intervals, lives, wallMs }, range),
    },
  };
}

/** Measured times belong to the window, the rest to the verdicts. */
export function split(
  { leadersSeen: _leadersSeen, coordinationMs, leaderlessMs, lastAgentMs, ...verdicts }: Verdicts,
  leaderGoneAt: string | null = null,
): Omit<Watched, 'seen'> {
  return { verdicts, window: { leaderGoneAt, coordinationMs, leaderlessMs, lastAgentMs } };
}
