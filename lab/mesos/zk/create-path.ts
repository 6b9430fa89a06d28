import type { RawClient } from './raw-client.js';
import { zkCode, ZkError } from './zk-code.js';

/**
 * Makes a persistent, empty znode and its missing ancestors, top-down. One that exists is left as it
 * is, its ACL unread: the first process to come decides who may join (src/zookeeper/zookeeper.cpp `_create`).
 *
 * @throws ZkError of the first step that failed; `node exists` counts as done.
 */
export async function createPath(client: RawClient, path: string): Promise<void> {
  if (await client.exists(path)) return;
  const parent = path.slice(0, path.lastIndexOf('/'));
  if (parent !== '') await createPath(client, parent);
  try {
    await client.create(path, Buffer.alloc(0), 'persistent');
  } catch (error) {
    if (!(error instanceof ZkError && error.code === zkCode.nodeExists)) throw error;
  }
}
