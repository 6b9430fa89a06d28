import type { ZnodeSession } from '../../src/ports/znode-store.js';

/** Deletes the listed znodes and nothing else; one that is not there any more is fine. */
export async function deleteExactly(session: ZnodeSession, znodes: readonly string[]): Promise<void> {
  await Promise.all(znodes.map((znode) => session.remove(znode)));
}
