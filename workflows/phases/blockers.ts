import type { Finding } from '../../src/domain/plan.js';
import { RollbackOrdered } from '../desk.js';
import type { Ferry } from '../ferry.js';

export function blockersOf({ planned }: Ferry): readonly Finding[] {
  return planned.findings.filter(({ verdict }) => verdict === 'block');
}

export function tellBlocker({ id, host, seen }: Finding): string {
  return `${id}${host ? ` on ${host}` : ''}: ${seen}`;
}

/**
 * Asks a person about what speaks against going on; returns when it is to be looked at again.
 *
 * @throws RollbackOrdered
 */
export async function askAboutBlockers({ desk }: Ferry, blockers: readonly Finding[]): Promise<void> {
  const [first] = blockers;
  const action = await desk.decide(
    {
      code: 'FERRY_PREFLIGHT',
      host: first?.host ?? null,
      message: blockers.map(tellBlocker).join('; '),
      remedy: first?.remedy ?? 'Mend it, then retry',
    },
    ['retry', 'rollback'],
  );
  if (action === 'rollback') throw new RollbackOrdered(desk.rollbackOrderedBy ?? 'decision');
}
