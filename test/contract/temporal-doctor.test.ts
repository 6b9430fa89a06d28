import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { startTemporal, type TemporalServer } from '../../lab/temporal.js';
import { stopped, zkferry } from '../cli/zkferry.js';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

interface Answer {
  readonly code: number | null;
  readonly checks: Record<string, { readonly verdict: string; readonly seen: string; readonly remedy: string | null }>;
}

describe('zkferry doctor --temporal', function () {
  this.timeout(120_000);
  let dir: string;
  let temporal: TemporalServer;
  let connection: Connection;
  let client: Client;
  let worker: ChildProcess | undefined;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'zkferry-doctor-'));
    temporal = await startTemporal({ dir, bare: true });
    connection = await Connection.connect({ address: temporal.address });
    client = new Client({ connection });
  });
  after(async () => {
    if (worker) await stopped(worker);
    await connection.close();
    await temporal.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const asked = async (words: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Answer> => {
    const settings = { TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: 'default', ...env };
    const { code, stdout, stderr } = await zkferry(['doctor', '--temporal', '--json', ...words], settings);
    assert.equal(stderr, '');
    const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: ({ id: string } & Answer['checks'][string])[] };
    assert.equal(code, ok ? 0 : 1);
    return { code, checks: Object.fromEntries(checks.map(({ id, ...rest }) => [id, rest])) };
  };
  const found = ({ checks }: Answer, id: string, verdict: string, seen: RegExp, remedy: RegExp | null): void => {
    assert.equal(checks[id]?.verdict, verdict, JSON.stringify(checks, null, 1));
    assert.match(checks[id].seen, seen);
    if (remedy === null) assert.equal(checks[id].remedy, null);
    else assert.match(checks[id].remedy ?? '', remedy);
  };
  const start = (type: string, taskQueue: string, workflowId: string) =>
    client.workflow.start(type, { taskQueue, workflowId, args: [{}] });
  /** The list of open workflows may lag behind. */
  const until = async (isThere: (answer: Answer) => boolean): Promise<Answer> => {
    for (const end = Date.now() + 30_000; ; await delay(200)) {
      const answer = await asked();
      if (isThere(answer)) return answer;
      assert.ok(Date.now() < end, JSON.stringify(answer, null, 1));
    }
  };

  it('says where nothing listens', async () => {
    const answer = await asked([], { TEMPORAL_ADDRESS: '127.0.0.1:1' });
    found(answer, 'settings', 'info', /^127\.0\.0\.1:1, namespace default, no TLS, no API key$/, null);
    found(answer, 'server', 'block', /nobody answers at 127\.0\.0\.1:1/, /TEMPORAL_ADDRESS/);
  });

  it('says that there is no such namespace, or no such profile, and never shows a key', async () => {
    found(
      await asked([], { TEMPORAL_NAMESPACE: 'nowhere' }),
      'namespace',
      'block',
      /no namespace nowhere/,
      /operator namespace create/,
    );
    const configFile = join(dir, 'temporal.toml');
    await writeFile(configFile, '[profile.night]\naddress = "localhost:1"\napi_key = "S3CRET"\n');
    const env = { TEMPORAL_CONFIG_FILE: configFile, TEMPORAL_ADDRESS: undefined };
    found(await asked([], { ...env, TEMPORAL_PROFILE: 'day' }), 'server', 'block', /day/, /TEMPORAL_PROFILE/);
    const answer = await asked([], { ...env, TEMPORAL_PROFILE: 'night' });
    found(answer, 'settings', 'info', /^localhost:1, .*, TLS, an API key \(profile night of .*temporal\.toml\)$/, null);
    assert.ok(!JSON.stringify(answer).includes('S3CRET'));
  });

  it('misses the search attributes and a worker on a bare server', async () => {
    const answer = await asked();
    found(answer, 'server', 'ok', /version 1\./, null);
    found(answer, 'namespace', 'ok', /default exists/, null);
    found(
      answer,
      'search-attributes',
      'block',
      /ZkferryCluster, .*ZkferryState not registered/,
      /search-attribute create .*--name ZkferryPhase --type Keyword/,
    );
    found(answer, 'worker', 'block', /^no worker polls task queue zkferry$/, /zkferry worker/);
    found(answer, 'publisher-worker', 'warn', /dual-publishing/, /--queue publisher/);
    found(answer, 'migrations', 'info', /^none is open$/, null);
    found(answer, 'timers', 'info', /not measured/, /--measure-timers/);
  });

  it('names what was started on the wrong queue, of the wrong type or under the wrong id', async () => {
    await start('migrateCluster', 'ferry', 'zkferry-astray');
    await start('migrate', 'zkferry', 'zkferry-mistyped');
    await start('migrateCluster', 'zkferry', 'production');
    const answer = await until(({ checks }) => ['wrong-queue', 'wrong-type', 'wrong-id'].every((id) => id in checks));
    found(
      answer,
      'wrong-queue',
      'block',
      /zkferry-astray was started on task queue ferry/,
      /nothing was written: temporal workflow terminate --workflow-id zkferry-astray, then .*--task-queue zkferry/,
    );
    found(answer, 'wrong-type', 'block', /zkferry-mistyped is of type migrate/, /--type migrateCluster/);
    found(answer, 'wrong-id', 'warn', /production is a migration/, /--workflow-id zkferry-CLUSTER/);
    for (const id of ['zkferry-astray', 'zkferry-mistyped', 'production'])
      await client.workflow.getHandle(id).terminate();
  });

  it('names a migration that nobody has begun with', async () => {
    await start('migrateCluster', 'zkferry', 'zkferry-alone');
    const answer = await until(({ checks }) => 'not-begun' in checks);
    found(
      answer,
      'not-begun',
      'block',
      /zkferry-alone was started \d+ s ago, and no worker has begun/,
      /zkferry worker/,
    );
    await client.workflow.getHandle('zkferry-alone').terminate();
  });

  it('is content once a worker polls, which has registered the search attributes', async () => {
    worker = spawn(process.execPath, [main, 'worker'], {
      env: { ...process.env, TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: 'default' },
      stdio: ['ignore', 'ignore', 'ignore'],
    });
    const answer = await until(({ code }) => code === 0);
    found(answer, 'search-attributes', 'ok', /registered as Keyword/, null);
    found(answer, 'worker', 'ok', new RegExp(`:${String(worker.pid)} polls on task queue zkferry$`), null);
    found(answer, 'publisher-worker', 'ok', /zkferry-publisher$/, null);
  });

  it('tells why a workflow of another type stands still although a worker polls', async () => {
    await start('migrate', 'zkferry', 'zkferry-mistyped');
    const answer = await until(({ checks }) => /no such function/.test(checks['wrong-type']?.seen ?? ''));
    found(answer, 'wrong-type', 'block', /zkferry-mistyped/, /nothing of it has run/);
    await client.workflow.getHandle('zkferry-mistyped').terminate();
  });

  it('measures that a server with default settings fires timers late, and leaves nothing running', async () => {
    const answer = await asked(['--measure-timers']);
    found(answer, 'timers', 'warn', /a short timer fired [5-9]\d\d ms late/, /timerProcessorMaxTimeShift/);
    const running = await client.workflow.count('ExecutionStatus = "Running" AND WorkflowType = "zkferryTimerProbe"');
    assert.equal(running.count, 0);
  });

  it('refuses a search attribute of another type', async () => {
    await connection.workflowService.registerNamespace({
      namespace: 'odd',
      workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
    });
    const INT = 3;
    for (const end = Date.now() + 30_000; ; await delay(200)) {
      try {
        await connection.operatorService.addSearchAttributes({
          namespace: 'odd',
          searchAttributes: { ZkferryPhase: INT },
        });
        break;
      } catch (error) {
        // A new namespace is known everywhere only after a while.
        assert.ok(Date.now() < end, String(error));
      }
    }
    found(
      await asked([], { TEMPORAL_NAMESPACE: 'odd' }),
      'search-attributes',
      'block',
      /ZkferryPhase is Int instead of Keyword/,
      /searchAttributes: false/,
    );
  });
});
