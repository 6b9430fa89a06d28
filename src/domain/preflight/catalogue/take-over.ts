import type { CatalogueEntry } from './entry.js';

/** A migration that takes another one over: `policy.takeOver`. */
export const takeOverChecks = {
  'other-migration': {
    verdicts: ['block'],
    when: ['begin'],
    looks: 'which migrations lock, markers, doors, owner znode and state folders name',
    why: 'what belongs to another migration is not undone by taking this one over',
    remedy: 'see zkferry doctor; take the other one over first if it has ended',
  },
  'nothing-to-take-over': {
    verdicts: ['block'],
    when: ['begin'],
    looks: 'the same: they must name the migration that is taken over',
    why: 'there is nothing to go back from',
    remedy: 'zkferry doctor names the migrations that have left something',
  },
  'take-over-strategy': {
    verdicts: ['block'],
    when: ['begin'],
    strategies: ['observers'],
    looks: 'doors and owner znode, which dual-publishing alone has',
    why: 'the way back is the one of the strategy that was under way',
    remedy: 'set strategy: dual-publishing, as the migration had it',
  },
  'way-back-through-the-window': {
    verdicts: ['info'],
    when: ['begin'],
    looks: 'where observers and masters stand, and whether any of it is unknown',
    why: 'something may serve or lead on target, so all masters are stopped together, and started on source behind the barrier',
    remedy: null,
  },
} as const satisfies Record<string, CatalogueEntry>;
