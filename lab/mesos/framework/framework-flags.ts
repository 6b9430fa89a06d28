import type { FlagSpec } from '../flags.js';

/** Flags of the lab's own scheduler; these names are the lab's, not Mesos'. */
export const FRAMEWORK_FLAGS: Readonly<Record<string, FlagSpec>> = {
  master: { kind: 'string', keepsFileUrl: true },
  name: { kind: 'string', default: 'lab-framework' },
  work_dir: { kind: 'string' },
  ip: { kind: 'string', default: '127.0.0.1' },
  port: { kind: 'number', default: '8080' },
  hostname: { kind: 'string' },
  principal: { kind: 'string' },
  tasks_per_agent: { kind: 'number', default: '2' },
  failover_timeout_secs: { kind: 'number', default: '604800' },
  checkpoint: { kind: 'bool', default: 'true' },
  partition_aware: { kind: 'bool', default: 'false' },
  connection_delay_max: { kind: 'duration', default: '2secs' },
  /** What SIGTERM means to this scheduler: just die (fails over), or TEARDOWN first, which kills every task. */
  on_sigterm: {
    kind: 'string',
    default: 'failover',
    check: (value) => (['failover', 'teardown'].includes(String(value)) ? null : "Must be 'failover' or 'teardown'"),
  },
};
