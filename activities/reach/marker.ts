import type { ZnodeSession } from '../../src/ports/znode-store.js';
import type { EnsembleName } from '../contract.js';
import { ownerPath } from '../publishing/owner-znode.js';

/** The marker znode of an ensemble (S24), outside the election path and never ending in `_<number>`. */
export function markerPath(cluster: string): string {
  return `/zkferry-marker-${cluster}`;
}

/** Beneath target's marker: the parents that were not there before, one a line; written before they are created. */
export function createdPath(cluster: string): string {
  return `${markerPath(cluster)}/created`;
}

/** The lock znode in source that names the migration. */
export function lockPath(cluster: string): string {
  return `/zkferry-${cluster}`;
}

/** Remembers a door (S3) in the ensemble it belongs to. */
export function doorPath(cluster: string): string {
  return `/zkferry-door-${cluster}`;
}

/** Scratch znode by which the enforcement of ACLs is proved. */
export function scratchPath(cluster: string): string {
  return `/zkferry-scratch-${cluster}`;
}

/** Znodes of ours that either ensemble may hold beside lock and marker. */
export function ownZnodes(cluster: string): string[] {
  return [ownerPath(cluster), doorPath(cluster), scratchPath(cluster)];
}

export function markerText(ensemble: EnsembleName, migration: string): string {
  return `${ensemble} ${migration}`;
}

/** Which ensemble's marker is read in this session; null = none, so the ensemble is unknown, not source. */
export async function readMarker(session: ZnodeSession, cluster: string): Promise<EnsembleName | null> {
  const znode = await session.read(markerPath(cluster));
  const [ensemble] = (znode?.data.toString('utf8') ?? '').split(' ');
  return ensemble === 'source' || ensemble === 'target' ? ensemble : null;
}
