import { ApplicationFailure, patched } from '@temporalio/workflow';
import type { HostStep } from '../../activities/contract.js';
import type { AgentConfig, HostConfig, MasterConfig } from '../../src/domain/config.js';
import type { Ferry } from '../ferry.js';
import { onHost, prove } from '../proxies.js';
import { moveFleet } from './fleet.js';
import { repointFrameworks } from './move-frameworks.js';
import { repointMasters } from './move-masters.js';
import { releaseHosts } from './prepare-target.js';
import { incidentOf } from '../saga.js';

/** A step at the end, after which nothing is undone: repeated until it holds or a person skips it. */
export interface Closing {
  readonly name: string;
  run(): Promise<void>;
}

/** Frameworks, agents and masters repointed at target itself, rolling. */
export function settle(ferry: Ferry): Closing {
  const url = ferry.plan.urls.target;
  return {
    name: 'settle',
    run: async () => {
      await repointFrameworks(ferry, 'target', url, false);
      await moveFleet(ferry, { towards: 'target', url, restore: false, agents: ferry.plan.agents });
      await repointMasters(ferry, 'target', url, false, 'target');
    },
  };
}

/** Stops and removes the observers; the data set aside is deleted only now. */
export function retireObservers(ferry: Ferry): Closing {
  const { config } = ferry;
  return {
    name: 'retire-observers',
    run: async () => {
      await prove('prove that no client is left on the observers').provesObserversIdle({
        config,
        patienceMs: 3 * config.policy.timeouts.sessionMs,
      });
      const step = ferry.nextStep();
      await Promise.all(
        config.observers.map(async (observer) => {
          await onHost(`remove ${observer.name}`).removeObserver({ ...step, observer });
          await onHost(`discard old data on ${observer.name}`).discardSetAside({ ...step, observer });
        }),
      );
    },
  };
}

/** Leaves nothing of ours behind: state folders, drop-ins, parked files, markers, the lock. */
export function leaveNothing(ferry: Ferry): Closing {
  return {
    name: 'clean-up',
    run: async () => {
      const { config, migration } = ferry;
      await releaseClients(ferry);
      const step = ferry.nextStep();
      await Promise.all(
        config.observers.map((observer) =>
          onHost(`discard old data on ${observer.name}`).discardSetAside({ ...step, observer }),
        ),
      );
      await releaseHosts(ferry, [...config.observers, ...(ferry.plan.raiseEpoch ? config.target.servers : [])]);
      await onHost('remove the markers').cleanTrees({ config, migration, removeParents: false });
      await onHost('release the lock').releaseLock({ config, migration });
    },
  };
}

/**
 * After a rollback: the hosts of agents, schedulers and masters are left without a file of ours, and
 * what is left all the same is found and named. ZooKeeper hosts were left by their own phases.
 */
export function leaveAsFound(ferry: Ferry): Closing {
  return {
    name: 'clean-up',
    run: async () => {
      await releaseClients(ferry);
      const { findings } = await prove('look for residue').findResidue({ config: ferry.config });
      const left = findings.filter(({ verdict }) => verdict === 'block');
      if (left.length === 0) return;
      throw ApplicationFailure.nonRetryable(left.map(({ seen }) => seen).join('; '), 'FERRY_RESIDUE', {
        host: left[0]?.host ?? null,
        remedy: left[0]?.remedy ?? 'Remove it by hand, then retry',
      });
    },
  };
}

/** Agents, schedulers and masters: in batches, since a fleet may be large. Those that were given up come last, each by itself. */
async function releaseClients(ferry: Ferry): Promise<void> {
  const step = ferry.nextStep();
  const { config, plan, vouched } = ferry;
  const kept = new Set(plan.agents.filter(({ id }) => !ferry.lost.has(id)).map(({ agent }) => agent.name));
  const isVouched = ({ name }: MasterConfig): boolean => vouched.source.has(name) || vouched.target.has(name);
  const agents = plan.agents.map(({ agent }) => agent);
  const lost = agents.filter(({ name }) => !kept.has(name));
  const hosts = [
    ...agents.filter(({ name }) => kept.has(name)),
    ...plan.frameworks.flatMap(({ framework }) => framework.instances),
    ...config.masters.filter((master) => !isVouched(master)),
  ];
  for (let at = 0; at < hosts.length; at += 50) {
    await Promise.all(
      hosts
        .slice(at, at + 50)
        .map((host) => onHost(`release ${host.name}`).releaseHost({ ...step, host, units: [host.unit] })),
    );
  }
  const isBack = ferry.desk.rollbackOrderedBy !== null;
  for (const agent of lost) {
    const release = releaseOf(step, agent);
    if (isBack && patched('restore-lost')) {
      const left = `skip leaves what zkferry has written on ${agent.name}, and its master URL as it is: it was given up`;
      await giveUpOrDo(ferry, agent, left, async () => {
        await onHost(`adopt ${agent.name}`).adoptHost({ ...step, host: agent });
        await onHost(`restart ${agent.name} onto source`).repointAgent({ ...step, agent, url: null });
        await release();
      });
    } else await giveUpOrDo(ferry, agent, leaves(agent), release);
  }
  for (const master of config.masters.filter(isVouched)) {
    await giveUpOrDo(ferry, master, leaves(master), releaseOf(step, master));
  }
}

const releaseOf = (step: HostStep, host: AgentConfig | MasterConfig) => () =>
  onHost(`release ${host.name}`).releaseHost({ ...step, host, units: [host.unit] });

const leaves = ({ name }: HostConfig): string => `skip leaves what zkferry has written on ${name}, which was given up`;

/** A host that was given up keeps nobody else's from being cleaned; what stays on it is told by name. */
async function giveUpOrDo(ferry: Ferry, host: HostConfig, left: string, work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await work();
      return;
    } catch (cause) {
      const incident = incidentOf(cause);
      const remedy = `${incident.remedy}; ${left}`;
      const action = await ferry.desk.decide({ ...incident, host: host.name, remedy }, ['retry', 'skip']);
      ferry.goOn();
      if (action === 'skip') return;
    }
  }
}
