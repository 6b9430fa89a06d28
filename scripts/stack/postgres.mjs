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
  const user = unprivileged(dir);
  const secret = join(dir, 'password');
  if (!existsSync(secret)) writeFileSync(secret, randomBytes(24).toString('base64url'), { mode: 0o600 });
  const password = readFileSync(secret, 'utf8');
  if (user.uid !== undefined) chownSync(secret, user.uid, user.gid);
  if (!existsSync(join(data, 'PG_VERSION'))) {
    mkdirSync(data, { recursive: true, mode: 0o700 });
    if (user.uid !== undefined) chownSync(data, user.uid, user.gid);
    const args = ['-D', data, '-U', 'temporal', '-E', 'UTF8', '--auth=scram-sha-256', `--pwfile=${secret}`, '-N'];
    const { status, stderr } = spawnSync(join(bin, 'initdb'), args, { ...user, encoding: 'utf8' });
    if (status !== 0) throw new SetupError(`initdb failed: ${stderr}`);
  }
  const postgres = startProcess(
    'PostgreSQL',
    join(bin, 'postgres'),
    ['-D', data, '-h', '127.0.0.1', '-p', String(port), '-c', 'unix_socket_directories='],
    join(dir, 'postgres.log'),
    { ...user, cwd: data },
  );
  await postgres
    .ready(() => accepts(port))
    .catch(async (error) => {
      await postgres.stop('SIGINT');
      throw error;
    });
  return { process: postgres, password };
}

/** PostgreSQL refuses to run as root: then it runs as the package's own user. */
function unprivileged(dir) {
  if (process.getuid?.() !== 0) return {};
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((one) => one.startsWith('postgres:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined) throw new SetupError('there is no user postgres; install it with: apt-get install postgresql');
  const user = { uid: Number(uid), gid: Number(gid) };
  if (spawnSync('test', ['-x', dir], user).status !== 0) {
    throw new SetupError(`user postgres cannot enter ${dir}: let others pass every folder above it (chmod o+x)`);
  }
  return user;
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
