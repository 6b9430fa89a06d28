export interface SystemctlCall {
  readonly verb: string;
  readonly units: readonly string[];
  readonly properties: readonly string[];
  readonly signal: string;
  readonly killWho: 'main' | 'all';
  readonly noBlock: boolean;
  readonly quiet: boolean;
  readonly value: boolean;
  readonly now: boolean;
  readonly all: boolean;
  readonly noLegend: boolean;
  readonly version: boolean;
  readonly error: string | null;
}

const withValue = new Set([
  'property',
  'signal',
  'kill-who',
  'kill-whom',
  'lines',
  'output',
  'type',
  'state',
  'job-mode',
]);
const shortNames: Readonly<Record<string, string>> = {
  p: 'property',
  P: 'only',
  s: 'signal',
  n: 'lines',
  o: 'output',
  t: 'type',
  q: 'quiet',
  l: 'full',
  a: 'all',
  f: 'force',
};
const flags = new Set([
  'no-block',
  'quiet',
  'value',
  'now',
  'all',
  'full',
  'no-legend',
  'no-pager',
  'plain',
  'force',
  'runtime',
  'no-reload',
  'no-ask-password',
  'system',
  'version',
  'no-warn',
  'wait',
]);

/** Reads `systemctl`'s arguments; options may stand anywhere, as with getopt. */
export function parseSystemctlArguments(argv: readonly string[]): SystemctlCall {
  const plain: string[] = [];
  const properties: string[] = [];
  const values = new Map<string, string>();
  const seen = new Set<string>();
  let error: string | null = null;
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? '';
    if (word === '--') {
      plain.push(...argv.slice(i + 1));
      break;
    }
    if (!word.startsWith('-')) {
      plain.push(word);
      continue;
    }
    const long = /^--([a-z-]+)(?:=(.*))?$/s.exec(word);
    const name = long?.[1] ?? shortNames[word.charAt(1)] ?? '';
    const attached = long === null ? (word.length > 2 ? word.slice(2) : undefined) : long[2];
    if (withValue.has(name) || name === 'only') {
      const value = attached ?? argv[++i];
      if (value === undefined) error = `option '${word}' requires an argument`;
      else if (name === 'property' || name === 'only') properties.push(...value.split(','));
      else values.set(name, value);
      if (name === 'only') seen.add('value');
    } else if (flags.has(name)) {
      seen.add(name);
    } else {
      error = `unrecognized option '${word}'`;
    }
  }
  const [verb = '', ...units] = plain;
  const who = values.get('kill-who') ?? values.get('kill-whom') ?? 'all';
  return {
    verb,
    units,
    properties,
    signal: values.get('signal') ?? 'SIGTERM',
    killWho: who === 'main' ? 'main' : 'all',
    noBlock: seen.has('no-block'),
    quiet: seen.has('quiet'),
    value: seen.has('value'),
    now: seen.has('now'),
    all: seen.has('all'),
    noLegend: seen.has('no-legend'),
    version: seen.has('version'),
    error,
  };
}
