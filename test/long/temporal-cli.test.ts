import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { LabJson } from '../../lab/contract.js';
import { startWorker, type WorkerProcess } from '../../lab/stage/worker-process.js';
import { startTemporal, temporalBinary, type TemporalServer } from '../../lab/temporal.js';
import type { MigrationStatus } from '../../src/domain/status.js';
import { zkServersOf } from '../e2e/zk-connections.js';
import { run, StayingVerb, zkferry, type Ended } from './zkferry-cli.js';

/** Nothing of ours but `lab up`, `worker`, `input` and `preflight`; everything else is Temporal's own CLI. */
describe('a migration driven by the temporal command alone', function () {
  this.timeout(420_000);
  let dir: string;
  let lab: StayingVerb<LabJson>;
  let temporal: TemporalServer;
  let worker: WorkerProcess;
  const id = 'zkferry-lab';

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'zkferry-cli-'));
    lab = await StayingVerb.start<LabJson>(['lab', 'up', '--dir', join(dir, 'lab'), '--agents', '2', '--json']);
    temporal = await startTemporal({ dir });
    worker = await startWorker({ dir, temporal: temporal.address });
    const input = await zkferry(['input', join(dir, 'lab', 'cluster.yaml')]);
    assert.equal(input.code, 0, input.stderr);
    await writeFile(join(dir, 'input.json'), input.stdout);
  });

  after(async () => {
    await worker?.stop();
    await temporal?.stop();
    await lab?.interrupt();
    await rm(dir, { recursive: true, force: true });
  });

  it('starts from the input file, and refuses a second start of the same cluster', async () => {
    const first = await start();
    assert.equal(first.code, 0, first.stderr);
    const second = await start();
    assert.notEqual(second.code, 0, second.stdout);
  });

  it('ends rolled back when `rollback` is signalled in move-masters, with no residue', async () => {
    await approve('begin', await atGate('begin'));
    await until((s) => s.phase === 'move-masters');
    const sent = await signal('rollback', { by: 'ann', reason: 'a test' });
    assert.equal(sent.code, 0, sent.stderr);
    const status = await ended();
    assert.equal(status.state, 'rolled-back', JSON.stringify(status, null, 1));
    await standOn('source');
    const preflight = await zkferry(['preflight', join(dir, 'lab', 'cluster.yaml')]);
    assert.equal(preflight.code, 0, preflight.stdout + preflight.stderr);
    assert.doesNotMatch(preflight.stdout, /residue/i);
  });

  it('refuses to approve a gate that does not wait, and names the one that does', async () => {
    assert.equal((await start()).code, 0);
    const { planHash } = await atGate('begin');
    const refused = await update('approve', { gate: 'complete', by: 'ann', planHash });
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr + refused.stdout, /gate complete is not waiting; the gate that waits is begin/);
  });

  it('notes a signal that makes no sense and stays where it is', async () => {
    const { planHash } = await atGate('begin');
    assert.equal((await signal('approve', { gate: 'cut-over', by: 'ann', planHash })).code, 0);
    const details = await cli('metadata', '--workflow-id', id, '--output', 'json');
    assert.match(details.stdout, /gate cut-over is not waiting/);
    assert.equal((await status()).state, 'awaiting-approval');
  });

  it('goes on to migrated, approved by update and by signal', async () => {
    await approve('begin', await atGate('begin'));
    const { planHash } = await atGate('cut-over');
    assert.equal((await signal('approve', { gate: 'cut-over', by: 'ann', planHash })).code, 0);
    await approve('complete', await atGate('complete'));
    const status = await ended();
    assert.equal(status.state, 'migrated', JSON.stringify(status, null, 1));
    await standOn('observers');
  });

  it('leaves no process behind once everything has been stopped', async () => {
    await worker.stop();
    await temporal.stop();
    assert.equal(await lab.interrupt(), 0);
    assert.deepEqual(await processesNaming(dir), []);
  });

  function cli(...words: string[]): Promise<Ended> {
    return run(temporalBinary(), ['workflow', ...words, '--address', temporal.address]);
  }

  function start(): Promise<Ended> {
    const what = ['--type', 'migrateCluster', '--task-queue', 'zkferry', '--workflow-id', id];
    return cli('start', ...what, '--fail-existing', '--input-file', join(dir, 'input.json'));
  }

  function signal(name: string, message: unknown): Promise<Ended> {
    return cli('signal', '--workflow-id', id, '--name', name, '--input', JSON.stringify(message));
  }

  function update(name: string, message: unknown): Promise<Ended> {
    return cli('update', 'execute', '--workflow-id', id, '--name', name, '--input', JSON.stringify(message));
  }

  async function status(): Promise<MigrationStatus> {
    const answer = await cli('query', '--workflow-id', id, '--name', 'status', '--output', 'json');
    assert.equal(answer.code, 0, answer.stderr);
    return (JSON.parse(answer.stdout) as { queryResult: [MigrationStatus] }).queryResult[0];
  }

  async function until(wanted: (now: MigrationStatus) => boolean): Promise<MigrationStatus> {
    const end = Date.now() + 200_000;
    for (;;) {
      const now = await status();
      if (wanted(now)) return now;
      assert.notEqual(now.state, 'awaiting-decision', JSON.stringify(now, null, 1));
      assert.ok(Date.now() < end, `the migration did not get there: ${JSON.stringify(now, null, 1)}`);
      await delay(300);
    }
  }

  const atGate = (gate: string) => until((s) => s.waitingFor?.what.includes(`gate ${gate} `) === true);
  const ended = () => until(({ state }) => ['migrated', 'rolled-back', 'stranded'].includes(state));

  async function approve(gate: string, { planHash }: MigrationStatus): Promise<void> {
    const answer = await update('approve', { gate, by: 'ann', planHash });
    assert.equal(answer.code, 0, answer.stderr);
  }

  /** Reads the main processes' pids anew: every one of them was restarted. */
  async function standOn(side: 'source' | 'observers'): Promise<void> {
    const wanted = new Set(lab.json[side].map(({ host }) => host));
    for (const { name, host, httpPort, root } of [...lab.json.masters, ...lab.json.agents]) {
      const pids = await processesListening(root, httpPort);
      assert.equal(pids.length, 1, `${name} on ${host} runs once`);
      const servers = await zkServersOf(pids[0] ?? 0, lab.json.source[0]?.clientPort ?? 0);
      assert.ok(servers.length > 0, `${name} is connected to ZooKeeper`);
      for (const server of servers) assert.ok(wanted.has(server), `${name} is connected to ${server}, not ${side}`);
    }
  }
});

/** The Mesos process of a host, by its command line. */
async function processesListening(root: string, port: number): Promise<number[]> {
  const found: number[] = [];
  for (const pid of await pids()) {
    const [command, environment] = await Promise.all([proc(pid, 'cmdline'), proc(pid, 'environ')]);
    const words = command.join(' ');
    if (!/mesos\/(master|agent)-main\.js/.test(words)) continue;
    if (environment.includes(`ZKFERRY_LAB_HOST=${root}`) && port > 0) found.push(pid);
  }
  return found;
}

async function processesNaming(dir: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await pids()) {
    if (pid === process.pid) continue;
    const [command, environment] = await Promise.all([proc(pid, 'cmdline'), proc(pid, 'environ')]);
    if (command.length > 0 && [...command, ...environment].some((word) => word.includes(dir)))
      found.push(`${pid} ${command.join(' ')}`);
  }
  return found;
}

async function pids(): Promise<number[]> {
  return (await readdir('/proc')).map(Number).filter(Number.isInteger);
}

/** A file of /proc whose words end in NUL; empty when the process is gone. */
async function proc(pid: number, file: string): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
  return text.split('\0').filter((word) => word !== '');
}
