import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where set-up keeps what it fetches once per machine. `lab/cache-folder.ts` follows the same rule. */
export function cacheFolder(env = process.env) {
  if (env.ZKFERRY_CACHE) return env.ZKFERRY_CACHE;
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'zkferry');
}
