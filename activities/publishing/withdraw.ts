import type { ClusterConfig } from '../../src/domain/config.js';
import { FencedError } from '../../src/domain/host-errors.js';
import { ZnodeError } from '../../src/domain/proof-errors.js';
import { PublisherTakenError } from '../../src/domain/publishing-errors.js';
import type { ZnodeSession } from '../../src/ports/znode-store.js';
import { scope } from '../reach/scope.js';
import { currentOwner, type Owner, ownerBody, ownerPath, sessionOf } from './owner-znode.js';
import type { PublisherKey } from './publisher-key.js';

export interface OwnerStep {
  readonly config: ClusterConfig;
  readonly migration: string;
  readonly key: PublisherKey;
}

/**
 * Rewrites the owner znode first, so that the publisher, which checks its version, can add no mirror
 * any more; then takes all of them away in one transaction. The other way round, or in one step, one
 * that was added in between would be left alone, and name a standby as the leader.
 *
 * @returns the paths taken away and the znode as it is now; null when there is no owner znode.
 * @throws PublisherTakenError when it belongs to another migration
 */
export async function withdrawFenced(
  session: ZnodeSession,
  { config, migration, key }: OwnerStep,
  change: (owner: Owner) => Partial<Owner>,
): Promise<{ readonly withdrawn: readonly string[]; readonly owner: Owner } | null> {
  const path = ownerPath(config.cluster);
  const withdrawn = new Set<string>();
  for (;;) {
    scope().signal.throwIfAborted();
    const owner = await ownOwner(session, { config, migration, key });
    if (owner === null) return null;
    const mirrors = await mirrorsOf(session, config, owner);
    const next = { ...owner, ...change(owner), mode: 'withdrawn' as const };
    const isWritten = next.owner === owner.owner && next.generation === owner.generation && owner.mode === 'withdrawn';
    if (isWritten && mirrors.length === 0) return { withdrawn: [...withdrawn], owner };
    try {
      const gone = mirrors.map((mirror) => ({ do: 'remove', path: mirror }) as const);
      if (isWritten) await session.commit([{ do: 'check', path, version: owner.version }, ...gone]);
      else await session.setData(path, ownerBody(key, next), owner.version);
      // Those seen before the znode was written go as well, by us or by a publisher that has read it.
      for (const mirror of mirrors) withdrawn.add(mirror);
    } catch (error) {
      if (!isOvertaken(error)) throw error;
    }
  }
}

/** The owner znode of this migration as it is now, whatever server the session is at; null = none. */
export async function ownOwner(session: ZnodeSession, { config, migration, key }: OwnerStep): Promise<Owner | null> {
  const owner = await currentOwner(key, config.cluster, session);
  if (owner !== null && owner.migration !== migration)
    throw new PublisherTakenError(ownerPath(config.cluster), owner.migration);
  return owner;
}

/** @throws FencedError when the mode was set by a later step than this one. */
export function refuseLate(owner: Owner, generation: number, step: string): void {
  if (owner.generation <= generation) return;
  const reason = `generation ${String(generation)} is older than ${String(owner.generation)}`;
  throw new FencedError('target', step, reason);
}

/** Somebody else changed something in between: look again. */
export function isOvertaken(error: unknown): boolean {
  return error instanceof ZnodeError && (error.reason === 'BAD_VERSION' || error.reason === 'NO_NODE');
}

async function mirrorsOf(session: ZnodeSession, config: ClusterConfig, by: Owner): Promise<string[]> {
  const owner = sessionOf(by);
  if (owner === null) return [];
  const names = (await session.children(config.electionPath)) ?? [];
  const found = await Promise.all(
    names.sort().map(async (name) => {
      const path = `${config.electionPath}/${name}`;
      return (await session.read(path))?.ephemeralOwner === owner ? path : null;
    }),
  );
  return found.filter((path) => path !== null);
}
