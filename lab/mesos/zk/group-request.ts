import { logInfo } from '../log.js';
import { createPath } from './create-path.js';
import { memberName } from './member-names.js';
import type { RawClient } from './raw-client.js';
import { zkCode, ZkError } from './zk-code.js';

/** One thing that a group asks of ZooKeeper, and Mesos' words for its failure (src/zookeeper/group.cpp). */
export interface GroupRequest<Result> {
  run(client: RawClient): Promise<Result>;
  describe(text: string): string;
}

export function ensureGroup(path: string): GroupRequest<void> {
  return {
    run: (client) => createPath(client, path),
    describe: (text) => `Failed to create '${path}' in ZooKeeper: ${text}`,
  };
}

/** Leaves a watch. */
export function listMembers(path: string): GroupRequest<string[]> {
  return {
    run: (client) => client.children(path),
    describe: (text) => `Non-retryable error attempting to get children of '${path}' in ZooKeeper: ${text}`,
  };
}

/** Yields the number of the new member. */
export function addMember(path: string, label: string | null, data: Buffer): GroupRequest<number> {
  const prefix = `${path}/${label === null ? '' : `${label}_`}`;
  return {
    run: async (client) => Number((await client.create(prefix, data, 'ephemeralSequential')).slice(prefix.length)),
    describe: (text) => `Failed to create ephemeral node at '${prefix}' in ZooKeeper: ${text}`,
  };
}

/** False when there was none. */
export function removeMember(path: string, number: number, label: string | null): GroupRequest<boolean> {
  const node = `${path}/${memberName(number, label)}`;
  return {
    run: async (client) => {
      logInfo(`Trying to remove '${node}' in ZooKeeper`);
      return (await unlessMissing(client.remove(node).then(() => true))) ?? false;
    },
    describe: (text) => `Failed to remove ephemeral node '${node}' in ZooKeeper: ${text}`,
  };
}

/** Null when there is none. */
export function readMember(path: string, number: number, label: string | null): GroupRequest<Buffer | null> {
  const node = `${path}/${memberName(number, label)}`;
  return {
    run: (client) => {
      logInfo(`Trying to get '${node}' in ZooKeeper`);
      return unlessMissing(client.get(node));
    },
    describe: (text) => `Failed to get data for ephemeral node '${node}' in ZooKeeper: ${text}`,
  };
}

async function unlessMissing<Result>(call: Promise<Result>): Promise<Result | null> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof ZkError && error.code === zkCode.noNode) return null;
    throw error;
  }
}
