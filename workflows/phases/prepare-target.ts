import { ApplicationFailure, patched } from '@temporalio/workflow';
import type { HostStep } from '../../activities/contract.js';
import type { ServerConfig } from '../../src/domain/config.js';
import type { Ferry } from '../ferry.js';
import { look, onHost, prove } from '../proxies.js';
import { incidentOf, type Phase } from '../saga.js';

/**
 * Makes target ready to take over: lock, markers, parents with source's ACL, and its epoch raised
 * above source's (S16), because its servers refuse every client that has seen a higher zxid.
 */
export function prepareTarget(ferry: Ferry): Phase {
  const { config, migration } = ferry;
  // Whether and how far a migration that is taken over had raised it, only its servers know.
  const mayHaveRaised = ferry.found !== null && config.strategy === 'observers' && config.target.allowRestart;
  let raised: Raised | null = mayHaveRaised ? { to: null } : null;
  return {
    name: 'prepare-target',
    rollbackCost: 'markers and parents are removed from target; a raised epoch stays, which is harmless',
    apply: async () => {
      await lockOrStayOut(ferry);
      if (ferry.plan.raiseEpoch && !(await targetIsAhead(ferry))) {
        const { raiseTo } = await look('read the epochs').readEpochs({ config });
        raised = { to: raiseTo };
        await raiseEpoch(ferry, raiseTo);
      }
      // Servers report the new epoch only after its first write, so the trees come after the raise.
      await onHost('prepare the trees of target').prepareTrees({ config, migration });
      if (ferry.plan.raiseEpoch) await requireTargetAhead(ferry);
    },
    compensate: async () => {
      // What lies there is another migration's.
      if (ferry.lockedOut) return;
      if (raised !== null) await settleEpoch(ferry, raised);
      if (ferry.found !== null) await takeTarget(ferry);
      await onHost('clean the trees').cleanTrees({ config, migration, removeParents: true });
      await releaseHosts(ferry, config.target.servers);
      await onHost('release the lock').releaseLock({ config, migration });
    },
  };
}

/** The raise of the epoch has begun; `to` null = how far, only its servers know. */
interface Raised {
  readonly to: string | null;
}

/** Remembers that another migration holds the cluster: then nothing was written, and nothing may be undone. */
async function lockOrStayOut(ferry: Ferry): Promise<void> {
  const { config, migration } = ferry;
  try {
    await onHost('lock the cluster for this migration').acquireLock({ config, migration });
    ferry.lockedOut = false;
  } catch (cause) {
    ferry.lockedOut = incidentOf(cause).code === 'FERRY_LOCKED' && patched('locked-out');
    throw cause;
  }
}

/** The servers' epochs are checked as BigInts: they are 64-bit numbers' upper halves. */
async function targetIsAhead(ferry: Ferry): Promise<boolean> {
  const epochs = await look('compare the epochs').readEpochs({ config: ferry.config });
  return Object.values(epochs.target).every((epoch) => epoch !== null && BigInt(epoch) > BigInt(epochs.source));
}

async function raiseEpoch(ferry: Ferry, epoch: string): Promise<void> {
  const step = ferry.nextStep();
  await each(ferry, (server) =>
    onHost(`adopt ${server.name}`).adoptHost({ ...step, host: server, config: ferry.config }),
  );
  await stopAll(ferry, step); // barrier: no file changes before every server is proved stopped
  await each(ferry, (server) => onHost(`raise the epoch on ${server.name}`).writeEpoch({ ...step, server, epoch }));
  await startAll(ferry);
}

async function requireTargetAhead(ferry: Ferry): Promise<void> {
  if (await targetIsAhead(ferry)) return;
  throw ApplicationFailure.nonRetryable(
    'the epoch of target is not above that of source after the raise',
    'FERRY_EPOCH',
    {
      host: null,
      remedy: 'Retry; each try raises it again above whatever source holds then',
    },
  );
}

/** Old files back when no new leader formed, otherwise forward to the same epoch everywhere. */
async function settleEpoch(ferry: Ferry, { to: epoch }: Raised): Promise<void> {
  const report = await look('read the epochs').readEpochs({ config: ferry.config });
  const served = Object.values(report.target);
  const serves = served.every((one) => one !== null);
  // An epoch is only written to stopped servers, so where all serve nothing is half done. Where one does
  // not, the servers tell whether a leader has formed: they refuse their old files then.
  const formed = epoch !== null && served.some((one) => one !== null && BigInt(one) >= BigInt(epoch));
  if (serves && (formed || epoch === null)) return;
  const step = ferry.nextStep();
  await each(ferry, (server) => onHost(`adopt ${server.name}`).adoptHost({ ...step, host: server }));
  await stopAll(ferry, step);
  if (formed || !(await restoreAll(ferry, step))) {
    const { raiseTo } = await look('read the epochs').readEpochs({ config: ferry.config });
    await each(ferry, (server) =>
      onHost(`raise the epoch on ${server.name}`).writeEpoch({ ...step, server, epoch: raiseTo }),
    );
  }
  await startAll(ferry);
}

/** @returns false when a leader has formed since, so that a server refuses its old files */
async function restoreAll(ferry: Ferry, step: HostStep): Promise<boolean> {
  try {
    await each(ferry, (server) => onHost(`restore the epoch on ${server.name}`).restoreEpoch({ ...step, server }));
    return true;
  } catch (cause) {
    if (incidentOf(cause).code !== 'FERRY_HOST_STEP') throw cause;
    return false;
  }
}

async function stopAll(ferry: Ferry, step: HostStep): Promise<void> {
  await each(ferry, (server) => onHost(`stop ${server.name}`).stopServer({ ...step, server }));
}

async function startAll(ferry: Ferry): Promise<void> {
  const step = ferry.nextStep();
  await each(ferry, (server) => onHost(`start ${server.name}`).startServer({ ...step, server }));
  await prove('wait for the quorum of target').awaitQuorum({ config: ferry.config, ensemble: 'target' });
}

async function each(ferry: Ferry, act: (server: ServerConfig) => Promise<unknown>): Promise<void> {
  await Promise.all(ferry.config.target.servers.map(act));
}

/** Its znodes could not be taken over while it had no quorum. */
async function takeTarget(ferry: Ferry): Promise<void> {
  if (ferry.config.strategy !== 'observers') return;
  const step = ferry.nextPublishingStep();
  await onHost('take its znodes over').takeOverTrees({
    ...step,
    from: ferry.takenFrom,
    ensembles: ['source', 'target'],
  });
}

/** Removes what the migration left on these ZooKeeper hosts. */
export async function releaseHosts(ferry: Ferry, servers: readonly ServerConfig[]): Promise<void> {
  const step = ferry.nextStep();
  await Promise.all(
    servers.map((server) =>
      onHost(`release ${server.name}`).releaseHost({ ...step, host: server, units: [server.unit] }),
    ),
  );
}
