import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { skipWithoutPostgres, stackScripts, type StackProgram } from './postgres.js';

/** The lowest part of `npm run stack`; the whole of it is tested in the long tier. */
describe('PostgreSQL of the native stack', function () {
  this.timeout(60_000);
  let dir: string;
  let port: number;
  let server: StackProgram | null = null;
  let password = '';

  before(async function () {
    await skipWithoutPostgres(this);
    dir = await mkdtemp(join(tmpdir(), 'zkferry-pg-'));
    [port = 0] = await (await stackScripts()).freePorts(1);
  });
  after(async () => {
    await server?.stop('SIGINT');
    if (dir !== undefined) await rm(dir, { recursive: true, force: true });
  });

  it('serves its user on loopback, in a database of the stack’s own', async () => {
    await start();
    assert.equal(await sql('SHOW listen_addresses'), '127.0.0.1');
    assert.equal(await sql('SHOW data_directory'), join(dir, 'postgres'));
    await sql('CREATE TABLE kept (word text)');
    await sql(`INSERT INTO kept VALUES ('still here')`);
  });

  it('refuses another password', async () => {
    await assert.rejects(sql('SELECT 1', 'guessed'), /password authentication failed/);
  });

  it('has what it held when it is started again', async () => {
    await server?.stop('SIGINT');
    await start();
    assert.equal(await sql('SELECT word FROM kept'), 'still here');
  });

  async function start(): Promise<void> {
    const started = await (await stackScripts()).startPostgres(dir, port);
    ({ process: server, password } = started);
  }

  async function sql(statement: string, as = password): Promise<string> {
    const psql = join((await stackScripts()).postgresFolder(), 'psql');
    const to = ['-h', '127.0.0.1', '-p', String(port), '-U', 'temporal', '-d', 'postgres'];
    const { status, stdout, stderr } = spawnSync(psql, [...to, '-X', '-At', '-c', statement], {
      encoding: 'utf8',
      env: { ...process.env, PGPASSWORD: as },
    });
    if (status !== 0) throw new Error(stderr);
    return stdout.trim();
  }
});
