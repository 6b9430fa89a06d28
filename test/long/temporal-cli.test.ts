import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { repositoryRoot } from '../../lab/repository-root.js';
import type { LabJson } from '../../lab/contract.js';
import { startWorker, type WorkerProcess } from '../../lab/stage/worker-process.js';
import { startTemporal, temporalBinary, type TemporalServer } from '../../lab/temporal.js';
import type { MigrationStatus } from '../../src/domain/status.js';
import { RunnablePage } from '../docs/runnable-page.js';
import { zkServersOf } from '../e2e/zk-connections.js';
import { run, StayingVerb, zkferry, type Ended } from './zkferry-cli.js';

/**
 * docs/temporal-cli.md, block by block as it stands there. Nothing of ours but `lab up`, `worker`, `input` and
 * `preflight`; everything else is Temporal's own CLI.
 */
describe('a migration driven by the temporal command alone', function () {
  this.timeout(420_000);
  let dir: string;
  let lab: StayingVerb<LabJson>;
  let temporal: TemporalServer;
  let worker: WorkerProcess;
  let page: RunnablePage;
  const id = 'zkferry-lab';

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'zkferry-cli-'));
    lab = await StayingVerb.start<LabJson>(['lab', 'up', '--dir', join(dir, 'lab'), '--agents', '2', '--json']);
    temporal = await startTemporal({ dir });
    worker = await startWorker({ dir, temporal: temporal.address });
    // The page's own directory: a cluster.yaml, and both commands on PATH.
    const [bin, here] = [join(dir, 'bin'), join(dir, 'here')];
    await mkdir(bin);
    await mkdir(here);
    await symlink(temporalBinary(), join(bin, 'temporal'));
    const main = join(repositoryRoot(), 'dist/src/cli/main.js');
    await writeFile(join(bin, 'zkferry'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`);
    await chmod(join(bin, 'zkferry'), 0o755);
    await symlink(join(dir, 'lab', 'cluster.yaml'), join(here, 'cluster.yaml'));
    page = new RunnablePage('docs/temporal-cli.md', here, {
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: 'default',
      USER: 'ann',
    });
  });

  after(async () => {
    await worker?.stop();
    await temporal?.stop();
    await lab?.interrupt();
    await rm(dir, { recursive: true, force: true });
  });

  it('has a namespace with search attributes, and a worker to be seen', async () => {
    await page.do('namespace');
    await page.do('search-attributes');
    assert.match(await page.do('pollers'), /zkferry@/);
  });

  it('starts from the input file, and refuses a second start of the same cluster', async () => {
    await page.do('start');
    const second = await page.run('start');
    assert.notEqual(second.code, 0, second.stdout);
  });

  it('shows status, plan and story while it waits', async () => {
    const { planHash } = await atGate('begin');
    assert.ok(planHash);
    assert.ok((await page.do('status')).includes(planHash));
    assert.ok((await page.do('plan')).includes(planHash));
    assert.ok((await page.do('details')).includes(`zkferry approve lab --gate begin --plan-hash ${planHash}`));
    assert.match(await page.do('describe'), /zkferry-lab/);
    assert.match(await page.do('waiting'), /zkferry-lab/);
  });

  it('ends at once when it is cancelled before anything was written', async () => {
    await page.do('cancel');
    const { stdout } = await page.run('result');
    assert.match(stdout, /CANCELED/);
  });

  it('ends rolled back when `rollback` is signalled in move-masters, with no residue', async () => {
    await page.do('start');
    await atGate('begin');
    await page.do('pause');
    await page.do('pace');
    await page.do('approve', { GATE: 'begin' });
    await until((s) => s.state === 'paused');
    await page.do('resume');
    await until((s) => s.phase === 'move-masters');
    await page.do('rollback');
    const status = await ended();
    assert.equal(status.state, 'rolled-back', JSON.stringify(status, null, 1));
    assert.match(await page.do('result'), /rolled-back/);
    await standOn('source');
    const preflight = await zkferry(['preflight', join(dir, 'lab', 'cluster.yaml')]);
    assert.equal(preflight.code, 0, preflight.stdout + preflight.stderr);
    assert.doesNotMatch(preflight.stdout, /residue/i);
  });

  it('refuses to approve a gate that does not wait, and names the one that does', async () => {
    await page.do('start');
    await atGate('begin');
    const refused = await page.run('approve', { GATE: 'complete' });
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr + refused.stdout, /gate complete is not waiting; the gate that waits is begin/);
  });

  it('refuses to decide an incident that is not there', async () => {
    const refused = await page.run('decide');
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr + refused.stdout, /i1/);
  });

  it('notes a signal that makes no sense and stays where it is', async () => {
    await atGate('begin');
    await page.do('approve-by-signal', { GATE: 'cut-over' });
    assert.match(await page.do('details'), /gate cut-over is not waiting/);
    assert.equal((await status()).state, 'awaiting-approval');
  });

  it('goes on to migrated, approved by update and by signal', async () => {
    await page.do('approve', { GATE: 'begin' });
    await atGate('cut-over');
    await page.do('approve-by-signal', { GATE: 'cut-over' });
    await atGate('complete');
    await page.do('approve', { GATE: 'complete' });
    const status = await ended();
    assert.equal(status.state, 'migrated', JSON.stringify(status, null, 1));
    await standOn('observers');
  });

  it('has run every block of the page', () => {
    assert.deepEqual(page.left, []);
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
