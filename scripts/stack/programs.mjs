import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { cacheFolder } from '../setup/cache-folder.mjs';
import { onPath, run } from '../setup/run.mjs';
import { SetupError, timed } from '../setup/say.mjs';
import { needTools } from '../setup/tools.mjs';

/** Where Debian's packages keep what is not on PATH. */
const debian = '/usr/lib/postgresql';

/**
 * Folder with `initdb` and `postgres` of the distribution.
 *
 * @throws SetupError naming the package where there is none
 */
export function postgresFolder() {
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const found = versions.map((version) => join(debian, version, 'bin')).find((bin) => existsSync(join(bin, 'initdb')));
  if (found !== undefined) return found;
  const initdb = onPath('initdb');
  if (initdb !== null) return join(initdb, '..');
  throw new SetupError('PostgreSQL is not there; install it with: apt-get install postgresql');
}

/** The version of the Temporal server that docker-compose.yml runs, as a Go module has it. */
export function temporalVersion(root) {
  const { services } = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true });
  return `v${services.temporal.image.split(':')[1]}`;
}

/**
 * The Temporal server, its SQL tool and its schema for PostgreSQL, built with Go once per machine.
 *
 * @returns the folder with `temporal-server`, `temporal-sql-tool` and `schema`
 */
export async function temporalPrograms(root) {
  const version = temporalVersion(root);
  const folder = join(cacheFolder(), `temporal-server-${version}`);
  if (existsSync(folder)) return folder;
  await needTools(['go'], `building the Temporal server ${version}`);
  await timed(`building the Temporal server ${version} and its SQL tool with Go (minutes the first time)`, () =>
    build(version, folder),
  );
  return folder;
}

async function build(version, folder) {
  const module = `go.temporal.io/server`;
  const aside = `${folder}.${process.pid}`;
  try {
    await mkdir(aside, { recursive: true });
    await run('go', ['install', `${module}/cmd/server@${version}`, `${module}/cmd/tools/sql@${version}`], {
      env: { GOBIN: aside },
      everySecondsSay: 20,
    });
    await rename(join(aside, 'server'), join(aside, 'temporal-server'));
    await rename(join(aside, 'sql'), join(aside, 'temporal-sql-tool'));
    const { Dir } = JSON.parse(await run('go', ['mod', 'download', '-json', `${module}@${version}`]));
    await cp(join(Dir, 'schema', 'postgresql', 'v12'), join(aside, 'schema'), { recursive: true });
    await rename(aside, folder);
  } finally {
    await run('chmod', ['-R', 'u+w', aside]).catch(() => undefined);
    await rm(aside, { recursive: true, force: true });
  }
}
