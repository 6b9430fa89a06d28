import type { WindowStatus } from './status.js';
import type { Trace } from './trace.js';
import type { WatchedWindow } from './watched.js';

/** Counted from the end of the old leader: to the next one elected, to its proof in target, to the last agent. */
export interface Measured {
  readonly coordinationMs: number | null;
  readonly leaderlessMs: number | null;
  readonly lastAgentMs: number | null;
}

export const MILESTONES = [
  'opened',
  'leader-gone',
  'leader-elected',
  'leader-proved',
  'point-of-no-return',
  'last-agent',
  'turn-back-point',
  'budget-end',
] as const;

export type MilestoneName = (typeof MILESTONES)[number];

/** An instant of the critical window; `afterMs` counts from its opening. Only what is known is listed. */
export interface Milestone {
  readonly name: MilestoneName;
  readonly at: string;
  readonly afterMs: number;
  /** Who says so: watchers outside, or the workflow, whose plan the turn-back point and the budget's end are. */
  readonly by: 'watchers' | 'workflow';
}

/** The window's instants in the order of `MILESTONES`: measured ones from the watchers where they saw the window. */
export function milestonesOf(
  window: WindowStatus,
  watched: WatchedWindow | null,
  traces: readonly Trace[] | null,
): Milestone[] {
  const { openedAt } = window;
  if (openedAt === null) return [];
  const opened = Date.parse(openedAt);
  const watchedGone = watched?.leaderGoneAt ?? null;
  const by = watchedGone === null ? 'workflow' : 'watchers';
  const goneAt = instant(watchedGone) ?? leaderGone(opened, traces);
  const measured = watched ?? window;
  const since = (ms: number | null) => (goneAt === null || ms === null ? null : goneAt + ms);
  const found: Readonly<Record<MilestoneName, number | null>> = {
    opened,
    'leader-gone': goneAt,
    'leader-elected': since(measured.leaderlessMs),
    'leader-proved': since(measured.coordinationMs),
    'point-of-no-return': instant(window.pointOfNoReturnAt),
    'last-agent': since(measured.lastAgentMs),
    'turn-back-point': instant(window.turnBackAt),
    'budget-end': opened + window.budgetMs,
  };
  const ofWorkflow: readonly MilestoneName[] = ['opened', 'point-of-no-return', 'turn-back-point', 'budget-end'];
  return MILESTONES.flatMap((name) => {
    const at = found[name];
    if (at === null) return [];
    return [
      {
        name,
        at: new Date(at).toISOString(),
        afterMs: Math.round(at - opened),
        by: ofWorkflow.includes(name) ? ('workflow' as const) : by,
      },
    ];
  });
}

/** The first master that the window stopped led; whoever stopped it told when. */
function leaderGone(opened: number, traces: readonly Trace[] | null): number | null {
  const stops = (traces ?? []).flatMap(({ stoppedAt }) => (stoppedAt === null ? [] : [Date.parse(stoppedAt)]));
  const inWindow = stops.filter((at) => at >= opened);
  return inWindow.length === 0 ? null : Math.min(...inWindow);
}

function instant(text: string | null | undefined): number | null {
  // Migrations that began before an instant was told have no such field.
  return text === null || text === undefined ? null : Date.parse(text);
}
