import type { ClusterConfig, MasterUrlPlace } from './config.js';
import { formatMasterUrl } from './master-url.js';
import { clientDestination, type Plan, type PlanStep } from './plan.js';

type Parts = Pick<Plan, 'agents' | 'frameworks' | 'urls' | 'raiseEpoch'>;

/** What happens on which host, in order, with the values before and after and the way back. */
export function planSteps(config: ClusterConfig, parts: Parts): PlanStep[] {
  const { policy } = config;
  const destination = clientDestination(parts).url;
  return [
    ...prepareSteps(config, parts),
    ...observerSteps(config),
    ...moveSteps(config, parts, parts.urls.source, destination, ''),
    ...cutOverSteps(config),
    step('soak', null, `watch the cluster for ${String(policy.soakMs / 1000)} s`, 'cut over the other way round', {
      expectedMs: policy.soakMs,
      worstMs: policy.soakMs,
    }),
    ...(policy.settle ? moveSteps(config, parts, destination, parts.urls.target, 'settle') : []),
    ...(policy.retireObservers
      ? config.observers.map(({ name }) =>
          step('retire-observers', name, 'stop the observer and restore the host', 'none: the migration is complete'),
        )
      : []),
  ];
}

function prepareSteps({ target, electionPath, cluster }: ClusterConfig, { raiseEpoch }: Parts): PlanStep[] {
  const raise = target.servers.flatMap(({ name }) => [
    step(
      'prepare-target',
      name,
      'stop, raise acceptedEpoch above source, start; all servers of target together',
      'old epoch files back, or forward to one epoch on all',
    ),
  ]);
  return [
    step('prepare-target', null, `create the lock znode /zkferry-${cluster} in source`, 'delete it'),
    step(
      'prepare-target',
      null,
      `create the marker znode /zkferry-marker-${cluster} in source and target`,
      'delete it',
    ),
    step(
      'prepare-target',
      null,
      `create ${electionPath} and ${electionPath}/log_replicas in target with source's ACL`,
      'delete them while nobody but zkferry has a session there',
    ),
    ...(raiseEpoch ? raise : []),
  ];
}

function observerSteps({ observers }: ClusterConfig): PlanStep[] {
  return observers.flatMap(({ name }) => [
    step('add-observers', name, 'rehearse as an observer of target, and measure', 'stop, remove files'),
    step('add-observers', name, 'run as an observer of source', 'stop, restore the host as it was found'),
  ]);
}

function moveSteps(
  config: ClusterConfig,
  { agents, frameworks }: Parts,
  from: Plan['urls']['source'],
  to: Plan['urls']['source'],
  phase: string,
): PlanStep[] {
  const { timeouts } = config.policy;
  // Credentials are shown nowhere.
  const [before, after] = [formatMasterUrl(from, null), formatMasterUrl(to, null)];
  const move = (
    name: string,
    host: string,
    unit: string,
    place: MasterUrlPlace,
    ms: { expectedMs: number; worstMs: number },
  ): PlanStep => ({
    ...step(
      phase === '' ? name : phase,
      host,
      `set ${placeText(place)} and restart ${unit}`,
      'the original line back, and restart',
      ms,
    ),
    before,
    after,
  });
  return [
    ...agents.map(({ agent }) =>
      move('move-agents', agent.name, agent.unit, agent.masterUrl, { expectedMs: 10_000, worstMs: timeouts.agentMs }),
    ),
    ...frameworks.flatMap(({ framework }) =>
      framework.instances.map((instance) =>
        move('move-frameworks', instance.name, instance.unit, instance.masterUrl, {
          expectedMs: 10_000,
          worstMs: timeouts.frameworkMs,
        }),
      ),
    ),
    ...config.masters.map((master) =>
      move('move-masters', master.name, master.unit, master.masterUrl, {
        expectedMs: 15_000,
        worstMs: timeouts.masterMs,
      }),
    ),
  ];
}

function cutOverSteps({ observers, masters }: ClusterConfig): PlanStep[] {
  const undo = 'the observers back to source behind the same barrier, inside the budget';
  const all = (names: readonly { readonly name: string }[]): string => names.map(({ name }) => name).join(', ');
  return [
    step(
      'cut-over',
      null,
      `hold all masters (${all(masters)}) and stop the leading one`,
      'lift the holds and start it again',
    ),
    step('cut-over', null, `stop all observers (${all(observers)})`, 'start them on source as they are'),
    step('cut-over', null, 'barrier: every observer is down and no master claims to lead', 'as above'),
    ...observers.map(({ name }) =>
      step('cut-over', name, 'set the data of source aside and start as an observer of target', undo),
    ),
    step('cut-over', null, 'lift the holds; a master is elected in target and recovers its registry', undo),
  ];
}

function placeText(place: MasterUrlPlace): string {
  return place.kind === 'file' ? place.path : `${place.key} in ${place.path}`;
}

function step(
  phase: string,
  host: string | null,
  what: string,
  undo: string,
  { expectedMs = null, worstMs = null }: { expectedMs?: number | null; worstMs?: number | null } = {},
): PlanStep {
  return { phase, host, what, before: null, after: null, undo, expectedMs, worstMs };
}
