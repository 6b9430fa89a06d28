import { FerryError } from '../../src/domain/errors.js';

/** The jars of a ZooKeeper version are not in the cache, or the version is not one that the lab offers. */
export class ZookeeperMissingError extends FerryError {
  readonly code = 'FERRY_LAB_ZOOKEEPER_MISSING';
  readonly retryable = false;
  override readonly remedy: string;
  constructor(version: string, folder: string, offered: readonly string[]) {
    super(`ZooKeeper ${version} is not in ${folder}`);
    this.remedy = offered.includes(version)
      ? `node scripts/setup.mjs zookeeper@${version}`
      : `choose one of ${offered.join(', ')}`;
  }
}
