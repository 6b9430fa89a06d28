import type { ClusterConfig } from '../config.js';
import { shq } from '../shell-quote.js';
import type { Observation } from './observation.js';
import { type HandStage, server } from './steps.js';

/** Znodes of ours: target's first, the lock last of all, since it keeps other migrations away. */
export function znodeStages({ cluster }: ClusterConfig, seen: Observation): HandStage[] {
  const lock = `/zkferry-${cluster}`;
  const commands = (ensemble: 'source' | 'target', wanted: (path: string) => boolean): string[] =>
    seen[ensemble].ours
      .filter(wanted)
      .map((path) => `zkCli.sh -server ${server(seen, ensemble)} deleteall ${shq(path)}`);
  const all = [
    ...commands('target', () => true),
    ...commands('source', (path) => path !== lock),
    ...commands('source', (path) => path === lock),
  ];
  return [
    {
      what: 'remove the znodes of the migration; the mirrors of a publisher go by themselves once its znode is gone',
      steps: all.length === 0 ? [] : [{ host: null, commands: all }],
      proof: '`ls /` shows none of them',
    },
  ];
}
