import { patched } from '@temporalio/workflow';
import type { EnsembleName } from '../../activities/contract.js';
import type { Ferry } from '../ferry.js';
import { onHost, prove } from '../proxies.js';
import type { Publishing } from '../publishing.js';
import type { Phase } from '../saga.js';
import type { Closing } from './epilogue.js';
import { leaveNobodyBehind } from './fleet.js';

/**
 * Publishes the election of source in target, so that both name the same leader.
 *
 * Three things keep a master that starts on target too early from leading there, in this order: the
 * create counter, so that mirrors sort before it (Z 8); the closed door, so that it cannot stand at
 * all (S3); the watch, which stops it (S19).
 */
export function publish(ferry: Ferry, publishing: Publishing): Phase {
  const { publishing: scope } = ferry;
  // Set before it is asked for: without an answer it counts as closed.
  let mayBeClosed = ferry.found !== null;
  return {
    name: 'publish',
    rollbackCost: 'the mirrors are withdrawn from target and its door is opened again; nobody uses them yet',
    apply: async () => {
      await keepMasterUrls(ferry);
      // Both doors rest on it: target's from here on, source's in the window.
      await onHost('prove that source enforces ACLs').proveAcls({ ...scope, ensemble: 'source' });
      await onHost('prove that target enforces ACLs').proveAcls({ ...scope, ensemble: 'target' });
      await onHost('raise the create counter of target').raiseCounter(scope);
      mayBeClosed = true;
      await onHost('close the door of target').closeDoor({
        ...ferry.nextPublishingStep(),
        ensemble: 'target',
      });
      await onHost('create the owner znode of the publisher').preparePublisher(ferry.nextPublishingStep());
      publishing.start();
      await prove('wait until every contender is mirrored').awaitMirrored({
        ...scope,
        patienceMs: ferry.config.policy.timeouts.serverMs,
      });
      publishing.startWatch();
    },
    compensate: async () => {
      await leaveNobodyBehind(ferry);
      const stopped = publishing.stop();
      // While target's door is closed: a master that was not stopped after all would lead there once it is open.
      if (publishing.hasStopped && patched('restart-before-door')) await publishing.restartStopped();
      const proof = mayBeClosed ? nobodyWaits(ferry, 'source') : null;
      if (proof !== null) await proof;
      await onHost('end the publisher and withdraw its mirrors').removePublisher(scope);
      await onHost('open the door of target').removeDoor({ ...scope, ensemble: 'target' });
      // Closed only in the window; its way back opened it again.
      await onHost('leave source as it was found').removeDoor({ ...scope, ensemble: 'source' });
      await publishing.restartStopped();
      await stopped;
    },
  };
}

/** Each master's file as it is now, while it names source, is what the way back puts in place again. */
async function keepMasterUrls(ferry: Ferry): Promise<void> {
  const step = ferry.nextStep();
  await Promise.all(
    ferry.config.masters.map(async (master) => {
      await onHost(`adopt ${master.name}`).adoptHost({ ...step, host: master, config: ferry.config });
      await onHost(`park the URL of target on ${master.name}`).parkMasterUrl({
        ...step,
        master,
        url: ferry.plan.urls.target,
      });
    }),
  );
}

/**
 * A closed door turns a master away that was pointed at the other side (configuration management, a
 * person), again and again; once the door is open for good it leads there at its next start, beside
 * the one that leads already. So nobody is behind it, or it stays closed.
 *
 * @returns null in a migration that got here before this was looked at: even an empty wait would change what it replays.
 */
export function nobodyWaits({ config }: Ferry, ensemble: EnsembleName): Promise<void> | null {
  if (!patched('nobody-waits')) return null;
  return prove(`prove that every master belongs to ${ensemble}`).provesMastersOn({
    config,
    ensemble,
    patienceMs: config.policy.timeouts.masterMs,
  });
}

/** After gate `complete`: neither the publisher nor a closed door is left. */
export function endPublishing(ferry: Ferry, publishing: Publishing): Closing {
  const { publishing: scope } = ferry;
  return {
    name: 'end-publishing',
    run: async () => {
      const stopped = publishing.stop();
      const proof = nobodyWaits(ferry, 'target');
      if (proof !== null) await proof;
      await onHost('end the publisher').removePublisher(scope);
      await onHost('forget the door of target').removeDoor({ ...scope, ensemble: 'target' });
      await onHost('leave source as it was found').removeDoor({ ...scope, ensemble: 'source' });
      await stopped;
    },
  };
}
