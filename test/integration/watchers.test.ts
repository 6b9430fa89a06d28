import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import zookeeper from 'node-zookeeper-client';
import type { LabJson, WatchRecord } from '../../lab/contract.js';
import type { ZnodeRecord } from '../../lab/judge/evidence.js';
import { readRecords } from '../../lab/judge-lab.js';
import { PinnedSession } from '../../lab/watchers/pinned-session.js';
import { watchElection } from '../../lab/watchers/watch-election.js';
import { tasksAlive } from '../../lab/watchers/tasks-alive.js';
import { fourLetterWord } from '../../lab/zookeeper/four-letter-word.js';
import { type Ensemble, startEnsemble } from '../../lab/zookeeper/ensemble.js';

const NET = '127.25.7';
const WATCHERS = `${NET}.40`;

const FAKE_MASTER = `
const [host, port, elected] = process.argv.slice(1);
require('node:http').createServer((q, s) => s.end(JSON.stringify({ 'master/elected': Number(elected) }))).listen(+port, host);
`;

describe('watchers', function () {
  this.timeout(90_000);
  let dir: string;
  let ensemble: Ensemble;
  const children: ChildProcess[] = [];

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'watchers-'));
    ensemble = await startEnsemble({ dir: join(dir, 'source'), addresses: [`${NET}.1`] });
    await create(ensemble.connectString, '/mesos');
  });

  after(async () => {
    for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ensemble.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  function run(command: string, args: string[]): ChildProcess {
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    children.push(child);
    return child;
  }

  describe('a pinned session', () => {
    it('connects from the watchers own address and keeps its session when the connection breaks', async () => {
      const [server] = ensemble.servers;
      assert.ok(server);
      const session = new PinnedSession({ address: server.address, port: server.clientPort, localAddress: WATCHERS });
      await until('the session', () => session.isConnected);
      const before = (await fourLetterWord(server.address, server.clientPort, 'cons')) ?? '';
      const id = /127\.25\.7\.40:\d+.*sid=(0x[0-9a-f]+)/.exec(before)?.[1];
      assert.ok(id, before);
      const { generation } = session;
      await ensemble.stopServer(server.id);
      await until('the loss', () => !session.isConnected);
      assert.equal(await session.children('/mesos'), null);
      await ensemble.startServer(server.id);
      await until('a new connection', () => session.generation > generation);
      const after = (await fourLetterWord(server.address, server.clientPort, 'cons')) ?? '';
      assert.match(after, new RegExp(`127\\.25\\.7\\.40:\\d+.*sid=${id},`));
      await session.close();
    });

    it('sees a younger ensemble that takes over the address, although its zxid is lower', async () => {
      const [server] = ensemble.servers;
      assert.ok(server);
      const session = new PinnedSession({ address: server.address, port: server.clientPort, localAddress: WATCHERS });
      await until('the session', () => session.isConnected);
      await create(ensemble.connectString, '/old');
      await until('the old tree', async () => (await session.children('/'))?.names.includes('old'));
      await ensemble.stopServer(server.id);
      const younger = await startEnsemble({ dir: join(dir, 'younger'), addresses: [server.address] });
      try {
        await until('the new tree', async () => {
          const names = (await session.children('/'))?.names;
          return names !== undefined && !names.includes('old') && !names.includes('mesos');
        });
      } finally {
        await session.close();
        await younger.stop();
        await ensemble.startServer(server.id);
      }
    });
  });

  it('see contenders come and go by the server’s own word, however long ago the last sample was due', async () => {
    const [server] = ensemble.servers;
    assert.ok(server);
    const seen: ZnodeRecord[] = [];
    const where = { address: server.address, port: server.clientPort, localAddress: WATCHERS };
    const watch = watchElection({ name: 's', ensemble: 'source', ...where }, '/mesos', (record) => seen.push(record));
    await until('the first sample', async () => {
      await watch.sample();
      return seen.at(-1)?.connected;
    });
    seen.length = 0;
    const first = await contend(ensemble.connectString, { id: 'uuid-1', pid: 'master@1' });
    await until('the first contender', () => seen.at(-1)?.leader?.id === 'uuid-1');
    const second = await contend(ensemble.connectString, { id: 'uuid-2', pid: 'master@2' });
    await until('the second contender', () => seen.at(-1)?.contenders.length === 2);
    const names = seen.at(-1)?.contenders ?? [];
    assert.deepEqual([...names].sort(), names);
    assert.ok(
      names.every((name) => /^json\.info_\d{10}$/.test(name)),
      names.join(),
    );
    assert.equal(seen.at(-1)?.leader?.id, 'uuid-1');
    first.close();
    await until('the lead of the second', () => seen.at(-1)?.leader?.id === 'uuid-2');
    assert.deepEqual(seen.at(-1)?.contenders, names.slice(1));
    second.close();
    await until('an empty tree', () => seen.at(-1)?.contenders.length === 0);
    assert.ok(seen.length <= 8, `${seen.length} samples of four changes`);
    await watch.close();
  });

  it('follow contenders and claims, name the process that claims, and say goodbye on SIGTERM', async () => {
    const lab = labJson(dir, ensemble);
    const labFile = join(dir, 'lab.json');
    writeFileSync(labFile, JSON.stringify(lab));
    const records = async () => await readRecords<WatchRecord>(lab.watchers.dir).catch((): WatchRecord[] => []);
    const claims = async () => (await records()).filter((record) => record.kind === 'claim');
    const main = fileURLToPath(new URL('../../lab/watchers/main.js', import.meta.url));
    const watchers = run(process.execPath, [main, '--lab', labFile]);
    await until('a refused claim', async () => (await claims()).some((claim) => claim.answer === 'refused'));

    const first = run(process.execPath, ['-e', FAKE_MASTER, `${NET}.11`, '5050', '1']);
    const claimedBy = (pid?: number) => async () =>
      (await claims()).some((claim) => claim.elected === true && claim.process === pid);
    await until('a claim of the first process', claimedBy(first.pid));
    first.kill('SIGKILL');
    const second = run(process.execPath, ['-e', FAKE_MASTER, `${NET}.11`, '5050', '1']);
    await until('a claim of the second process', claimedBy(second.pid));

    const contender = await contend(ensemble.connectString, { id: 'uuid-1', pid: `master@${NET}.11:5050` });
    const named = async (id: string | null) => {
      const last = (await records()).filter((record) => record.kind === 'znode' && record.server === 'source1').at(-1);
      return last?.kind === 'znode' && last.connected && (last.leader?.id ?? null) === id;
    };
    await until('the leader in the tree', () => named('uuid-1'));
    contender.close();
    await until('an empty tree', () => named(null));
    const [server] = ensemble.servers;
    assert.ok(server);
    await ensemble.stopServer(server.id, 'SIGKILL');
    await until('a server that is down', async () =>
      (await records()).some((record) => record.kind === 'znode' && record.server === 'source1' && !record.connected),
    );
    await ensemble.startServer(server.id);
    await until('the server again', () => named(null));

    watchers.kill('SIGTERM');
    assert.deepEqual(await once(watchers, 'exit'), [0, null]);
    const beats = (await records()).filter((record) => record.kind === 'heartbeat');
    for (const watcher of ['leaders', 'census']) {
      assert.equal(beats.filter((beat) => beat.watcher === watcher).at(-1)?.event, 'stopped');
    }
    const periods = (await claims())
      .slice(1)
      .map((claim, at, all) => claim.begin - (all[at - 1]?.begin ?? claim.begin));
    const typical = periods.sort((a, b) => a - b)[Math.floor(periods.length / 2)] ?? 0;
    assert.ok(typical > 80 && typical < 150, `a claim every ${typical} ms`);
  });

  it('find living tasks in the checkpoint and tell them from a reused pid', async () => {
    const task = run('sleep', ['60']);
    await once(task, 'spawn');
    const root = join(dir, 'agent-root');
    const checkpoint = (name: string, pid: number, start: string) => {
      const runDir = join(root, `var/lib/mesos/meta/slaves/S0/frameworks/F/executors/${name}/runs/C`);
      mkdirSync(join(runDir, 'pids'), { recursive: true });
      mkdirSync(join(runDir, 'tasks', name), { recursive: true });
      writeFileSync(join(runDir, 'pids/forked.pid'), String(pid));
      if (start !== '') writeFileSync(join(runDir, 'pids/forked.start'), start);
    };
    checkpoint('plain', task.pid ?? 0, '');
    checkpoint('reused', task.pid ?? 0, '12');
    assert.deepEqual(tasksAlive(root), { plain: task.pid });
    task.kill('SIGKILL');
    await once(task, 'exit');
    assert.deepEqual(tasksAlive(root), {});
  });
});

function labJson(dir: string, { servers }: Ensemble): LabJson {
  const process = { sshPort: 2222, pid: null, root: dir };
  const [server] = servers;
  assert.ok(server);
  const described = { id: 1, clientPort: server.clientPort, sshPort: 2222, pid: null, version: '3.8.4', root: dir };
  return {
    schemaVersion: 1,
    dir,
    cluster: 'watched',
    electionPath: '/mesos',
    source: [{ ...described, name: 'source1', host: server.address }],
    target: [{ ...described, name: 'target1', host: `${NET}.2` }],
    observers: [],
    masters: [{ ...process, name: 'master1', host: `${NET}.11`, httpPort: 5050 }],
    agents: [],
    frameworks: [],
    factor: 1,
    watchers: { dir: join(dir, 'watchers'), address: WATCHERS },
    journalDir: join(dir, 'journal'),
  };
}

async function open(connectString: string): Promise<zookeeper.Client> {
  const client = zookeeper.createClient(connectString);
  client.connect();
  await once(client, 'connected');
  return client;
}

async function create(connectString: string, path: string): Promise<void> {
  const client = await open(connectString);
  await new Promise<void>((resolve, reject) => {
    client.create(path, (error) => (error ? reject(new Error(String(error))) : resolve()));
  });
  client.close();
}

async function contend(connectString: string, info: { id: string; pid: string }): Promise<zookeeper.Client> {
  const client = await open(connectString);
  const body = Buffer.from(JSON.stringify(info));
  await new Promise<void>((resolve, reject) => {
    client.create('/mesos/json.info_', body, zookeeper.CreateMode.EPHEMERAL_SEQUENTIAL, (error) =>
      error ? reject(new Error(String(error))) : resolve(),
    );
  });
  return client;
}

async function until(what: string, holds: () => unknown, patienceMs = 20_000): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, `no sign of ${what} in ${patienceMs} ms`);
    await delay(50);
  }
}
