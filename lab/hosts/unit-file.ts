import { existsSync, lstatSync, readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { parseTimeSpan } from './duration.js';
import { splitWords } from './words.js';

const signalNumbers: Readonly<Record<string, number>> = constants.signals;

/** What a unit file and its drop-ins say, with systemd's defaults filled in. Times in ms. */
export interface UnitDefinition {
  readonly name: string;
  readonly loadState: 'loaded' | 'not-found' | 'masked' | 'bad-setting';
  readonly loadError: string | null;
  readonly description: string;
  readonly fragmentPath: string;
  readonly dropInPaths: readonly string[];
  readonly conditions: readonly PathCondition[];
  readonly execCondition: readonly string[];
  readonly execStartPre: readonly string[];
  readonly execStart: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly environmentFiles: readonly { readonly path: string; readonly optional: boolean }[];
  readonly workingDirectory: string | null;
  readonly restart: 'no' | 'always' | 'on-failure' | 'on-success' | 'on-abnormal';
  readonly restartMs: number;
  readonly killMode: 'control-group' | 'mixed' | 'process' | 'none';
  readonly killSignal: NodeJS.Signals;
  readonly timeoutStopMs: number;
  readonly successExitStatus: readonly string[];
  readonly startLimitIntervalMs: number;
  readonly startLimitBurst: number;
  readonly wantedBy: readonly string[];
}

/** `ConditionPathExists=[|][!]PATH`; at least one of the `trigger` ones must hold, and all others. */
export interface PathCondition {
  readonly path: string;
  readonly negated: boolean;
  readonly trigger: boolean;
}

/** Where units lie under a host's root, the first one found wins. */
export const unitFolders = ['etc/systemd/system', 'run/systemd/system', 'usr/lib/systemd/system', 'lib/systemd/system'];

/** Reads `NAME.service` and its drop-ins under `root`; a unit that is missing or wrong says so in `loadState`. */
export function readUnit(root: string, name: string): UnitDefinition {
  const folders = unitFolders.map((folder) => join(root, folder));
  const fragment = folders.map((folder) => join(folder, name)).find((path) => lexists(path));
  if (fragment === undefined) return definition(name, 'not-found', `Unit ${name} not found.`);
  if (isMask(fragment)) return { ...definition(name, 'masked', `Unit ${name} is masked.`), fragmentPath: fragment };
  const dropIns = readDropIns(folders, name);
  try {
    return interpret(name, fragment, dropIns);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { ...definition(name, 'bad-setting', text), fragmentPath: fragment, dropInPaths: dropIns };
  }
}

/**
 * The files of a unit with the times they were changed, to tell whether one changed since it was read. Compared
 * as systemd does (src/core/unit.c: `unit_need_daemon_reload`), not with a clock, which is coarser than they are.
 */
export function filesOfUnit({ fragmentPath, dropInPaths }: UnitDefinition): string {
  return [fragmentPath, ...dropInPaths]
    .filter((file) => file !== '')
    .map((file) => `${file} ${String(statSync(file, { bigint: true, throwIfNoEntry: false })?.mtimeNs)}`)
    .join('\n');
}

/** Drop-ins in the order they apply: by file name; the folder listed first hides a same name further down. */
function readDropIns(folders: readonly string[], name: string): string[] {
  const byName = new Map<string, string>();
  for (const folder of [...folders].reverse()) {
    const path = join(folder, `${name}.d`);
    if (!existsSync(path)) continue;
    for (const file of readdirSync(path)) if (file.endsWith('.conf')) byName.set(file, join(path, file));
  }
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path);
}

/** Every assignment of all files in order, by `Section.Key`; an empty one clears what came before. */
function assignments(files: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const file of files) {
    let section = '';
    for (const line of readFileSync(file, 'utf8')
      .replace(/\\\r?\n/g, ' ')
      .split('\n')) {
      const text = line.trim();
      if (text === '' || text.startsWith('#') || text.startsWith(';')) continue;
      const header = /^\[(.+)\]$/.exec(text);
      if (header !== null) section = header[1] ?? '';
      const pair = /^([A-Za-z]+)\s*=\s*(.*)$/.exec(text);
      if (pair === null) continue;
      const key = `${section}.${pair[1] ?? ''}`;
      const value = pair[2] ?? '';
      if (value === '') found.set(key, []);
      else found.set(key, [...(found.get(key) ?? []), value]);
    }
  }
  return found;
}

function interpret(name: string, fragment: string, dropInPaths: readonly string[]): UnitDefinition {
  const values = assignments([fragment, ...dropInPaths]);
  const specifiers: Readonly<Record<string, string>> = {
    n: name,
    N: name.replace(/\.service$/, ''),
    p: name.replace(/\.service$/, ''),
    '%': '%',
  };
  const all = (key: string) =>
    (values.get(key) ?? []).map((value) => value.replace(/%([nNp%])/g, (_, s: string) => specifiers[s] ?? ''));
  const last = (key: string) => all(key).at(-1);
  const span = (key: string, otherwise: number) => {
    const text = last(key);
    return text === undefined ? otherwise : (parseTimeSpan(text) ?? otherwise);
  };
  const base = definition(name, 'loaded', null);
  const starts = all('Service.ExecStart');
  if (starts.length !== 1)
    throw new Error(
      `Service has ${String(starts.length)} ExecStart= settings, which is not allowed for Type=simple services. Refusing.`,
    );
  const type = last('Service.Type') ?? 'simple';
  if (type !== 'simple' && type !== 'exec') throw new Error(`Service type ${type} is not supported here`);
  return {
    ...base,
    description: last('Unit.Description') ?? name,
    fragmentPath: fragment,
    dropInPaths,
    conditions: all('Unit.ConditionPathExists').map(condition),
    execCondition: all('Service.ExecCondition'),
    execStartPre: all('Service.ExecStartPre'),
    execStart: starts[0] ?? '',
    environment: Object.fromEntries(all('Service.Environment').flatMap(splitWords).map(assignment)),
    environmentFiles: all('Service.EnvironmentFile').map((path) => ({
      path: path.replace(/^-/, ''),
      optional: path.startsWith('-'),
    })),
    workingDirectory: last('Service.WorkingDirectory') ?? null,
    restart: oneOf(last('Service.Restart'), ['no', 'always', 'on-failure', 'on-success', 'on-abnormal'], 'no'),
    restartMs: span('Service.RestartSec', base.restartMs),
    killMode: oneOf(last('Service.KillMode'), ['control-group', 'mixed', 'process', 'none'], 'control-group'),
    killSignal: signalName(last('Service.KillSignal') ?? 'SIGTERM') ?? 'SIGTERM',
    timeoutStopMs: span('Service.TimeoutStopSec', span('Service.TimeoutSec', base.timeoutStopMs)),
    successExitStatus: all('Service.SuccessExitStatus').flatMap(splitWords),
    startLimitIntervalMs: span(
      'Unit.StartLimitIntervalSec',
      span('Unit.StartLimitInterval', base.startLimitIntervalMs),
    ),
    startLimitBurst: Number(last('Unit.StartLimitBurst') ?? base.startLimitBurst),
    wantedBy: all('Install.WantedBy').flatMap(splitWords),
  };
}

/** Defaults of systemd-system.conf(5): restart after 100 ms, stop within 90 s, five starts in 10 s. */
function definition(name: string, loadState: UnitDefinition['loadState'], loadError: string | null): UnitDefinition {
  return {
    name,
    loadState,
    loadError,
    description: name,
    fragmentPath: '',
    dropInPaths: [],
    conditions: [],
    execCondition: [],
    execStartPre: [],
    execStart: '',
    environment: {},
    environmentFiles: [],
    workingDirectory: null,
    restart: 'no',
    restartMs: 100,
    killMode: 'control-group',
    killSignal: 'SIGTERM',
    timeoutStopMs: 90_000,
    successExitStatus: [],
    startLimitIntervalMs: 10_000,
    startLimitBurst: 5,
    wantedBy: [],
  };
}

function condition(text: string): PathCondition {
  const match = /^(\|?)(!?)(.*)$/.exec(text);
  return { trigger: match?.[1] === '|', negated: match?.[2] === '!', path: match?.[3] ?? text };
}

function assignment(text: string): [string, string] {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function oneOf<T extends string>(text: string | undefined, choices: readonly T[], otherwise: T): T {
  return choices.find((choice) => choice === text) ?? otherwise;
}

/** `TERM`, `SIGTERM` or `15` as Node names it; null when there is no such signal. */
export function signalName(text: string): NodeJS.Signals | null {
  const byNumber = Object.entries(signalNumbers).find(([, number]) => String(number) === text)?.[0];
  const name = byNumber ?? (text.startsWith('SIG') ? text : `SIG${text}`);
  return name in signalNumbers ? (name as NodeJS.Signals) : null;
}

function lexists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isMask(path: string): boolean {
  const stat = lstatSync(path);
  return stat.isSymbolicLink() ? readlinkSync(path) === '/dev/null' : stat.size === 0;
}
