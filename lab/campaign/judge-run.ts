import { judgeLab } from '../judge-lab.js';
import type { DeclaredLosses } from '../judge/losses.js';
import type { Stage } from '../stage/stage.js';
import { setTimeout as delay } from 'node:timers/promises';
import type { Injector } from './injector.js';
import type { Operator } from './operator.js';
import type { RunRecord } from './run-record.js';
import type { Driven } from './run-scenario.js';
import type { Scenario } from './scenario.js';

export interface RunToJudge extends Driven {
  readonly stage: Stage;
  readonly scenario: Scenario;
  readonly injector: Injector;
  readonly operator: Operator;
  /** What the cluster still lacked long after the end; null = nothing. */
  readonly missing: string | null;
}

type Judged = Pick<RunRecord, 'judgement' | 'reasons' | 'verdicts' | 'overlapMs' | 'nativeOverlapMs'>;

/** One more round of the slowest watchers after the end. */
const LAST_ROUND_MS = 1_500;

/** Judges a run by its watchers and by what stands on hosts and in znodes; the migration's own word counts for nothing. */
export async function judgeRun(run: RunToJudge): Promise<Judged> {
  const { stage, scenario, injector, end, failure, missing } = run;
  await delay(LAST_ROUND_MS);
  const verdicts = await judgeLab(stage.lab.refresh(), {
    strategy: scenario.strategy,
    declaredLosses: together(injector.declared),
  });
  const broken = verdicts.reasons.filter((reason) => !isDoubt(reason));
  const reasons = [
    ...broken,
    ...(missing === null ? [] : [`the cluster did not come to rest: ${missing}`]),
    ...(end === 'nowhere' || end === 'stranded' ? [`it ended ${end}${failure === null ? '' : `: ${failure}`}`] : []),
    ...(end === 'refused' ? [`it was refused: ${failure ?? ''}`] : []),
    ...injector.records.flatMap(({ kind, error }) => (error === null ? [] : [`the lab: fault ${kind} ${error}`])),
  ];
  const judgement = reasons.length > 0 ? 'failed' : verdicts.proved ? 'passed' : 'unproved';
  return {
    judgement,
    reasons: reasons.length > 0 ? reasons : [...verdicts.reasons],
    verdicts,
    overlapMs: verdicts.overlapMs,
    nativeOverlapMs: null,
  };
}

/** What only says that the samples do not suffice. */
function isDoubt(reason: string): boolean {
  return /were not seen for|gave no sign of life|was not watched|were not watched/.test(reason);
}

function together(all: readonly DeclaredLosses[]): DeclaredLosses {
  return {
    agents: all.flatMap(({ agents = [] }) => agents),
    tasks: all.flatMap(({ tasks = [] }) => tasks),
    tasksOfAgents: all.flatMap(({ tasksOfAgents = [] }) => tasksOfAgents),
  };
}
