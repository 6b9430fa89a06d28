/** Something below a host's root. */
export interface FileEntry {
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  /** Permission bits and owner, for example `644 0:0`. */
  readonly mode: string;
  /** Digest of a file's bytes, or where a link leads; empty for anything else. */
  readonly content: string;
  /** Last change, ms since the epoch; of a folder: of the names in it. */
  readonly changedMs: number;
}

export interface ZnodeEntry {
  readonly data: string;
  readonly acl: string;
  readonly ephemeral: boolean;
  /** What any write to it or among its children moves: czxid, version, aclVersion, cversion. */
  readonly stamp: string;
}

/** A whole cluster as it lies there, seen from outside: by path, or by `host unit`. */
export interface Snapshot {
  readonly files: ReadonlyMap<string, FileEntry>;
  /** Enablement, state and drop-ins of every unit. */
  readonly units: ReadonlyMap<string, string>;
  readonly znodes: ReadonlyMap<string, ZnodeEntry>;
  /** Parents of the election in target: they may stay, empty, while anybody is connected (S17). */
  readonly mayStay: readonly string[];
}

/**
 * What a rollback has left behind, a line each; empty = nothing.
 *
 * Processes may have been restarted: times and counters do not count, and of ephemeral znodes only how
 * many there are beneath each parent.
 */
export function residue(before: Snapshot, after: Snapshot): string[] {
  const mayStay = (path: string): boolean => after.mayStay.includes(path) && isEmptyParent(after, path);
  return [
    ...changes(before.files, after.files, ({ kind, mode, content }) => `${kind} ${mode} ${content}`.trim()),
    ...changes(before.units, after.units, (unit) => unit),
    ...changes(persistent(before), persistent(after), ({ data, acl }) => `${data} ${acl}`).filter(
      (line) => !(line.startsWith('new: ') && mayStay(line.slice('new: '.length))),
    ),
    ...changes(ephemerals(before), ephemerals(after), String),
  ];
}

/** Every trace of a write between two snapshots, even of one that was undone; empty = nobody wrote. */
export function writes(before: Snapshot, after: Snapshot): string[] {
  return [
    ...changes(
      before.files,
      after.files,
      ({ kind, mode, content, changedMs }) => `${kind} ${mode} ${content} of ${String(changedMs)}`,
    ),
    ...changes(before.units, after.units, (unit) => unit),
    ...changes(before.znodes, after.znodes, ({ data, acl, ephemeral, stamp }) =>
      [data, acl, ephemeral ? 'ephemeral' : 'persistent', stamp].join(' '),
    ),
  ];
}

function changes<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
  told: (entry: T) => string,
): string[] {
  const lines: string[] = [];
  for (const name of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const [was, is] = [before.get(name), after.get(name)];
    if (was === undefined) lines.push(`new: ${name}`);
    else if (is === undefined) lines.push(`gone: ${name}`);
    else if (told(was) !== told(is)) lines.push(`changed: ${name}: ${told(was)} → ${told(is)}`);
  }
  return lines;
}

function persistent({ znodes }: Snapshot): Map<string, ZnodeEntry> {
  return new Map([...znodes].filter(([, { ephemeral }]) => !ephemeral));
}

function ephemerals({ znodes }: Snapshot): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [path, { ephemeral }] of znodes) {
    const beneath = `ephemeral znodes beneath ${path.slice(0, path.lastIndexOf('/'))}`;
    if (ephemeral) counts.set(beneath, (counts.get(beneath) ?? 0) + 1);
  }
  return counts;
}

function isEmptyParent({ znodes, mayStay }: Snapshot, path: string): boolean {
  return [...znodes.keys()].every((other) => !other.startsWith(`${path}/`) || mayStay.includes(other));
}
