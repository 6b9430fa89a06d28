import type { ClusterConfig } from '../config.js';
import { makePlan } from '../make-plan.js';
import type { Plan, PlanStep } from '../plan.js';
import type { Survey } from '../survey.js';
import type { Observation, Observed } from './observation.js';
import { standingOf } from './standing.js';
import type { Taking } from './take-over-rules.js';

/** The plan of a take-over: the way back to source, newest first, as far as it can be seen beforehand. */
export function takeOverPlan(config: ClusterConfig, survey: Survey, seen: Observation, taking: Taking): Plan {
  return {
    ...makePlan(config, survey),
    steps: steps(config, seen, taking),
    pointOfNoReturn: 'None: the take-over only goes back to source, and can be repeated from wherever it stops',
  };
}

function steps(config: ClusterConfig, seen: Observation, { from }: Taking): PlanStep[] {
  const { standing, why } = standingOf(config, seen);
  const crossing = config.strategy === 'observers' ? 'all masters and all observers' : 'all masters';
  return [
    step('take over', null, `lock, markers and every host pass from ${from} to this migration, which fences it off`),
    ...(standing === 'source'
      ? []
      : [
          step(
            'cut-over',
            null,
            `${crossing} are stopped, and started on source behind the barrier: ${why.join('; ')}`,
          ),
        ]),
    // By dual-publishing masters cross in the window alone.
    ...(config.strategy === 'observers' ? moved('move-masters', seen.masters) : []),
    ...moved('move-frameworks', seen.frameworks),
    // A leading master lists them in an order of its own, and the plan of the same agents is the same.
    ...moved(
      'move-agents',
      [...seen.agents].sort((a, b) => (a.host.name < b.host.name ? -1 : 1)),
    ),
    ...(config.strategy === 'dual-publishing'
      ? [step('publish', null, 'mirrors are withdrawn from target, both doors are left as they were found')]
      : seen.observers.map(({ host }) => step('add-observers', host.name, 'the observer is stopped and removed'))),
    step('prepare-target', null, 'target is brought into quorum if it is not; markers and empty parents are removed'),
    step('clean-up', null, 'no file of ours is left on any host, and the lock is released'),
  ];
}

function moved(phase: string, hosts: readonly Observed[]): PlanStep[] {
  return hosts.flatMap(({ host, facts }) => {
    if (facts === null || facts.original === null) return [];
    return [
      { ...step(phase, host.name, 'its file as it was found, and one restart'), before: facts.file, after: 'source' },
    ];
  });
}

function step(phase: string, host: string | null, what: string): PlanStep {
  const undo = 'nothing: this is the way back';
  const affects =
    phase === 'cut-over'
      ? 'everybody: no master leads until one is elected in source; tasks keep running'
      : phase.startsWith('move-')
        ? `${host ?? ''}, for the time of its restart; tasks keep running`
        : 'nobody';
  return { phase, host, what, before: null, after: null, undo, affects, expectedMs: null, worstMs: null };
}
