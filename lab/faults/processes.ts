import { stamp } from '../contract.js';
import type { LabHost } from '../hosts/host.js';
import { signalProcess } from '../hosts/processes.js';
import type { InjectedFault } from './fault.js';

/** Kills the main process of a unit; its supervisor starts it again. */
export function kill(host: LabHost, unit: string): InjectedFault {
  const pid = host.mainPid(unit);
  if (pid !== null) signalProcess(pid, 'SIGKILL');
  return { target: host.name, declares: {}, heal: () => Promise.resolve() };
}

/** The main process of a unit stands still until healed. */
export function freeze(host: LabHost, unit: string): InjectedFault {
  const pid = host.mainPid(unit);
  if (pid !== null) signalProcess(pid, 'SIGSTOP');
  const from = stamp().mono;
  let to = pid === null ? from : Infinity;
  return {
    target: host.name,
    declares: {},
    silences: () => [{ master: host.name, from, to }],
    async heal() {
      if (pid !== null) signalProcess(pid, 'SIGCONT');
      to = Math.min(to, stamp().mono);
    },
  };
}
