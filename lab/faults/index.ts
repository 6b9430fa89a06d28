import { agentWithOtherId } from './agent-with-other-id.js';
import * as ensembles from './ensemble-faults.js';
import type { Fault } from './fault.js';
import { fullDisk } from './full-disk.js';
import * as hosts from './host-faults.js';
import * as mesos from './mesos-faults.js';
import { observerWillNotStop } from './observer-will-not-stop.js';
import * as operators from './operator-faults.js';
import * as partitions from './partitions.js';
import { readOnlyFile } from './read-only-file.js';
import { slowHost } from './slow-host.js';
import { sshDropMidCommand } from './ssh-drop-mid-command.js';
import { sshLostReply } from './ssh-lost-reply.js';
import * as temporal from './temporal-faults.js';
import * as units from './unit-will-not-start.js';
import { workerClockJump } from './worker-clock-jump.js';
import * as workers from './worker-faults.js';

/** Every fault there is, one line each. */
export const faults: readonly Fault[] = [
  workers.workerKilled,
  workers.workerTerminated,
  workers.allWorkersKilled,
  workers.workerFrozen,
  temporal.temporalKilled,
  temporal.temporalFrozen,
  hosts.sshHangs,
  hosts.sshRefused,
  hosts.sshDropped,
  hosts.hostReboots,
  mesos.leaderKilled,
  mesos.masterKilled,
  mesos.leaderFrozen,
  mesos.masterStaysDown,
  mesos.agentKilled,
  mesos.frameworkKilled,
  ensembles.sourceLosesServer,
  ensembles.sourceLosesLeader,
  ensembles.sourceLosesQuorum,
  ensembles.targetLosesServer,
  ensembles.targetLosesQuorum,
  ensembles.serverKilled,
  ensembles.serverFrozen,
  operators.rollbackOrdered,
  operators.cancelled,
  operators.paused,
  operators.approvedTwice,
  operators.terminated,
  sshLostReply,
  sshDropMidCommand,
  slowHost,
  fullDisk,
  readOnlyFile,
  units.observerWillNotStart,
  units.masterWillNotComeBack,
  units.frameworkDoesNotReconnect,
  observerWillNotStop,
  agentWithOtherId,
  partitions.partitionMasterSource,
  partitions.partitionAgent,
  partitions.partitionObserver,
  partitions.partitionWorker,
  workerClockJump,
];

/** @throws RangeError for a kind that nobody registered */
export function faultOfKind(kind: string): Fault {
  const found = faults.find((fault) => fault.kind === kind);
  if (found === undefined) throw new RangeError(`no fault ${kind}; there are ${faults.map((f) => f.kind).join(', ')}`);
  return found;
}
