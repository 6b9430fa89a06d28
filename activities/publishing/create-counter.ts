import { nextSequence } from '../../src/domain/election.js';
import { ZnodeError } from '../../src/domain/proof-errors.js';
import type { Acl, ZnodeOperation, ZnodeSession } from '../../src/ports/znode-store.js';

/** Most pairs in one transaction; 2000 take 0.4 s this way (Z 8). */
const PAIRS_AT_ONCE = 200;

/**
 * Raises the number that the next sequential create under `parent` gets to `counter`, exactly, by
 * creating and deleting a scratch child. Both happen in one transaction, so nobody ever sees a child,
 * and its name ends in no number, so Mesos would not count it either. Never lowers it.
 *
 * @param fence put before the pairs of every transaction.
 * @returns the number that the next one gets.
 */
export async function raiseCounterTo(
  session: ZnodeSession,
  parent: string,
  counter: number,
  { acl, fence = [] }: { readonly acl: readonly Acl[]; readonly fence?: readonly ZnodeOperation[] },
): Promise<number> {
  const path = `${parent}/zkferry-counter`;
  const pair: ZnodeOperation[] = [
    { do: 'create', path, data: Buffer.alloc(0), acl, kind: 'persistent' },
    { do: 'remove', path },
  ];
  for (;;) {
    const znode = await session.read(parent);
    if (znode === null) throw new ZnodeError('raise the counter of', parent, 'NO_NODE');
    const next = nextSequence(znode);
    if (next >= counter) return next;
    const pairs = Array.from({ length: Math.min(PAIRS_AT_ONCE, counter - next) }, () => pair).flat();
    await session.commit([...fence, ...pairs]);
  }
}
