import { ActivityFailure, ApplicationFailure, patched } from '@temporalio/workflow';
import type { EnsembleName } from '../../activities/contract.js';
import { RollbackOrdered } from '../desk.js';
import type { Ferry } from '../ferry.js';
import { onHost, prove } from '../proxies.js';
import type { Publishing } from '../publishing.js';
import { AGENT_ACTIONS, incidentOf, type Phase } from '../saga.js';
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
export function nobodyWaits(ferry: Ferry, ensemble: EnsembleName): Promise<void> | null {
  if (!patched('nobody-waits')) return null;
  return vouchedOrProved(ferry, ensemble);
}

/** A host that is dead for good can never be looked at: where nothing else is in doubt, a person may vouch for it. */
async function vouchedOrProved(ferry: Ferry, ensemble: EnsembleName): Promise<void> {
  const { config, desk, record } = ferry;
  const vouched = ferry.vouched[ensemble];
  for (;;) {
    try {
      await prove(`prove that every master belongs to ${ensemble}`).provesMastersOn({
        config,
        ensemble,
        patienceMs: config.policy.timeouts.masterMs,
        ...(vouched.size === 0 ? {} : { passOver: [...vouched] }),
      });
      return;
    } catch (cause) {
      const hosts = unseenIn(cause);
      if (hosts.length === 0 || !patched('unseen-masters')) throw cause;
      const goesBack = desk.rollbackOrderedBy !== null;
      const other = ensemble === 'target' ? 'source' : 'target';
      const incident = incidentOf(cause);
      const remedy = `${incident.remedy}; skip goes on without ${hosts.join(', ')}: whoever chooses it vouches that none of them will come back pointing at ${other}, where it would lead beside the leader in ${ensemble}`;
      const action = await desk.decide({ ...incident, remedy }, goesBack ? ['retry', 'skip'] : AGENT_ACTIONS);
      if (action === 'rollback') throw new RollbackOrdered(desk.rollbackOrderedBy ?? 'decision');
      record.state(goesBack ? 'rolling-back' : 'running');
      if (action === 'skip') for (const host of hosts) vouched.add(host);
    }
  }
}

/** The masters that a failed proof only could not see; none where anything else speaks against it. */
function unseenIn(cause: unknown): readonly string[] {
  const failure = cause instanceof ActivityFailure ? cause.cause : undefined;
  if (!(failure instanceof ApplicationFailure) || failure.type !== 'FERRY_MASTERS_UNSEEN') return [];
  return (failure.details?.[0] as { hosts?: readonly string[] } | undefined)?.hosts ?? [];
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
