import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../repository-root.js';

interface VersionsFile {
  readonly default: string;
  readonly versions: Readonly<Record<string, readonly string[]>>;
}

const file = JSON.parse(readFileSync(join(repositoryRoot(), 'lab/zookeeper/versions.json'), 'utf8')) as VersionsFile;

/** ZooKeeper versions that the lab can run, oldest first; `versions.json` lists the jars of each. */
export const zookeeperVersions: readonly string[] = Object.keys(file.versions);

export const defaultZookeeperVersion: string = file.default;
