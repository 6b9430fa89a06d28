import { FerryError } from './errors.js';

/** A `zoo.cfg` cannot be read or edited safely. */
export class ZooCfgError extends FerryError {
  readonly code = 'FERRY_ZOO_CFG';
  readonly retryable = false;
  override readonly remedy = 'make zoo.cfg set every key once, as key=value on a line of its own';
}

interface Entry {
  readonly line: number;
  readonly key: string;
  readonly value: string;
}

/** A member of a `server.N` list. */
export interface ServerLine {
  readonly id: number;
  /** IPv6 without brackets. */
  readonly address: string;
  readonly quorumPort: number;
  readonly electionPort: number;
  readonly role: 'participant' | 'observer';
}

/** The settings of a `zoo.cfg`, in its order. @throws ZooCfgError on a key set twice or a continued line. */
export function readZooCfg(text: string): ReadonlyMap<string, string> {
  return new Map(entriesOf(text.split('\n')).map(({ key, value }) => [key, value]));
}

/**
 * The same file with some keys changed (a string), added at the end (a string, when missing) or
 * removed (null). Comments, order and all other lines stay byte for byte.
 * @throws ZooCfgError on a key set twice, a continued line, or a value that spans lines.
 */
export function editZooCfg(text: string, changes: Readonly<Record<string, string | null>>): string {
  const lines: (string | null)[] = text.split('\n');
  const entries = new Map(entriesOf(text.split('\n')).map((entry) => [entry.key, entry]));
  const added: string[] = [];
  for (const [key, value] of Object.entries(changes)) {
    if (!/^[^#!\s=:\\][^\s=:\\]*$/.test(key))
      throw new ZooCfgError(`${JSON.stringify(key)} cannot be a key of zoo.cfg`);
    if (value !== null && (value !== value.trim() || /[\r\n\\]/.test(value))) {
      throw new ZooCfgError(`the new value of ${key} cannot stand on one line of zoo.cfg`);
    }
    const entry = entries.get(key);
    if (entry === undefined) {
      if (value !== null) added.push(`${key}=${value}`);
    } else {
      const end = lines[entry.line]?.endsWith('\r') ? '\r' : '';
      lines[entry.line] =
        value === null ? null : entry.value === value ? (lines[entry.line] ?? null) : `${key}=${value}${end}`;
    }
  }
  const kept = lines.filter((line) => line !== null).join('\n');
  if (added.length === 0) return kept;
  const gap = kept === '' || kept.endsWith('\n') ? '' : '\n';
  return `${kept}${gap}${added.join('\n')}\n`;
}

function entriesOf(lines: readonly string[]): Entry[] {
  const seen = new Map<string, number>();
  const entries: Entry[] = [];
  for (const [line, text] of lines.entries()) {
    const where = `line ${String(line + 1)} of zoo.cfg`;
    if (/^\s*([#!].*)?$/s.test(text)) continue;
    if (/\\\s*$/.test(text)) throw new ZooCfgError(`${where} goes on in the next line`);
    // As Java reads properties: the key ends at =, : or space.
    const match = /^\s*([^\s=:]+)(?:\s*[=:]\s*|\s+|$)(.*?)\s*$/s.exec(text);
    const key = match?.[1] ?? '';
    if (key === '' || key.includes('\\')) throw new ZooCfgError(`${where} is not key=value`);
    const before = seen.get(key);
    if (before !== undefined)
      throw new ZooCfgError(`${key} is set in line ${String(before + 1)} and again in ${where}`);
    seen.set(key, line);
    entries.push({ line, key, value: match?.[2] ?? '' });
  }
  return entries;
}

/** The `server.N` list of a `zoo.cfg`, by rising id. @throws ZooCfgError naming the line that is none. */
export function serverLinesOf(settings: ReadonlyMap<string, string>): ServerLine[] {
  return [...settings]
    .filter(([key]) => key.startsWith('server.'))
    .map(([key, value]) => parseServerLine(key, value))
    .sort((a, b) => a.id - b.id);
}

/** Reads `server.N` = `host:quorum:election[:role][;[host:]clientPort]`. @throws ZooCfgError */
export function parseServerLine(key: string, value: string): ServerLine {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d+):(\d+)(?::(participant|observer))?(?:;.*)?$/i.exec(value);
  const id = /^server\.(\d+)$/.exec(key)?.[1];
  if (match === null || id === undefined) throw new ZooCfgError(`${key}=${value} is no server line`);
  return {
    id: Number(id),
    address: match[1] ?? match[2] ?? '',
    quorumPort: Number(match[3]),
    electionPort: Number(match[4]),
    role: match[5]?.toLowerCase() === 'observer' ? 'observer' : 'participant',
  };
}

/** The value of a `server.N` line; the role is written only where it is not the default, as 3.4 wants it. */
export function formatServerLine(server: Omit<ServerLine, 'id'>): string {
  const address = server.address.includes(':') ? `[${server.address}]` : server.address;
  const role = server.role === 'observer' ? ':observer' : '';
  return `${address}:${String(server.quorumPort)}:${String(server.electionPort)}${role}`;
}
