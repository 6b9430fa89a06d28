import { ApplicationFailure } from '@temporalio/workflow';
import type { Ferry } from '../ferry.js';
import { prove } from '../proxies.js';
import type { Phase } from '../saga.js';
import { releaseClients } from './epilogue.js';

/**
 * First in every strategy, so that its compensation is the last: the hosts of agents, schedulers and
 * masters are left without a file of ours, and what is left all the same is found and named.
 */
export function leaveHosts(ferry: Ferry): Phase {
  return {
    name: 'enter',
    rollbackCost: 'nothing was written yet',
    apply: () => Promise.resolve(),
    compensate: async () => {
      await releaseClients(ferry);
      const { findings } = await prove('look for residue').findResidue({ config: ferry.config });
      const left = findings.filter(({ verdict }) => verdict === 'block');
      if (left.length === 0) return;
      throw ApplicationFailure.nonRetryable(left.map(({ seen }) => seen).join('; '), 'FERRY_RESIDUE', {
        host: left[0]?.host ?? null,
        remedy: left[0]?.remedy ?? 'Remove it by hand, then retry',
      });
    },
  };
}
