/** One entry of a znode's ACL. */
export interface AclEntry {
  readonly permissions: number;
  readonly scheme: string;
  readonly id: string;
}

const CREATE = 4;
const ALL = 31;

/**
 * The ACL of a closed door (S3): the one found without CREATE for anybody, and the publisher, where
 * one passes, with everything. READ, WRITE, DELETE and ADMIN stay with whoever has them.
 *
 * @param publisher its digest id; null in source, where nobody passes.
 */
export function closedAcl(found: readonly AclEntry[], publisher: string | null): AclEntry[] {
  const others = found
    .filter((entry) => !isPublisher(entry, publisher))
    .map((entry) => ({ ...entry, permissions: entry.permissions & ~CREATE }));
  return publisher === null ? others : [...others, { permissions: ALL, scheme: 'digest', id: publisher }];
}

/** Whether nobody but the publisher may create: an identity may bring any entry of it. */
export function isClosed(acl: readonly AclEntry[], publisher: string | null): boolean {
  return acl.every((entry) => (entry.permissions & CREATE) === 0 || isPublisher(entry, publisher));
}

/** The same entries in any order: servers keep an order, people do not. */
export function sameAcl(a: readonly AclEntry[], b: readonly AclEntry[]): boolean {
  const text = (acl: readonly AclEntry[]): string =>
    JSON.stringify(acl.map(({ permissions, scheme, id }) => [scheme, id, permissions]).sort());
  return text(a) === text(b);
}

function isPublisher({ scheme, id }: AclEntry, publisher: string | null): boolean {
  return publisher !== null && scheme === 'digest' && id === publisher;
}
