import { FlagError, parseFlags, type Flags, type FlagSpec } from './flags.js';
import { exitWith } from './log.js';
import { resolveZkUrl, type ZkUrl } from './zk/zk-url.js';

/** Reads the flags of this process; a bad one ends it as Mesos does: its text on stderr, exit code 1. */
export function startFlags(specs: Readonly<Record<string, FlagSpec>>, required: readonly string[]): Flags {
  try {
    const flags = parseFlags(specs, process.argv.slice(2), process.env);
    for (const name of required)
      if (flags.string(name) === null) throw new FlagError(`Missing required option --${name}`);
    return flags;
  } catch (cause) {
    if (!(cause instanceof FlagError)) throw cause;
    process.stderr.write(`${cause.message}\n`);
    process.exit(1);
  }
}

/** The value of `--zk` or `--master` as it was given; the file behind a `file://` is read once, here. */
export function startZkUrl(flags: Flags, name: string, failure: string): ZkUrl {
  try {
    return resolveZkUrl(flags.string(name) ?? '');
  } catch (cause) {
    exitWith(1, `${failure}: ${(cause as Error).message}`);
  }
}
