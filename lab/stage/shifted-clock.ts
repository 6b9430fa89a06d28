/**
 * Preloaded into a process (`node --import`), it shifts the wall clock that the process sees by as many ms as the
 * file `ZKFERRY_LAB_CLOCK_FILE` holds at the moment; none there = 0. Timers and `performance.now` go on as before,
 * as under a real jump of the clock.
 */
import { readFileSync } from 'node:fs';

const { ZKFERRY_LAB_CLOCK_FILE: file = '' } = process.env;
const RealDate = Date;
/** A jump shows after at most so long, in ms. */
const LOOK_EVERY_MS = 10;
let lookedAt = -Infinity;
let offsetMs = 0;

function now(): number {
  if (performance.now() - lookedAt >= LOOK_EVERY_MS) {
    lookedAt = performance.now();
    try {
      offsetMs = Number(readFileSync(file, 'utf8')) || 0;
    } catch {
      offsetMs = 0;
    }
  }
  return RealDate.now() + offsetMs;
}

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, as) => Reflect.construct(target, args.length === 0 ? [now()] : args, as) as Date,
  apply: () => new RealDate(now()).toString(),
  get: (target, key, receiver) => (key === 'now' ? now : (Reflect.get(target, key, receiver) as unknown)),
});
