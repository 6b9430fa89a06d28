import { readFileSync } from 'node:fs';
import type { JobOutcome } from './service-state.js';
import type { Service } from './service.js';
import type { Supervisor } from './supervisor.js';
import { parseSystemctlArguments, type SystemctlCall } from './systemctl-arguments.js';
import { unitProperties } from './unit-properties.js';
import { filesOfUnit, signalName } from './unit-file.js';

export interface SystemctlReply {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

type Verb = (call: SystemctlCall, supervisor: Supervisor) => SystemctlReply | Promise<SystemctlReply>;

const verbs: Readonly<Record<string, Verb>> = {
  start: (call, supervisor) => jobs(call, supervisor, 'start'),
  stop: (call, supervisor) => jobs(call, supervisor, 'stop'),
  restart: (call, supervisor) => jobs(call, supervisor, 'restart'),
  'try-restart': (call, supervisor) => jobs({ ...call, units: runningOnly(call, supervisor) }, supervisor, 'restart'),
  'reload-or-restart': (call, supervisor) => jobs(call, supervisor, 'restart'),
  kill,
  show,
  status,
  cat,
  'is-active': isActive,
  'is-failed': isFailed,
  'is-enabled': isEnabled,
  enable: (call, supervisor) => enable(call, supervisor, true),
  disable: (call, supervisor) => enable(call, supervisor, false),
  'reset-failed': resetFailed,
  'daemon-reload': reload,
  'daemon-reexec': reload,
  'list-unit-files': listUnitFiles,
  'list-units': listUnits,
  'is-system-running': () => said('running\n'),
};

/** Answers one `systemctl` call as systemd's own does: the same words, streams and exit status. */
export async function runSystemctl(supervisor: Supervisor, argv: readonly string[]): Promise<SystemctlReply> {
  const call = parseSystemctlArguments(argv);
  if (call.error !== null) return failed(1, `systemctl: ${call.error}\n`);
  if (call.version) return said(`systemd ${String(supervisor.version)} (${String(supervisor.version)}-lab)\n`);
  const verb = verbs[call.verb === '' ? 'list-units' : call.verb];
  if (verb === undefined) return failed(1, `Unknown command verb ${call.verb}.\n`);
  return verb(call, supervisor);
}

/** Starts, stops or restarts the named units together and, unless told not to, waits for all of them. */
async function jobs(
  call: SystemctlCall,
  supervisor: Supervisor,
  kind: 'start' | 'stop' | 'restart',
): Promise<SystemctlReply> {
  const services = call.units.map((name) => supervisor.service(name));
  const missing = services.find(({ definition }) => definition.loadState !== 'loaded');
  if (missing !== undefined && !(kind === 'stop' && missing.definition.loadState === 'masked'))
    return notLoaded(missing, kind);
  const warnings = services
    .filter(changedOnDisk)
    .map(
      ({ name }) =>
        `Warning: The unit file, source configuration file or drop-ins of ${name} changed on disk. Run 'systemctl daemon-reload' to reload units.\n`,
    );
  const outcomes = services.map((service) => service[kind]());
  if (call.noBlock) return { code: 0, stdout: '', stderr: warnings.join('') };
  const ended = await Promise.all(outcomes);
  const complaints = services.flatMap(({ name }, i) => complaint(name, ended[i] ?? 'done'));
  return { code: complaints.length === 0 ? 0 : 1, stdout: '', stderr: [...warnings, ...complaints].join('') };
}

function complaint(unit: string, outcome: JobOutcome): string[] {
  if (outcome === 'canceled') return [`Job for ${unit} canceled.\n`];
  if (outcome === 'failed')
    return [`Job for ${unit} failed.\nSee "systemctl status ${unit}" and "journalctl -xeu ${unit}" for details.\n`];
  return [];
}

function notLoaded({ name, definition }: Service, kind: string): SystemctlReply {
  if (definition.loadState === 'not-found') {
    return failed(5, `Failed to ${kind} ${name}: Unit ${name} not ${kind === 'stop' ? 'loaded' : 'found'}.\n`);
  }
  return failed(
    1,
    `Failed to ${kind} ${name}: ${definition.loadError ?? `Unit ${name} has a bad unit file setting.`}\n`,
  );
}

function runningOnly(call: SystemctlCall, supervisor: Supervisor): string[] {
  return call.units.filter((name) => ['active', 'activating'].includes(supervisor.service(name).activeState));
}

function kill(call: SystemctlCall, supervisor: Supervisor): SystemctlReply {
  const signal = signalName(call.signal);
  if (signal === null) return failed(1, `Failed to parse signal string ${call.signal}.\n`);
  const complaints = call.units.flatMap((name) => {
    const service = supervisor.service(name);
    const unit = service.name;
    if (service.definition.loadState === 'not-found')
      return [`Failed to kill unit ${unit}: Unit ${unit} not loaded.\n`];
    const signalled = service.kill(signal, call.killWho);
    return signalled || call.killWho === 'all' ? [] : [`Failed to kill unit ${unit}: No main process to kill\n`];
  });
  return failed(complaints.length === 0 ? 0 : 1, complaints.join(''));
}

function show(call: SystemctlCall, supervisor: Supervisor): SystemctlReply {
  const blocks = call.units.map((name) => {
    const properties = Object.entries(unitProperties(supervisor, supervisor.service(name), changedOnDisk));
    const chosen = properties.filter(([key]) => call.properties.length === 0 || call.properties.includes(key));
    return chosen.map(([key, value]) => (call.value ? `${value}\n` : `${key}=${value}\n`)).join('');
  });
  return said(blocks.join('\n'));
}

function status(call: SystemctlCall, supervisor: Supervisor): SystemctlReply {
  const services = call.units.map((name) => supervisor.service(name));
  const unknown = services.filter(({ definition }) => definition.loadState === 'not-found');
  const blocks = services
    .filter((service) => !unknown.includes(service))
    .map((service) => {
      const { name, definition, mainPid, activeState, subState } = service;
      const dot = activeState === 'active' ? '●' : activeState === 'failed' ? '×' : '○';
      const state = activeState === 'failed' ? `failed (Result: ${service.result})` : `${activeState} (${subState})`;
      const lines = [
        `${dot} ${name} - ${definition.description}`,
        `     Loaded: ${definition.loadState} (${definition.fragmentPath}; ${supervisor.unitFileState(name)})`,
        `     Active: ${state}`,
        ...(mainPid === 0 ? [] : [`   Main PID: ${String(mainPid)}`]),
      ];
      return `${lines.join('\n')}\n`;
    });
  const complaints = unknown.map(({ name }) => `Unit ${name} could not be found.\n`);
  const code = unknown.length > 0 ? 4 : services.every(({ activeState }) => activeState === 'active') ? 0 : 3;
  return { code, stdout: blocks.join('\n'), stderr: complaints.join('') };
}

function cat(call: SystemctlCall, supervisor: Supervisor): SystemctlReply {
  const services = call.units.map((name) => supervisor.service(name));
  const missing = services.find(({ definition }) => definition.fragmentPath === '');
  if (missing !== undefined) return failed(1, `No files found for ${missing.name}.\n`);
  const files = services.flatMap(({ definition }) => [definition.fragmentPath, ...definition.dropInPaths]);
  return said(files.map((file) => `# ${file}\n${readFileSync(file, 'utf8')}`).join('\n'));
}

function isActive(call: SystemctlCall, supervisor: Supervisor): SystemctlReply {
  const states = call.units.map((name) => supervisor.service(name).activeState);
  const known = call.units.some((name) => supervisor.service(name).definition.loadState !== 'not-found');
  const code = states.includes('active') ? 0 : known ? 3 : 4;
  return { code, stdout: call.quiet ? '' : states.map((state) => `${state}\n`).join(''), stderr: '' };
}

function isFailed(call: SystemctlCall, supervisor: Supervisor): SystemctlReply {
  const states = call.units.map((name) => supervisor.service(name).activeState);
  return {
    code: states.includes('failed') ? 0 : 1,
    stdout: call.quiet ? '' : states.map((state) => `${state}\n`).join(''),
    stderr: '',
  };
}

function isEnabled(call: SystemctlCall, supervisor: Supervisor): SystemctlReply {
  const states = call.units.map((name) => supervisor.unitFileState(name));
  const good = states.some((state) => state === 'enabled' || state === 'static');
  if (call.quiet) return failed(good ? 0 : 1, '');
  const complaints = call.units.filter((_, i) => states[i] === '');
  return {
    code: good ? 0 : 1,
    stdout: states
      .filter((state) => state !== '')
      .map((state) => `${state}\n`)
      .join(''),
    stderr: complaints
      .map((name) => `Failed to get unit file state for ${supervisor.service(name).name}: No such file or directory\n`)
      .join(''),
  };
}

async function enable(call: SystemctlCall, supervisor: Supervisor, enabled: boolean): Promise<SystemctlReply> {
  const verb = enabled ? 'enable' : 'disable';
  const missing = call.units
    .map((name) => supervisor.service(name))
    .find(({ definition }) => definition.loadState === 'not-found');
  if (missing !== undefined) return failed(1, `Failed to ${verb} unit: Unit file ${missing.name} does not exist.\n`);
  const done = call.units.flatMap((name) => supervisor.setEnabled(name, enabled));
  supervisor.daemonReload();
  const stderr = call.quiet ? '' : done.map((line) => `${line}\n`).join('');
  if (!call.now) return { code: 0, stdout: '', stderr };
  const then = await jobs(call, supervisor, enabled ? 'start' : 'stop');
  return { ...then, stderr: stderr + then.stderr };
}

function resetFailed(call: SystemctlCall, supervisor: Supervisor): SystemctlReply {
  const names = call.units.length > 0 ? call.units : supervisor.unitFiles();
  for (const name of names) supervisor.service(name).resetFailed();
  return said('');
}

function reload(_call: SystemctlCall, supervisor: Supervisor): SystemctlReply {
  supervisor.daemonReload();
  return said('');
}

function listUnitFiles(call: SystemctlCall, supervisor: Supervisor): SystemctlReply {
  const units = supervisor
    .unitFiles()
    .filter((name) => call.units.length === 0 || call.units.some((wanted) => matches(name, wanted)));
  const rows = units.map((name) => `${name} ${supervisor.unitFileState(name)}\n`);
  return said(
    call.noLegend ? rows.join('') : `UNIT FILE STATE\n${rows.join('')}\n${String(rows.length)} unit files listed.\n`,
  );
}

function listUnits(call: SystemctlCall, supervisor: Supervisor): SystemctlReply {
  const units = supervisor
    .unitFiles()
    .filter((name) => call.units.length === 0 || call.units.some((wanted) => matches(name, wanted)));
  const rows = units
    .map((name) => supervisor.service(name))
    .filter(({ activeState }) => call.all || activeState !== 'inactive')
    .map(
      ({ name, definition, activeState, subState }) =>
        `${name} ${definition.loadState} ${activeState} ${subState} ${definition.description}\n`,
    );
  return said(
    call.noLegend
      ? rows.join('')
      : `UNIT LOAD ACTIVE SUB DESCRIPTION\n${rows.join('')}\n${String(rows.length)} loaded units listed.\n`,
  );
}

/** Shell pattern with `*` only, as people write it for units. */
function matches(name: string, pattern: string): boolean {
  const full = pattern.includes('.') || pattern.endsWith('*') ? pattern : `${pattern}.service`;
  return new RegExp(
    `^${full
      .split('*')
      .map((part) => part.replace(/[^\w]/g, '\\$&'))
      .join('.*')}$`,
  ).test(name);
}

/** Whether a file of the unit changed, came or went since it was loaded (`NeedDaemonReload`). */
function changedOnDisk({ loadedFrom, onDisk }: Service): boolean {
  return filesOfUnit(onDisk) !== loadedFrom;
}

function said(stdout: string): SystemctlReply {
  return { code: 0, stdout, stderr: '' };
}

function failed(code: number, stderr: string): SystemctlReply {
  return { code, stdout: '', stderr };
}
