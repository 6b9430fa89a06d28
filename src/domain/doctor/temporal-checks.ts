import { isPrompt } from '../temporal-timers.js';
import { check, type TemporalCheck } from './temporal-check.js';
import { runChecks } from './temporal-run-checks.js';
import type { QueueObservation, TemporalObservation } from './temporal-observation.js';

/** What zkferry needs from the server. */
export interface TemporalNeeds {
  readonly queue: string;
  readonly publisherQueue: string;
  readonly searchAttributes: readonly string[];
  /** From the config, where one was given. */
  readonly config: { readonly strategy: string; readonly searchAttributes: boolean } | null;
}

/** A worker polls at least once a minute; with some delay on top it counts as gone, ms. */
const GONE_AFTER_MS = 75_000;
/** The oldest server that zkferry is tested with. */
const TESTED = [1, 29] as const;

export function temporalChecks(seen: TemporalObservation, needs: TemporalNeeds): TemporalCheck[] {
  const { problem, settings } = seen;
  if (problem !== null) {
    const remedy =
      'start a Temporal server, or point TEMPORAL_ADDRESS (or TEMPORAL_PROFILE) at the one to use; ' +
      'TLS and API key come from TEMPORAL_TLS…, TEMPORAL_API_KEY or the profile';
    return [settingsCheck(seen), check('server', 'block', `nobody answers at ${settings.address}: ${problem}`, remedy)];
  }
  const first = [settingsCheck(seen), serverCheck(seen), namespaceCheck(seen)];
  if (seen.namespace.exists === false) return first;
  return [
    ...first,
    searchAttributeCheck(seen, needs),
    workerCheck(seen, needs),
    publisherCheck(seen, needs),
    ...runChecks(seen, needs.queue),
    timerCheck(seen),
  ];
}

function settingsCheck({ settings }: TemporalObservation): TemporalCheck {
  const { address, namespace, tls, apiKey, profile, configFile } = settings;
  const from = [...(profile === null ? [] : [`profile ${profile}`]), ...(configFile === null ? [] : [configFile])];
  const parts = [`${address}, namespace ${namespace}`, tls ? 'TLS' : 'no TLS', apiKey ? 'an API key' : 'no API key'];
  return check('settings', 'info', `${parts.join(', ')}${from.length === 0 ? '' : ` (${from.join(' of ')})`}`);
}

function serverCheck({ serverVersion }: TemporalObservation): TemporalCheck {
  if (serverVersion === null)
    return check('server', 'warn', 'it answers, but does not tell its version', 'see that it is 1.29 or later');
  const [major = 0, minor = 0] = serverVersion.split('.').map(Number);
  const isOlder = major < TESTED[0] || (major === TESTED[0] && minor < TESTED[1]);
  return isOlder
    ? check(
        'server',
        'warn',
        `version ${serverVersion}`,
        `zkferry is tested with ${TESTED.join('.')} and later: rehearse with this one`,
      )
    : check('server', 'ok', `answers, version ${serverVersion}`);
}

function namespaceCheck({ namespace: { exists, retentionMs, problem }, settings }: TemporalObservation): TemporalCheck {
  const { namespace } = settings;
  if (exists === null)
    return check(
      'namespace',
      'warn',
      `${namespace} cannot be asked about: ${problem ?? ''}`,
      'see whether certificate or API key may use it',
    );
  if (!exists)
    return check(
      'namespace',
      'block',
      `there is no namespace ${namespace}`,
      `name another one (TEMPORAL_NAMESPACE), or create it: temporal operator namespace create --namespace ${namespace} --retention 30d`,
    );
  const days = retentionMs === null ? '' : `, keeps what has ended for ${(retentionMs / 86_400_000).toFixed(1)} days`;
  return check('namespace', 'ok', `${namespace} exists${days}`);
}

function searchAttributeCheck(
  { searchAttributes: { types, problem }, settings }: TemporalObservation,
  needs: TemporalNeeds,
): TemporalCheck {
  const id = 'search-attributes';
  const off = 'or do without: zkferry worker --no-search-attributes, and policy.searchAttributes: false in the config';
  if (needs.config?.searchAttributes === false)
    return check(id, 'ok', 'the config does without them (policy.searchAttributes: false)');
  if (types === null)
    return check(id, 'warn', `they cannot be read: ${problem ?? ''}`, `let an administrator look, ${off}`);
  const missing = needs.searchAttributes.filter((name) => types[name] === undefined);
  const wrong = needs.searchAttributes.filter((name) => types[name] !== undefined && types[name] !== 'Keyword');
  if (wrong.length > 0) {
    const text = wrong.map((name) => `${name} is ${types[name] ?? ''}`).join(', ');
    return check(
      id,
      'block',
      `${text} instead of Keyword: a migration would stand still for ever`,
      `use another namespace, ${off}`,
    );
  }
  if (missing.length > 0) {
    const flags = missing.map((name) => `--name ${name} --type Keyword`).join(' ');
    return check(
      id,
      'block',
      `${missing.join(', ')} not registered: a migration would stand still for ever`,
      `start a worker, which registers them where it may, or: temporal operator search-attribute create --namespace ${settings.namespace} ${flags}; ${off}`,
    );
  }
  return check(id, 'ok', `${needs.searchAttributes.join(', ')} are registered as Keyword`);
}

function workerCheck(seen: TemporalObservation, { queue }: TemporalNeeds): TemporalCheck {
  const kinds = seen.queues.filter((one) => one.queue === queue);
  const absent = kinds.filter((one) => alive(one).length === 0);
  if (absent.length === 0) return check('worker', 'ok', `${names(kinds.flatMap(alive))} on task queue ${queue}`);
  const late = kinds.flatMap(({ pollers }) => pollers).map(({ agoMs }) => agoMs);
  const last = late.length === 0 ? '' : `; the last poll was ${String(Math.round(Math.min(...late) / 1000))} s ago`;
  const what = absent.length === kinds.length ? '' : ` for ${absent.map(({ tasks }) => tasks).join(' and ')}`;
  return check(
    'worker',
    'block',
    `no worker polls task queue ${queue}${what}${last}`,
    `start one with the same TEMPORAL_… settings: zkferry worker`,
  );
}

function publisherCheck(seen: TemporalObservation, { publisherQueue, config }: TemporalNeeds): TemporalCheck {
  const id = 'publisher-worker';
  if (config?.strategy === 'observers') return check(id, 'info', 'not needed: strategy observers has no publisher');
  const pollers = seen.queues.filter((one) => one.queue === publisherQueue).flatMap(alive);
  if (pollers.length > 0) return check(id, 'ok', `${names(pollers)} on task queue ${publisherQueue}`);
  return check(
    id,
    config?.strategy === 'dual-publishing' ? 'block' : 'warn',
    `no worker polls task queue ${publisherQueue}, which strategy dual-publishing needs`,
    'start one: zkferry worker --queue publisher (or all)',
  );
}

function timerCheck({ timers }: TemporalObservation): TemporalCheck {
  const id = 'timers';
  if (timers === null)
    return check(
      id,
      'info',
      'how promptly they fire was not measured: every migration measures it before its plan',
      'zkferry doctor --temporal --measure-timers, which runs an empty workflow',
    );
  const seen = `a short timer fired ${String(timers.lateMs)} ms late (${timers.measuredBy})`;
  return isPrompt(timers.lateMs)
    ? check(id, 'ok', seen)
    : check(
        id,
        'warn',
        seen,
        'set history.timerProcessorMaxTimeShift to 100ms in the server’s dynamic config, or see policy.acceptFrozenWorker',
      );
}

function alive({ pollers }: QueueObservation): QueueObservation['pollers'] {
  return pollers.filter(({ agoMs }) => agoMs <= GONE_AFTER_MS);
}

function names(pollers: QueueObservation['pollers']): string {
  return `${[...new Set(pollers.map(({ identity }) => identity))].join(', ')} polls`;
}
