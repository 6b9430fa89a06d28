import type { Fault } from './fault.js';
import * as ensembles from './ensemble-faults.js';
import * as hosts from './host-faults.js';
import * as mesos from './mesos-faults.js';
import * as operators from './operator-faults.js';
import * as temporal from './temporal-faults.js';
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
];

/** @throws RangeError for a kind that nobody registered */
export function faultOfKind(kind: string): Fault {
  const found = faults.find((fault) => fault.kind === kind);
  if (found === undefined) throw new RangeError(`no fault ${kind}; there are ${faults.map((f) => f.kind).join(', ')}`);
  return found;
}
