import type { StrategyName } from '../../src/domain/config.js';
import type { Ferry } from '../ferry.js';
import type { Closing } from '../phases/epilogue.js';
import type { Phase } from '../saga.js';
import { dualPublishing } from './dual-publishing.js';
import { observers } from './observers.js';

/** A whole way: reversible phases, then what follows gate `complete`. */
export interface Strategy {
  readonly phases: readonly Phase[];
  readonly closings: readonly Closing[];
}

export const strategies: Readonly<Record<StrategyName, (ferry: Ferry) => Strategy>> = {
  observers,
  'dual-publishing': dualPublishing,
};
