import { ZnodeError } from '../../src/domain/proof-errors.js';
import type { AclEnforcement } from '../../src/domain/survey.js';
import type { Acl, ZnodeSession } from '../../src/ports/znode-store.js';

/** ZooKeeper's own, since 3.5; its default ACL lets everybody read and nobody write. */
const CONFIG = '/zookeeper/config';
const WRITE = 2;
/** A version that no znode has: servers look at the ACL first and at the version after it (`PrepRequestProcessor.pRequest2Txn`). */
const IMPOSSIBLE_VERSION = 0x7fff_ffff;

/**
 * Whether an ensemble enforces ACLs, without writing: a write that the ACL forbids and that could not
 * succeed anyway is refused for the first reason or for the second.
 *
 * @param session one without any identity: a superuser may do everything everywhere.
 */
export async function seeAclEnforcement(session: ZnodeSession): Promise<AclEnforcement> {
  try {
    const acl = await session.acl(CONFIG);
    if (acl === null || acl.some(allowsStrangersToWrite)) return 'unproved';
    await session.setData(CONFIG, Buffer.alloc(0), IMPOSSIBLE_VERSION);
  } catch (error) {
    if (!(error instanceof ZnodeError)) throw error;
    if (error.reason === 'NO_AUTH') return 'enforced';
    if (error.reason === 'BAD_VERSION') return 'ignored';
    if (error.reason !== 'NO_NODE') throw error;
  }
  return 'unproved';
}

function allowsStrangersToWrite({ permissions, scheme }: Acl): boolean {
  return (permissions & WRITE) !== 0 && (scheme === 'world' || scheme === 'ip');
}
