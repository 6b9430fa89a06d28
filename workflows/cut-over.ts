import type { StrategyName } from '../src/domain/config.js';
import { MastersWindow } from './window/masters-window.js';
import { ObserversWindow } from './window/observers-window.js';
import { runWindow, type CutOverInput, type CutOverResult, type Window } from './window/run-window.js';

const windows: Readonly<Record<StrategyName, (input: CutOverInput) => Window>> = {
  observers: (input) => new ObserversWindow(input),
  'dual-publishing': (input) => new MastersWindow(input),
};

/** The critical window: a workflow of its own, whose settings make a dead worker cost seconds. */
export async function cutOver(input: CutOverInput): Promise<CutOverResult> {
  return await runWindow(input.to, windows[input.config.strategy](input));
}
