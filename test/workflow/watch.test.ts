import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { SCHEMAS } from '../../src/cli/schemas/index.js';
import type { Report } from '../../src/domain/report.js';
import { reportPage } from '../../src/report/page.js';
import { hasScript, Terminal } from '../cli/terminal.js';
import { type Ended, zkferry } from '../cli/zkferry.js';
import { FakeCluster } from '../fakes/fake-cluster.js';
import { aConfig } from '../fakes/plans.js';
import { type Migration, MigrationEnv } from './migration-env.js';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

describe('zkferry status, watch and messages', function () {
  this.timeout(180_000);
  const env = new MigrationEnv();
  let settings: NodeJS.ProcessEnv;
  before(async () => {
    await env.start();
    settings = { TEMPORAL_ADDRESS: env.address, TEMPORAL_NAMESPACE: 'default' };
  });
  after(() => env.stop());

  const clusterOf = ({ handle }: Migration): string => handle.workflowId.slice('zkferry-'.length);
  const cli = (...words: string[]): Promise<Ended> => zkferry(words, settings);

  it('draw a migration in place on a terminal, to its end', async function () {
    if (!hasScript()) {
      this.test!.title += ' (skipped: package bsdutils is not installed)';
      this.skip();
    }
    await env.migrate(new FakeCluster(aConfig(10)), async (migration) => {
      const { planHash } = await migration.atGate('begin');
      const terminal = new Terminal(['watch', clusterOf(migration)], { env: settings });
      await terminal.shows(/awaiting-approval, phase gate begin/);
      await terminal.shows(/next\n {2}zkferry approve/);
      assert.ok(terminal.screen.text.includes(planHash ?? 'no hash'));
      for (const gate of ['begin', 'cut-over', 'complete'] as const) await migration.approve(gate);
      assert.equal(await terminal.ended(), 0, terminal.screen.text);
      const { text, widest, lines } = terminal.screen;
      assert.match(text, /migrated, phase/);
      assert.ok(widest <= 80, `${String(widest)} columns`);
      assert.equal(text.match(/UTC/g)?.length, 1, `drawn in place, not below each other:\n${text}`);
      assert.ok(lines.length <= 24, text);
    });
  });

  it('print a dated line for each change where there is no terminal, and JSON that fits its schema', async () => {
    await env.migrate(new FakeCluster(aConfig()), async (migration) => {
      const cluster = clusterOf(migration);
      await migration.atGate('begin');
      const plain = cli('watch', cluster);
      const json = cli('watch', cluster, '--json');
      const waiting = await cli('watch', cluster, '--exit-on-wait');
      assert.equal(waiting.code, 4, waiting.stderr);
      for (const gate of ['begin', 'cut-over', 'complete'] as const) await migration.approve(gate);
      const { code, stdout } = await plain;
      assert.equal(code, 0);
      for (const line of stdout.trimEnd().split('\n'))
        assert.match(line, new RegExp(`^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ  ${cluster}  \\S`));
      assert.match(stdout, / {2}migrated {2}/);
      const validate = new Ajv2020({ validateFormats: false }).compile(SCHEMAS['status']?.() ?? {});
      const seen = (await json).stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { state: string });
      for (const status of seen) assert.ok(validate(status), JSON.stringify(validate.errors));
      assert.equal(seen.at(-1)?.state, 'migrated');
      const after = await cli('status', cluster);
      assert.match(after.stdout, /: migrated, phase/);
    });
  });

  it('tell a rollback by the exit code, and each message by its answer or the reason of its refusal', async () => {
    await env.migrate(new FakeCluster(aConfig()), async (migration) => {
      const cluster = clusterOf(migration);
      await migration.atGate('begin');
      const short = await cli('status', cluster, '--short');
      assert.match(short.stdout, new RegExp(`^${cluster} {2}awaiting-approval {2}gate begin {2}waits for`));
      const stale = await cli('approve', cluster, '--gate', 'begin', '--plan-hash', 'stale', '--by', 'ann');
      assert.equal(stale.code, 1);
      assert.match(stale.stderr, /plan stale is not the current one[^]*FERRY_REFUSED; remedy: zkferry status/);
      const typo = await cli('approve', cluster, '--gate', 'cutover', '--plan-hash', 'x');
      assert.equal(typo.code, 2);
      assert.match(typo.stderr, /Did you mean cut-over\?/);
      const watching = cli('watch', cluster);
      const rollback = await cli('rollback', cluster, '--by', 'ann', '--json', '--show-temporal');
      assert.deepEqual(
        [rollback.code, JSON.parse(rollback.stdout)],
        [0, { accepted: 'rolling back, as ordered by ann' }],
      );
      assert.match(
        rollback.stderr,
        /^temporal workflow update execute --workflow-id \S+ --name rollback --input '\{"by":"ann"\}'$/m,
      );
      assert.equal((await watching).code, 3);
    });
  });

  it('tell one that was cancelled at gate begin as what it is, also without a worker', async () => {
    let cluster = '';
    await env.migrate(new FakeCluster(aConfig()), async (migration) => {
      cluster = clusterOf(migration);
      await migration.atGate('begin');
      const watching = cli('watch', cluster);
      await migration.handle.cancel();
      const { code, stdout, stderr } = await watching;
      assert.equal(code, 3, stderr);
      assert.match(stdout, / {2}cancelled {2}/);
      const report = await cli('report', cluster, '--json');
      assert.equal(report.code, 0, report.stderr);
      const told = JSON.parse(report.stdout) as Report;
      assert.deepEqual([told.outcome, told.run?.closed, told.residue], ['cancelled', 'canceled', []]);
      assert.ok(told.phases.some(({ name, outcome }) => name === 'gate begin' && outcome === 'undone'));
      assert.doesNotMatch(reportPage(told), /take-over|cut off/);
      assert.match(reportPage(told), /It was cancelled before it had written anything/);
    });
    const status = await cli('status', cluster);
    assert.equal(status.code, 0, status.stderr);
    assert.match(status.stdout, /: cancelled, phase [^]*cancelled before it had written anything/);
    const json = await cli('status', cluster, '--json');
    const validate = new Ajv2020({ validateFormats: false }).compile(SCHEMAS['status']?.() ?? {});
    assert.ok(validate(JSON.parse(json.stdout)), JSON.stringify(validate.errors));
  });

  it('ask on a terminal before a rollback, with its price', async function () {
    if (!hasScript()) {
      this.test!.title += ' (skipped: package bsdutils is not installed)';
      this.skip();
    }
    await env.migrate(new FakeCluster(aConfig()), async (migration) => {
      const cluster = clusterOf(migration);
      await migration.atGate('begin');
      const careful = new Terminal(['rollback', cluster], { env: settings });
      await careful.shows(/In phase gate begin, possible: nothing was written yet\s+Type c-\w+ to go on: /);
      careful.type('no\r');
      assert.equal(await careful.ended(), 1);
      assert.match(careful.screen.text, /not confirmed; nothing was sent/);
      assert.equal((await migration.status()).state, 'awaiting-approval');
      const sure = new Terminal(['rollback', cluster], { env: settings });
      await sure.shows(/to go on: /);
      sure.type(`${cluster}\r`);
      assert.equal(await sure.ended(), 0, sure.screen.text);
      assert.equal((await migration.result()).state, 'rolled-back');
    });
  });

  it('stop watching after --timeout or Ctrl-C without touching the migration', async () => {
    await env.migrate(new FakeCluster(aConfig()), async (migration) => {
      const cluster = clusterOf(migration);
      await migration.atGate('begin');
      const late = await cli('watch', cluster, '--timeout', '2s');
      assert.equal(late.code, 1);
      assert.match(
        late.stderr,
        /has not ended: awaiting-approval, phase gate begin\nFERRY_WATCH_TIMEOUT; remedy: nothing was stopped/,
      );
      assert.equal((await cli('watch', cluster, '--timeout', '2')).code, 2);
      const child = spawn(process.execPath, [main, 'watch', cluster], {
        env: { ...process.env, ...settings },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const said = gather(child);
      for (const end = Date.now() + 60_000; !said().includes('awaiting-approval'); await delay(50))
        assert.ok(Date.now() < end, said());
      child.kill('SIGINT');
      const [code] = (await once(child, 'close')) as [number | null];
      assert.equal(code, 130);
      assert.match(
        said(),
        /stopped watching; the migration was not touched and goes on\nwatch it again: zkferry watch/,
      );
      assert.equal((await migration.status()).state, 'awaiting-approval');
    });
  });

  it('outlast a worker that is away, and say so', async () => {
    await env.migrateApart(new FakeCluster(aConfig()), async (migration, decider) => {
      const cluster = clusterOf(migration);
      await migration.atGate('begin');
      const child = spawn(process.execPath, [main, 'watch', cluster], {
        env: { ...process.env, ...settings },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const said = gather(child);
      const hears = async (pattern: RegExp): Promise<void> => {
        for (const end = Date.now() + 60_000; !pattern.test(said()); await delay(50))
          assert.ok(Date.now() < end, said());
      };
      await hears(/awaiting-approval/);
      await decider.stop();
      await hears(/no worker answers for the migration of cluster .*; watching goes on/);
      await decider.start();
      await hears(/answered again/);
      await migration.say('rollback', { by: 'ann' });
      const [code] = (await once(child, 'close')) as [number | null];
      assert.equal(code, 3, said());
    });
  });
});

/** Everything a process says on both of its outputs, so far. */
function gather(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return () => text;
}
