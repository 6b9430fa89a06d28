import type { CatalogueEntry } from './entry.js';

/** Another migration, and the Temporal server. */
export const residueChecks = {
  locked: {
    verdicts: ['block'],
    when: ['begin'],
    looks: 'the lock znode in source',
    why: 'two migrations of one cluster undo each other',
    remedy:
      'wait for that migration to end; when it has ended half undone: zkferry doctor, then zkferry start --take-over',
  },
  'lock-lost': {
    verdicts: ['block'],
    when: ['cut-over'],
    looks: 'the same: it must name this migration',
    why: 'somebody else may be moving this cluster',
    remedy: 'find out who deleted or took it',
  },
  residue: {
    verdicts: ['block'],
    when: ['begin'],
    looks: 'markers and znodes of ours in both ensembles, state folders, drop-ins and set-aside data on every host',
    why: 'what a migration leaves can hold a unit down or be taken for another ensemble',
    remedy: 'see which migration it belongs to; when that one is over, remove it',
  },
  'plan-too-large': {
    verdicts: ['block'],
    when: ['begin'],
    looks:
      'bytes of what later steps carry: the plan with its findings, and the config; at most 1.5 MiB, some 2,300 agents, with policy.settle 1,400',
    source: 'Temporal, limit.blobSize.error: 2 MiB',
    why: 'the Temporal server ends a workflow that carries more, without undoing anything; agents that join on the way need room, too',
    remedy:
      'set policy.settle to false, and mend what many agents are warned of: both are carried; no migration carries a larger fleet',
  },
  'temporal-timers': {
    verdicts: ['warn', 'info'],
    when: ['begin'],
    looks: 'how late the Temporal server fires a timer of 100 ms (S22; in a migration only)',
    source: 'measured with Temporal 1.29',
    why: 'its settings are not the ones that forecast and reserve were measured with: a frozen worker may be replaced too late for the budget, and the window counts with that',
    remedy:
      'set history.timerProcessorMaxTimeShift to 100ms, frontend.keepAliveTime to 3s and frontend.keepAliveTimeout to 1s there, or set policy.acceptFrozenWorker',
  },
} as const satisfies Record<string, CatalogueEntry>;
