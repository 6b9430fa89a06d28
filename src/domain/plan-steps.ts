import type { ClusterConfig, HostConfig, MasterUrlPlace } from './config.js';
import { formatMasterUrl } from './master-url.js';
import { clientDestination, type MasterUrl, type Plan, type PlanStep } from './plan.js';

type Parts = Pick<Plan, 'agents' | 'frameworks' | 'urls' | 'raiseEpoch'>;

/** What happens on which host, in order, with the values before and after and the way back. */
export function planSteps(config: ClusterConfig, parts: Parts): PlanStep[] {
  return config.strategy === 'observers' ? observersSteps(config, parts) : dualPublishingSteps(config, parts);
}

function observersSteps(config: ClusterConfig, parts: Parts): PlanStep[] {
  const { policy } = config;
  const { source, target } = parts.urls;
  const observers = clientDestination(parts).url;
  return [
    ...prepareSteps(config, parts),
    ...observerSteps(config),
    ...clientSteps(config, parts, { from: source, to: observers }),
    ...masterSteps(config, { from: source, to: observers }),
    ...observersCutOver(config),
    soakStep(config),
    ...(policy.settle
      ? [
          ...clientSteps(config, parts, { from: observers, to: target, phase: 'settle' }),
          ...masterSteps(config, { from: observers, to: target, phase: 'settle' }),
        ]
      : []),
    ...(policy.retireObservers
      ? config.observers.map(({ name }) =>
          step('retire-observers', name, 'stop the observer and restore the host', 'none: the migration is complete', {
            expectedMs: 5_000,
            worstMs: policy.timeouts.serverMs,
          }),
        )
      : []),
  ];
}

function dualPublishingSteps(config: ClusterConfig, parts: Parts): PlanStep[] {
  const { source, target } = parts.urls;
  return [
    ...prepareSteps(config, parts),
    ...publishSteps(config),
    ...clientSteps(config, parts, { from: source, to: target }),
    ...mastersCutOver(config, { from: source, to: target }),
    soakStep(config),
  ];
}

function prepareSteps({ target, electionPath, cluster, policy }: ClusterConfig, { raiseEpoch }: Parts): PlanStep[] {
  const raise = target.servers.flatMap(({ name }) => [
    step(
      'prepare-target',
      name,
      'stop, raise acceptedEpoch above source, start; all servers of target together',
      'old epoch files back, or forward to one epoch on all',
      {
        affects: 'whoever uses target already: all its servers are down together',
        expectedMs: 15_000,
        worstMs: policy.timeouts.serverMs,
      },
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

function observerSteps({ observers, policy }: ClusterConfig): PlanStep[] {
  const ms = { expectedMs: 10_000, worstMs: policy.timeouts.serverMs };
  return observers.flatMap(({ name }) => [
    step('add-observers', name, 'rehearse as an observer of target, and measure', 'stop, remove files', ms),
    step('add-observers', name, 'run as an observer of source', 'stop, restore the host as it was found', ms),
  ]);
}

function publishSteps({ electionPath, cluster, masters }: ClusterConfig): PlanStep[] {
  const publish = (what: string, undo: string): PlanStep => step('publish', null, what, undo);
  return [
    publish(
      `raise the create counter of ${electionPath} in target above every number in source`,
      'none: a counter cannot be lowered, which is harmless',
    ),
    publish(
      `close target's door: take CREATE off ${electionPath} and ${electionPath}/log_replicas, the ACLs found kept in /zkferry-door-${cluster}`,
      'the ACLs that were found back, the znode deleted',
    ),
    publish(
      `publish the contenders of source in target (${names(masters)}); owner znode /zkferry-publisher-${cluster}`,
      'withdraw the mirrors, delete the owner znode',
    ),
    publish(
      'from now on a master that stands for election in target before the cut-over is stopped at once',
      'start it again on source',
    ),
  ];
}

interface Move {
  readonly from: MasterUrl;
  readonly to: MasterUrl;
  /** Default: the move's own phase. */
  readonly phase?: string;
}

type MovedProcess = HostConfig & { readonly unit: string; readonly masterUrl: MasterUrlPlace };

function moveStep(
  phase: string,
  { name, unit, masterUrl }: MovedProcess,
  { from, to, phase: instead }: Move,
  more: Noticed,
): PlanStep {
  const what = `set ${placeText(masterUrl)} and restart ${unit}`;
  return {
    ...step(instead ?? phase, name, what, 'the original line back, and restart', more),
    ...beforeAndAfter({ from, to }),
  };
}

function clientSteps({ policy }: ClusterConfig, { agents, frameworks }: Parts, move: Move): PlanStep[] {
  const { agentMs, frameworkMs } = policy.timeouts;
  return [
    ...agents.map(({ agent }) =>
      moveStep('move-agents', agent, move, {
        affects: `agent ${agent.name}: away from its master until it registers again; its tasks keep running`,
        expectedMs: 10_000,
        worstMs: agentMs,
      }),
    ),
    ...frameworks.flatMap(({ framework: { name, instances } }) =>
      instances.map((one) =>
        moveStep('move-frameworks', one, move, {
          affects: `framework ${name}: without a scheduler until it has failed over; its tasks keep running`,
          expectedMs: 10_000,
          worstMs: frameworkMs,
        }),
      ),
    ),
  ];
}

function masterSteps({ masters, policy }: ClusterConfig, move: Move): PlanStep[] {
  const affects = 'nobody while it is a standby; the leading one comes last and costs one failover';
  const more = { affects, expectedMs: 15_000, worstMs: policy.timeouts.masterMs };
  return masters.map((master) => moveStep('move-masters', master, move, more));
}

function observersCutOver({ observers, masters }: ClusterConfig): PlanStep[] {
  const undo = 'the observers back to source behind the same barrier, inside the budget';
  const cutOver = (host: string | null, what: string, back: string): PlanStep =>
    step('cut-over', host, what, back, { affects: WITHOUT_LEADER });
  return [
    cutOver(null, `hold all masters (${names(masters)}) and stop the leading one`, 'lift the holds and start it again'),
    cutOver(null, `stop all observers (${names(observers)})`, 'start them on source as they are'),
    cutOver(null, 'barrier: every observer is down and no master claims to lead', 'as above'),
    ...observers.map(({ name }) =>
      cutOver(name, 'set the data of source aside and start as an observer of target', undo),
    ),
    cutOver(null, 'lift the holds; a master is elected in target and recovers its registry', undo),
  ];
}

function mastersCutOver({ masters, electionPath }: ClusterConfig, move: Move): PlanStep[] {
  const undo = 'stop all masters, and the same towards source behind the same barrier, inside the budget';
  const cutOver = (what: string, host: string | null = null, back = undo): PlanStep =>
    step('cut-over', host, what, back, { affects: WITHOUT_LEADER });
  return [
    cutOver(`hold and stop all masters (${names(masters)})`, null, 'start them on source as they are'),
    ...masters.map(({ name, masterUrl }) => ({
      ...cutOver(`set ${placeText(masterUrl)} while the master is down`, name, 'the original file back'),
      ...beforeAndAfter(move),
    })),
    cutOver(
      "barrier: every master is down and its URL target's; source's door is closed and nobody stands there; the mirrors are withdrawn",
    ),
    cutOver(`open target's door: the ACLs that were found back on ${electionPath} and ${electionPath}/log_replicas`),
    cutOver('start all masters; one is elected in target and recovers its registry'),
  ];
}

function soakStep({ policy }: ClusterConfig): PlanStep {
  return step('soak', null, `watch the cluster for ${String(policy.soakMs / 1000)} s`, 'cut over the other way round', {
    expectedMs: policy.soakMs,
    worstMs: policy.soakMs,
  });
}

/** Credentials are shown nowhere. */
function beforeAndAfter({ from, to }: Move): Pick<PlanStep, 'before' | 'after'> {
  return { before: formatMasterUrl(from, null), after: formatMasterUrl(to, null) };
}

function names(hosts: readonly { readonly name: string }[]): string {
  return hosts.map(({ name }) => name).join(', ');
}

function placeText(place: MasterUrlPlace): string {
  return place.kind === 'file' ? place.path : `${place.key} in ${place.path}`;
}

const WITHOUT_LEADER = 'everybody: no master leads until one is elected in target; tasks keep running';

type Noticed = Partial<Pick<PlanStep, 'affects' | 'expectedMs' | 'worstMs'>>;

function step(
  phase: string,
  host: string | null,
  what: string,
  undo: string,
  { affects = 'nobody', expectedMs = null, worstMs = null }: Noticed = {},
): PlanStep {
  return { phase, host, what, before: null, after: null, undo, affects, expectedMs, worstMs };
}
