import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { SetupError } from '../setup/say.mjs';
import { postgresFolder } from './programs.mjs';
import { startProcess } from './process.mjs';

/**
 * PostgreSQL of the distribution on a loopback port, its data below `dir`; a database that is there is continued.
 *
 * @returns the process and the password of its user `temporal`
 */
export async function startPostgres(dir, port) {
  const bin = postgresFolder();
  const data = join(dir, 'postgres');
  const { prefix, own } = asPostgres();
  const secret = join(dir, 'password');
  if (!existsSync(secret)) writeFileSync(secret, randomBytes(24).toString('base64url'), { mode: 0o600 });
  if (!existsSync(join(data, 'PG_VERSION'))) {
    mkdirSync(data, { recursive: true, mode: 0o700 });
    own(secret);
    own(data);
    const auth = ['--auth=scram-sha-256', `--pwfile=${secret}`];
    const all = [...prefix, join(bin, 'initdb'), '-D', data, '-U', 'temporal', '-E', 'UTF8', '-N', ...auth];
    const { status, stderr } = spawnSync(all[0], all.slice(1), { encoding: 'utf8', cwd: '/' });
    if (status !== 0) throw new SetupError(`initdb failed: ${stderr}`);
  }
  const listen = ['-h', '127.0.0.1', '-p', String(port), '-c', 'unix_socket_directories='];
  const [command, ...args] = [...prefix, join(bin, 'postgres'), '-D', data, ...listen];
  const postgres = startProcess('PostgreSQL', command, args, join(dir, 'postgres.log'), { cwd: '/' });
  await postgres
    .ready(() => accepts(port))
    .catch(async (error) => {
      await postgres.stop('SIGINT');
      throw error;
    });
  return { process: postgres, password: readFileSync(secret, 'utf8') };
}

/**
 * PostgreSQL refuses to run as root: then it runs as the package's own user, with the one capability that lets it pass
 * root's folders on the way to its data.
 */
function asPostgres() {
  if (process.getuid?.() !== 0) return { prefix: [], own: () => undefined };
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((one) => one.startsWith('postgres:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined) throw new SetupError('there is no user postgres; install it with: apt-get install postgresql');
  const pass = '+dac_read_search';
  const drop = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', `--inh-caps=${pass}`, `--ambient-caps=${pass}`];
  return { prefix: ['setpriv', ...drop], own: (path) => chownSync(path, Number(uid), Number(gid)) };
}

function accepts(port) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port }, () => {
      socket.end();
      resolve();
    });
    socket.once('error', reject);
  });
}
