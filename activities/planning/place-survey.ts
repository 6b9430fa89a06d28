import type { MasterUrlPlace } from '../../src/domain/config.js';
import { readEnvValue } from '../../src/domain/env-file.js';
import { parseMasterUrl } from '../../src/domain/master-url.js';
import { readOneValue } from '../../src/domain/one-value-file.js';
import type { PlaceSurvey, UrlSurvey } from '../../src/domain/survey.js';

/**
 * What a master URL place holds and what the running process was started with. Credentials are
 * dropped here: they go no further than this function.
 *
 * @param from.text the file, null when it cannot be read; `changedAt`, `startedAt` in s, 0 = unknown.
 */
export function placeSurvey(
  place: MasterUrlPlace,
  from: { readonly text: string | null; readonly args: readonly string[]; changedAt: number; startedAt: number },
): PlaceSurvey {
  const { url, problem } = urlIn(place, from.text);
  const argument = from.args
    .map((arg) => /^(?:--(?:zk|master)|MESOS_(?:ZK|MASTER))=(zk:\/\/.*)$/.exec(arg)?.[1])
    .find((arg) => arg !== undefined);
  return {
    path: place.path,
    url,
    problem,
    runsWith: argument === undefined ? null : withoutCredentials(argument),
    // Whole seconds: a file of the second of the start was there before or at the start.
    changedSinceStart: from.changedAt > 0 && from.startedAt > 0 && from.changedAt > from.startedAt + 1,
  };
}

function urlIn(place: MasterUrlPlace, text: string | null): { url: UrlSurvey | null; problem: string | null } {
  if (text === null) return { url: null, problem: 'it cannot be read' };
  try {
    if (place.kind === 'file') return { url: withoutCredentials(readOneValue(text)), problem: null };
    const value = readEnvValue(text, place.key);
    if (value.kind === 'absent') return { url: null, problem: `it does not set ${place.key}` };
    // Computed from a shared file: replacing the line pins this process by a value of its own (S4).
    return value.kind === 'computed'
      ? { url: null, problem: null }
      : { url: withoutCredentials(value.value), problem: null };
  } catch (error) {
    return { url: null, problem: (error as Error).message };
  }
}

function withoutCredentials(text: string): UrlSurvey {
  const { servers, path } = parseMasterUrl(text);
  return { servers, path };
}
