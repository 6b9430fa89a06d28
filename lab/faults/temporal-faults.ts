import type { Fault } from './fault.js';

/** The Temporal server is killed and comes back on its port, with its database, after a while. */
export const temporalKilled: Fault = {
  kind: 'temporal-killed',
  lastsMs: [1_000, 8_000],
  cutsOff: true,
  async inject({ stage }) {
    const { pid } = stage.temporal;
    await stage.temporal.stop('SIGKILL');
    return { target: `Temporal server ${pid}`, declares: {}, heal: () => stage.restartTemporal() };
  },
};

/** The Temporal server stands still: connections stay open, nothing is answered. */
export const temporalFrozen: Fault = {
  kind: 'temporal-frozen',
  lastsMs: [1_000, 8_000],
  cutsOff: true,
  async inject({ stage }) {
    const { pid } = stage.temporal;
    process.kill(pid, 'SIGSTOP');
    return {
      target: `Temporal server ${pid}`,
      declares: {},
      async heal() {
        // Another fault may have replaced it meanwhile.
        if (stage.temporal.pid === pid) process.kill(pid, 'SIGCONT');
      },
    };
  },
};
