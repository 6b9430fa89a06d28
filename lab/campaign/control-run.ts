import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { faultOfKind } from '../faults/index.js';
import { type Random } from '../faults/random.js';
import { judgeLab } from '../judge-lab.js';
import { Stage } from '../stage/stage.js';
import type { Scenario } from './scenario.js';
import { settled } from './settled.js';
import { stageFor } from './stage-for.js';

/** How often the fault is put in a control run: one sample says little about a race. */
const TIMES = 3;

/**
 * How long leaders overlap under this fault when nothing is migrated (S10): the same cluster, the same fault, the
 * same randomness, as long as in the run itself.
 *
 * @returns the overlap of each time, ms
 */
export async function controlRun(scenario: Scenario, nth: number, dir: string, random: Random): Promise<number[]> {
  const planned = scenario.faults[nth];
  if (planned === undefined) throw new RangeError(`no fault ${nth} in run ${scenario.run}`);
  const { strategy } = scenario;
  const stage = await Stage.start({ ...stageFor(scenario), dir: join(dir, `control-${nth}`) });
  try {
    const overlaps: number[] = [];
    let before = 0;
    for (let time = 0; time < TIMES; time += 1) {
      const scene = { stage, strategy, random: random.fork(`fault ${nth}`), say: () => undefined };
      const injected = await faultOfKind(planned.kind).inject(scene);
      await delay(planned.lastsMs ?? 0);
      await injected.heal();
      await settled(stage.lab, 90_000);
      const { overlapMs } = await judgeLab(stage.lab.refresh());
      overlaps.push(overlapMs - before);
      before = overlapMs;
    }
    return overlaps;
  } finally {
    await stage.stop();
  }
}
