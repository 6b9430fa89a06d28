import { setTimeout as delay } from 'node:timers/promises';
import type { Decision } from '../../src/domain/status.js';
import { stamp, type Verdicts } from '../contract.js';
import { faultOfKind } from '../faults/index.js';
import { judgeLab, overlapsInLab } from '../judge-lab.js';
import type { DeclaredLosses } from '../judge/losses.js';
import type { Stage } from '../stage/stage.js';
import { excesses } from './budget.js';
import type { Driven } from './drive.js';
import { isTrue } from './explanation.js';
import { unapproved } from './gates.js';
import type { Injector } from './injector.js';
import { areOfFaults } from './native-overlap.js';
import { leaderlessStretches } from './leaderless.js';
import type { Acts } from './operator.js';
import type { RunRecord } from './run-record.js';
import type { Scenario } from './scenario.js';
import type { SecretWatch } from './secrets.js';
import { SESSION_MS } from './session.js';
import { destination, leftovers, residue, strayed } from './standing.js';
import { traces, type Traces } from './traces.js';

export interface RunToJudge extends Driven {
  readonly stage: Stage;
  readonly scenario: Scenario;
  readonly injector: Injector;
  readonly acts: Acts;
  readonly login: string | null;
  readonly before: Traces;
  /** The longest that the masters' own flags allow the cluster to be without a leader. */
  readonly budgetMs: number;
  readonly secrets: SecretWatch;
  /** What the cluster still lacked long after the end; null = nothing. */
  readonly missing: string | null;
  /** Measures the overlap that one of the faults causes by itself, ms each time (S10). */
  readonly control: (nth: number) => Promise<readonly number[]>;
}

export type Judged = Pick<
  RunRecord,
  'judgement' | 'reasons' | 'verdicts' | 'nativeOverlapMs' | 'longestLeaderlessMs' | 'cutOffBy'
>;

/** One more round of the slowest watchers after the end. */
const LAST_ROUND_MS = 1_500;

/** Judges a run by its watchers and by what stands on hosts and in znodes; the migration's own word counts for nothing. */
export async function judgeRun(run: RunToJudge): Promise<Judged> {
  const { stage, scenario, injector, missing, budgetMs } = run;
  await delay(LAST_ROUND_MS);
  const verdicts = await judgeLab(stage.lab.refresh(), {
    strategy: scenario.strategy,
    declaredLosses: together(injector.injected.map(({ declares }) => declares)),
    silences: injector.injected.flatMap(({ silences }) => silences?.() ?? []),
  });
  const native = await nativeOverlap(run, verdicts);
  const overlaps = verdicts.overlapMs > 0 ? await overlapsInLab(stage.lab.refresh()) : [];
  const strange = !areOfFaults(overlaps, injector.records, toWall());
  const gaps = await gapsOnTheWall(stage);
  const over = excesses(gaps, budgetMs, injector.records, (k) => !!faultOfKind(k).cutsOff);
  const broken = verdicts.reasons.filter(
    (reason) => !isDoubt(reason) && (strange || !isExcused(reason, verdicts, native)),
  );
  const reasons = [
    ...broken,
    ...over.flatMap(({ ms, cutOffBy }) => (cutOffBy === null ? [`leaderless for ${ms} ms, over the budget`] : [])),
    ...(missing === null ? [] : [`the cluster did not come to rest: ${missing}`]),
    ...(await wrongEnd(run)),
    ...surprises(run),
    ...(await run.secrets.found()),
    ...injector.records.flatMap(({ kind, error }) => (error === null ? [] : [`fault ${kind} ${error}`])),
  ];
  const doubts = verdicts.reasons.filter(isDoubt);
  return {
    judgement: reasons.length > 0 ? 'failed' : doubts.length > 0 ? 'unproved' : 'passed',
    reasons: [...reasons, ...doubts],
    verdicts,
    nativeOverlapMs: native,
    longestLeaderlessMs: Math.round(Math.max(0, ...gaps.map(({ from, to }) => to - from))),
    cutOffBy: over.find(({ cutOffBy }) => cutOffBy !== null)?.cutOffBy ?? null,
  };
}

/** What only says that the samples do not suffice; it neither passes nor fails a run. */
function isDoubt(reason: string): boolean {
  return /were not seen for|gave no sign of life|was not watched|were not watched/.test(reason);
}

/** Whether an overlap is no longer than what the fault causes without a migration (S10). */
function isExcused(reason: string, { overlapMs }: Verdicts, native: number | null): boolean {
  return native !== null && overlapMs <= native && reason.includes('masters led at once');
}

/**
 * What the faults of a run cause together when nothing is migrated. A session ends between two thirds and the whole of
 * its time-out after its owner was stopped (a client pings every third of it, Zookeeper `clientTimeout`), so one sample
 * may exceed another by that much.
 */
async function nativeOverlap({ injector, control }: RunToJudge, { overlapMs }: Verdicts): Promise<number | null> {
  if (overlapMs === 0) return null;
  let total: number | null = null;
  for (const [nth, { kind, hit }] of injector.records.entries()) {
    if (hit === null || faultOfKind(kind).nativeOverlap !== true) continue;
    total = (total ?? 0) + Math.max(...(await control(nth))) + SESSION_MS / 3;
  }
  return total;
}

async function gapsOnTheWall({ lab }: Stage): Promise<{ from: number; to: number }[]> {
  const toWallMs = toWall();
  const gaps = await leaderlessStretches(lab.json);
  return gaps.map(({ from, to }) => ({ from: from + toWallMs, to: to + toWallMs }));
}

/** What turns the records' monotonic ms into ms since the epoch. */
function toWall(): number {
  const { at, mono } = stamp();
  return at - mono;
}

/** Promise 5 and the ends that are none: everybody stands where the end says, and nothing is left. */
async function wrongEnd(run: RunToJudge): Promise<string[]> {
  const { stage, scenario, injector, login, before, end, failure, status } = run;
  const bound = injector.records.filter(({ binds, hit }) => binds === 'rolled-back' && hit !== null);
  const completedAt = Date.parse(status?.approvals.findLast(({ gate }) => gate === 'complete')?.at ?? '') || Infinity;
  switch (end) {
    case 'migrated':
      return [
        ...bound.filter(({ hit }) => (hit?.at ?? Infinity) < completedAt).map(({ kind }) => `${kind}, yet it migrated`),
        ...(await strayed(stage.lab, destination(scenario.strategy))),
        ...leftovers(before, await traces(stage.lab, login)),
      ];
    case 'rolled-back':
      return [
        ...(await strayed(stage.lab, 'source')),
        ...residue(before, await traces(stage.lab, login), stage.lab.json.electionPath).map(
          (left) => `residue: ${left}`,
        ),
      ];
    case 'waiting':
      return isTrue(status?.incidents ?? [], injector.records, stage.lab.json)
        ? []
        : [`it waits without a true explanation: ${status?.waitingFor?.what ?? ''}`];
    case 'refused':
    case 'terminated':
      // Terminated later than gate `begin`, it was taken over, and that is the end to judge.
      return residue(before, await traces(stage.lab, login), 'none').map((left) => `${end}, yet ${left}`);
    case 'stranded':
    case 'nowhere':
      return [`it ended ${end}${failure === null ? '' : `: ${failure}`}, in ${status?.phase ?? 'no phase'}`];
  }
}

/** Promise 4: no gate passed and nothing skipped without a person's word. */
function surprises({ acts, injector, status, tookOver, writtenBeforeBegin }: RunToJudge): string[] {
  const given = [...acts.approvals, ...injector.injected.flatMap(({ approvals = [] }) => approvals)];
  // What was approved of a migration opens no gate of the one that takes it over.
  const since = tookOver?.at ?? -Infinity;
  const ofFirst = given.filter(({ at }) => at < since);
  const ofLast = given.filter(({ at }) => at >= since);
  const decided = ({ incident, action }: Decision) =>
    acts.decisions.some((own) => own.incident === incident && own.action === action);
  return [
    ...writtenBeforeBegin.map((place) => `before gate begin was approved: ${place}`),
    ...(tookOver?.status ? unapproved(tookOver.status, ofFirst, false) : []),
    ...(status ? unapproved(status, ofLast, tookOver !== null) : []),
    ...(status?.decisions ?? [])
      .filter((one) => !decided(one))
      .map((d) => `nobody decided ${d.action} of ${d.incident}`),
  ];
}

function together(all: readonly DeclaredLosses[]): DeclaredLosses {
  return {
    agents: all.flatMap(({ agents = [] }) => agents),
    tasks: all.flatMap(({ tasks = [] }) => tasks),
    tasksOfAgents: all.flatMap(({ tasksOfAgents = [] }) => tasksOfAgents),
  };
}
