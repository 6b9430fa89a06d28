import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where set-up keeps what it fetches once per machine: ZooKeeper's jars and the Temporal server.
 *
 * `scripts/setup/cache-folder.mjs` follows the same rule, because it runs before anything is compiled.
 */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env['ZKFERRY_CACHE']) return env['ZKFERRY_CACHE'];
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'zkferry');
}
