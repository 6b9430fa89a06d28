import type { Measured } from './report-window.js';
import type { ReportVerdicts } from './report.js';

/** What watchers outside the workflow add to a report: `zkferry lab judge` prints it, `zkferry report --verdicts` joins it. */
export interface Watched {
  readonly verdicts: ReportVerdicts;
  readonly window: WatchedWindow;
  readonly seen: WatchedSeries | null;
}

export interface WatchedWindow extends Measured {
  /** When the old leader ended, from which the three figures count; null when there was no window. */
  readonly leaderGoneAt: string | null;
}

export interface WatchedSeries {
  readonly from: string;
  readonly to: string;
  /** Who led, by the masters' own journals, and whom each ensemble named. */
  readonly leaders: readonly LeaderStretch[];
  /** Agents registered with the leading master, whenever that changed; 0 while nobody led. */
  readonly agents: readonly AgentCount[];
}

export type LeaderView = 'leads' | 'source' | 'target' | 'observers';

/** `leads`: a master that led by its own journal; else the lowest contender that servers of an ensemble named. */
export interface LeaderStretch {
  readonly view: LeaderView;
  readonly master: string;
  readonly from: string;
  readonly to: string;
  readonly durationMs: number;
}

export interface AgentCount {
  readonly at: string;
  readonly registered: number;
}
