import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../cache-folder.js';
import { zookeeperVersions } from './versions.js';
import { ZookeeperMissingError } from './zookeeper-missing-error.js';

export interface ZookeeperCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Added to the environment of the process, not a whole environment. */
  readonly env: Readonly<Record<string, string>>;
}

export interface ZookeeperCommandOptions {
  readonly version: string;
  readonly configFile: string;
  /** Appended to, with whatever the JVM itself prints. Its folder must exist. */
  readonly logFile: string;
  /** More flags of the JVM, for example `-Dzookeeper.skipACL=yes`. */
  readonly jvmFlags?: readonly string[];
}

// The start of the JVM dominates the time an observer is away: a small heap, the serial collector
// and the quick compiler save about half a second per start on a busy machine.
const quickStart = ['-Xmx96m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];

const logging = [
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=info',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  '-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss,SSS',
];

/**
 * How to start one real ZooKeeper server, for participants and observers alike.
 *
 * A shell opens the log file and then becomes the JVM, so the pid is the server's and SIGTERM reaches it.
 *
 * @throws ZookeeperMissingError when set-up has not fetched that version.
 */
export function zookeeperCommand(options: ZookeeperCommandOptions): ZookeeperCommand {
  const { version, configFile, logFile, jvmFlags = [] } = options;
  const java = process.env['JAVA_HOME'] ? join(process.env['JAVA_HOME'], 'bin/java') : 'java';
  const jvm = [java, ...quickStart, ...logging, ...jvmFlags, '-cp', classPath(version)];
  return {
    command: '/bin/sh',
    args: [
      '-c',
      'log=$1; shift; exec "$@" >>"$log" 2>&1',
      'zookeeper',
      logFile,
      ...jvm,
      'org.apache.zookeeper.server.quorum.QuorumPeerMain',
      configFile,
    ],
    env: {},
  };
}

/** Folder of the jars of `version`; it holds a file `complete` once all of them are there. */
export function zookeeperFolder(version: string): string {
  return join(cacheFolder(), 'zookeeper', version);
}

function classPath(version: string): string {
  const folder = zookeeperFolder(version);
  if (!existsSync(join(folder, 'complete'))) throw new ZookeeperMissingError(version, folder, zookeeperVersions);
  const jars = readdirSync(folder).filter((name) => name.endsWith('.jar'));
  return jars
    .sort()
    .map((name) => join(folder, name))
    .join(':');
}
