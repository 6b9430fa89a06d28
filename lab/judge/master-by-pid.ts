import type { Evidence } from './evidence.js';

/** The watchers' name of each process: a journal knows its master by its host name only. */
export function masterByPid({ claims }: Evidence): Map<number, string> {
  const names = new Map<number, string>();
  for (const [master, records] of claims) {
    for (const { process } of records) if (process !== null) names.set(process, master);
  }
  return names;
}
