import { ApplicationFailure, sleep } from '@temporalio/workflow';
import type { Election } from '../../activities/contract.js';
import type { MasterConfig } from '../../src/domain/config.js';
import type { MasterUrl } from '../../src/domain/plan.js';
import type { Ferry } from '../ferry.js';
import { look, onHost, prove } from '../proxies.js';
import type { Phase } from '../saga.js';

/** Moves the masters onto the observers: standbys one by one, the leading master last. */
export function moveMasters(ferry: Ferry): Phase {
  return {
    name: 'move-masters',
    rollbackCost: 'agents, schedulers and masters restart once more, back onto source: one master failover',
    apply: () => repointMasters(ferry, ferry.destination.towards, ferry.destination.url, false, 'source'),
    compensate: () => repointMasters(ferry, 'source', ferry.plan.urls.source, true, 'source'),
  };
}

/**
 * Restarts each master onto `url` and waits until it has rejoined the log on every master
 * (`ensemble_size` = N) before the next, so that the registry keeps its quorum throughout.
 *
 * @param through the ensemble in whose tree the election stands meanwhile
 */
export async function repointMasters(
  ferry: Ferry,
  towards: string,
  url: MasterUrl,
  restore: boolean,
  through: 'source' | 'target',
): Promise<void> {
  const { config } = ferry;
  const step = ferry.nextStep();
  // On the way back a master that does not answer is what has to be mended: it comes first.
  const order = silentFirst(config.masters, await electionOf(ferry, through, restore));
  for (const [index, master] of order.entries()) {
    if (!restore) await ferry.desk.safePoint();
    ferry.record.progress(index, order.length, 0);
    // Read again before each: a failover may have changed who leads and what it left behind.
    const own = (await electionOf(ferry, through, restore)).contenders.filter(
      (contender) => contender.master === master.name,
    );
    await onHost(`adopt ${master.name}`).adoptHost({ ...step, host: master, ...(restore ? {} : { config }) });
    const repoint = await onHost(`restart ${master.name} onto ${towards}`).repointMaster({
      ...step,
      master,
      url: restore ? null : url,
    });
    const { backAfterMs } = await prove(`wait for ${master.name} to rejoin election and log`).awaitMaster({
      config,
      master,
      repoint,
      ghosts: repoint.changed ? own.flatMap((contender) => [contender.znode, ...contender.replicas]) : [],
      url,
      patienceMs: config.policy.timeouts.masterMs,
    });
    if (repoint.changed) ferry.measure('masters', backAfterMs);
    ferry.record.progress(index + 1, order.length, 0);
  }
  await requireAgentsBack(ferry);
}

/** The last restart was the leading master's, so every agent has had to register with the next one. */
async function requireAgentsBack(ferry: Ferry): Promise<void> {
  const expectedIds = ferry.plan.agents.filter(({ id }) => !ferry.postponed.has(id)).map(({ id }) => id);
  const agents = await prove('wait for the agents to follow the new leading master').awaitAgentsBack({
    config: ferry.config,
    expectedIds,
    patienceMs: ferry.config.policy.timeouts.agentMs,
  });
  const missing = ferry.lateAmong(agents);
  if (missing.length === 0) return;
  throw ApplicationFailure.nonRetryable(
    `${missing.length} agents have not followed the new leading master: ${ferry.tellAgents(missing)}`,
    'FERRY_AGENTS_LATE',
    {
      host: null,
      remedy: 'They have agent_reregister_timeout (10 minutes) from the election; look at their logs, then retry',
    },
  );
}

/**
 * Who contends and leads, once every master answers: one may still be starting, restarted by the
 * step before, by the failover it caused, or by the way forward that was cut short.
 *
 * @param mayBeSilent go on without those that do not answer in time, because they are what is to be restored
 */
async function electionOf(ferry: Ferry, through: 'source' | 'target', mayBeSilent: boolean): Promise<Election> {
  const { config } = ferry;
  const until = Date.now() + config.policy.timeouts.masterMs;
  for (;;) {
    const election = await look(`read the election in ${through}`).readElection({ config, through });
    const [silent] = election.unknown;
    if (silent === undefined) return election;
    if (Date.now() >= until) {
      if (mayBeSilent) return election;
      throw ApplicationFailure.nonRetryable(
        `masters do not answer: ${election.unknown.join(', ')}`,
        'FERRY_MASTER_UNKNOWN',
        { host: silent, remedy: 'Bring every master back before the next one is restarted, then retry' },
      );
    }
    await sleep(1_000, { summary: `wait for ${silent} to answer` });
  }
}

/** Those that do not answer, then standbys, the leading master last. */
function silentFirst(masters: readonly MasterConfig[], { leader, unknown }: Election): MasterConfig[] {
  const rank = ({ name }: MasterConfig): number => (unknown.includes(name) ? 0 : name === leader ? 2 : 1);
  return [...masters].sort((a, b) => rank(a) - rank(b));
}
