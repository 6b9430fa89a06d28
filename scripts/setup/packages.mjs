import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from './run.mjs';
import { timed } from './say.mjs';
import { needTools } from './tools.mjs';

/** Installs the npm packages when what is installed is not what `package-lock.json` says. */
export async function setUpPackages(root) {
  const lockFile = join(root, 'package-lock.json');
  const marker = join(root, 'node_modules/.zkferry-lock');
  const hash = createHash('sha256').update(readFileSync(lockFile)).digest('hex');
  const installed = existsSync(marker) && readFileSync(marker, 'utf8') === hash;
  if (!installed && !matches(root, lockFile)) {
    await needTools(['g++', 'make', 'python3'], 'compiling the ZooKeeper client');
    await timed('npm ci', () => run('npm', ['ci'], { cwd: root, env: headers(), everySecondsSay: 20 }));
  }
  if (!nativeClientBuilt(root)) {
    await needTools(['g++', 'make', 'python3'], 'compiling the ZooKeeper client');
    await timed('npm rebuild zookeeper', () =>
      run('npm', ['rebuild', 'zookeeper'], { cwd: root, env: headers(), everySecondsSay: 20 }),
    );
  }
  if (!installed) writeFileSync(marker, hash);
}

/** Whether the packages on disk are those of the lock file, as `npm install` leaves them too. */
function matches(root, lockFile) {
  const onDisk = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(onDisk)) return false;
  const wanted = JSON.parse(readFileSync(lockFile, 'utf8')).packages;
  const found = JSON.parse(readFileSync(onDisk, 'utf8')).packages;
  return (
    Object.keys(found).every((path) => wanted[path]?.version === found[path].version) &&
    Object.keys(wanted).every((path) => path === '' || path in found || wanted[path].optional)
  );
}

function nativeClientBuilt(root) {
  const folder = join(root, 'node_modules/zookeeper');
  const built = (below) =>
    existsSync(join(folder, below)) &&
    readdirSync(join(folder, below), { recursive: true }).some((name) => name.endsWith('.node'));
  return built('build') || (process.platform !== 'linux' && built('prebuilds'));
}

/** node-gyp would download Node's headers; most installations of Node have them already. */
function headers() {
  const prefixes = [dirname(dirname(realpathSync(process.execPath))), '/usr'];
  const prefix = prefixes.find((folder) => existsSync(join(folder, 'include/node/node_api.h')));
  return prefix ? { npm_config_nodedir: prefix } : {};
}
