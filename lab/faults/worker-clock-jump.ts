import { rmSync, writeFileSync } from 'node:fs';
import type { Fault } from './fault.js';

/** The wall clock of a worker jumps ahead or back, and later to the right time again. */
export const workerClockJump: Fault = {
  kind: 'worker-clock-jump',
  needs: 'shiftable-clocks',
  lastsMs: [2_000, 45_000],
  async inject({ stage, random, say }) {
    const { pid, clockFile } = random.pick(stage.workers);
    if (clockFile === null) throw new TypeError('the worker was started without a clock that can be shifted');
    const offsetMs = random.int(5_000, 30_000) * (random.chance(0.5) ? 1 : -1);
    writeFileSync(clockFile, String(offsetMs));
    say(`the clock of worker ${pid} jumps by ${offsetMs} ms`);
    return { target: `worker ${pid}`, declares: {}, heal: async () => rmSync(clockFile, { force: true }) };
  },
};
