import { patched } from '@temporalio/workflow';
import type { ObserverStep } from '../../activities/contract.js';
import type { ServerConfig } from '../../src/domain/config.js';
import type { Ferry } from '../ferry.js';
import { onHost, prove } from '../proxies.js';
import type { Phase } from '../saga.js';
import { leaveNobodyBehind } from './fleet.js';
import { releaseHosts } from './prepare-target.js';

/**
 * Puts the observers on source. First the rehearsal: while no client uses them, the same processes
 * run as observers of target, all at once, so that stopping, starting and syncing are measured on
 * the very hosts and under the load of the window.
 */
export function addObservers(ferry: Ferry): Phase {
  const { config } = ferry;
  return {
    name: 'add-observers',
    rollbackCost: 'observers are stopped and removed; no client uses them yet',
    apply: async () => {
      const step = ferry.nextStep();
      await all(ferry, (observer) => onHost(`adopt ${observer.name}`).adoptHost({ ...step, host: observer, config }));
      // Once only: after it observers may run on source, and none of them may join target then.
      if (ferry.measured === null || !patched('rehearse-once')) await rehearse(ferry);
      await join(ferry, 'source');
    },
    compensate: async () => {
      await leaveNobodyBehind(ferry);
      const step = ferry.nextStep();
      await all(ferry, (observer) => onHost(`adopt ${observer.name}`).adoptHost({ ...step, host: observer }));
      await all(ferry, (observer) => onHost(`remove ${observer.name}`).removeObserver({ ...step, observer }));
      await releaseHosts(ferry, config.observers);
    },
  };
}

async function rehearse(ferry: Ferry): Promise<void> {
  const startAndSyncMs = await join(ferry, 'target');
  const stopping = ferry.nextStep();
  const stops = await all(ferry, (observer) =>
    onHost(`stop ${observer.name} after the rehearsal`).stopObserver({ ...stopping, observer, deadline: null }),
  );
  ferry.measured = { startAndSyncMs, stopMs: Math.max(...stops.map(({ tookMs }) => tookMs)) };
}

/** Installs every observer into an ensemble. @returns what that took, with the steps' own overhead, as in the window. */
async function join(ferry: Ferry, ensemble: 'source' | 'target'): Promise<number> {
  const { config } = ferry;
  const base = observerStep(ferry);
  const since = Date.now();
  await all(ferry, async (observer) => {
    await onHost(`start ${observer.name} as an observer of ${ensemble}`).installObserver({
      ...base,
      observer,
      ensemble,
    });
    await prove(`wait until ${observer.name} is synced with ${ensemble}`).awaitObserver({
      config,
      observer,
      ensemble,
      patienceMs: config.policy.timeouts.serverMs,
    });
  });
  return Date.now() - since;
}

/** What every step on an observer needs to know of both ensembles. */
export function observerStep(ferry: Ferry): Omit<ObserverStep, 'observer'> {
  const { config, plan } = ferry;
  return {
    ...ferry.nextStep(),
    source: { servers: config.source.servers, reconfigEnabled: plan.reconfigEnabled.source },
    target: { servers: config.target.servers, reconfigEnabled: plan.reconfigEnabled.target },
  };
}

function all<T>(ferry: Ferry, act: (observer: ServerConfig) => Promise<T>): Promise<T[]> {
  return Promise.all(ferry.config.observers.map(act));
}
