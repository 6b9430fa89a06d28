#!/usr/bin/env node
// Brings a fresh checkout to where everything runs: packages, the Temporal server, ZooKeeper's jars, compiled code.
// Needs nothing but Node; says what it does, and nothing when there is nothing to do.
import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setUpBuild } from './setup/build.mjs';
import { setUpPackages } from './setup/packages.mjs';
import { SetupError } from './setup/say.mjs';
import { setUpTemporal } from './setup/temporal.mjs';
import { needTools } from './setup/tools.mjs';
import { setUpZookeeper } from './setup/zookeeper.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const everything = ['npm', 'zookeeper', 'temporal', 'build'];

/**
 * @param need any of `npm`, `zookeeper`, `temporal`, `build`; default all, in that order
 * @param versions ZooKeeper versions to have; default the one that `versions.json` names
 * @throws SetupError with one line for the reader
 */
export async function setUp({ need = everything, versions = ['default'] } = {}) {
  if (need.includes('npm')) await setUpPackages(root);
  if (need.includes('zookeeper')) for (const version of versions) await setUpZookeeper(root, version);
  if (need.includes('temporal')) await setUpTemporal(root);
  if (need.includes('build')) await setUpBuild(root);
}

export { needTools, SetupError };

const usage = `usage: node scripts/setup.mjs [npm] [zookeeper[@VERSION]]… [temporal] [build]`;

async function main(words) {
  const versions = words.filter((word) => word.startsWith('zookeeper@')).map((word) => word.slice('zookeeper@'.length));
  const need = [...new Set(words.map((word) => word.replace(/^zookeeper@.*/, 'zookeeper')))];
  if (need.some((word) => !everything.includes(word))) throw new SetupError(usage);
  await setUp({ need: need.length > 0 ? need : everything, versions: versions.length > 0 ? versions : ['default'] });
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main(process.argv.slice(2)).catch((error) => {
    process.stderr.write(error instanceof SetupError ? `setup: ${error.message}\n` : `${error.stack}\n`);
    process.exitCode = error.message === usage ? 2 : 1;
  });
}
