import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { ApplicationFailure } from '@temporalio/common';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '../../lab/repository-root.js';
import { FakeCluster } from '../fakes/fake-cluster.js';
import { aConfig } from '../fakes/plans.js';
import { MigrationEnv } from './migration-env.js';

const run = promisify(execFile);
/** Planted where a bundle might pick them up. */
const SECRETS = ['digest-pw-1', 'mesos-pw-2', 'pager-pw-3', 'url-pw-4', 'inline-pw-5'];

describe('zkferry bundle', function () {
  this.timeout(90_000);
  const env = new MigrationEnv();
  let dir: string;
  let worker: Server;
  let metrics: string;

  before(async () => {
    await env.start();
    dir = await mkdtemp(join(tmpdir(), 'zkf-bundle-'));
    await writeFile(join(dir, 'source.digest'), 'ferry:digest-pw-1\n');
    worker = createServer((_, response) => void response.end('zkferry_x{detail="pager-pw-3"} 1\n'));
    await new Promise<void>((resolve) => worker.listen(0, '127.0.0.1', resolve));
    metrics = `127.0.0.1:${(worker.address() as AddressInfo).port}`;
  });
  after(async () => {
    worker.closeAllConnections();
    worker.close();
    await rm(dir, { recursive: true, force: true });
    await env.stop();
  });

  async function bundle(
    cluster: string,
    name: string,
    ...more: string[]
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    const arguments_ = ['bundle', cluster, '-o', join(dir, name), '--metrics', metrics, '--json', ...more];
    const environment = {
      ...process.env,
      TEMPORAL_ADDRESS: env.address,
      ZKF_MESOS: 'ferry:mesos-pw-2',
      PAGER_PASSWORD: 'pager-pw-3',
      // As it is part of many a number in JSON.
      DOOR_PASSWORD: '0000',
    };
    return await run(process.execPath, [join(repositoryRoot(), 'bin/zkferry.mjs'), ...arguments_], {
      env: environment,
    }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: unknown) => error as { code: number; stdout: string; stderr: string },
    );
  }

  /** Every file of a bundle, with what its payloads hold, decoded. */
  async function unpacked(name: string): Promise<Map<string, string>> {
    const out = await mkdtemp(join(dir, 'out-'));
    await run('tar', ['-xzf', join(dir, name), '-C', out]);
    const files = new Map<string, string>();
    for (const entry of await readdir(out, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const text = await readFile(path, 'utf8');
      const payloads = [...text.matchAll(/"data": "([A-Za-z0-9+/=]+)"/g)];
      const decoded = payloads.map(([, data = '']) => Buffer.from(data, 'base64').toString('utf8'));
      files.set(path.slice(out.length + 1), [text, ...decoded].join('\n'));
    }
    return files;
  }

  it('holds status, plan, report, histories, versions and metrics, and none of the secrets that were planted', async () => {
    const credentials = {
      ...aConfig().credentials,
      source: `file:${join(dir, 'source.digest')}`,
      mesos: 'env:ZKF_MESOS',
      target: 'ferry:inline-pw-5',
    };
    const cluster = new FakeCluster({ ...aConfig(2), credentials });
    const original = cluster.activities;
    const leaks = 'addauth ferry:digest-pw-1 failed; GET http://x:url-pw-4@h/ as ferry:mesos-pw-2';
    Object.defineProperty(cluster, 'activities', {
      value: {
        ...original,
        installObserver: () => Promise.reject(ApplicationFailure.nonRetryable(leaks, 'FERRY_TEST', { remedy: leaks })),
      },
    });
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await migration.until((s) => s.state === 'awaiting-decision');
      const name = migration.handle.workflowId.replace(/^zkferry-/, '');
      const { code, stdout, stderr } = await bundle(name, 'b.tar.gz');
      assert.equal(code, 0, stderr);
      const answer = JSON.parse(stdout) as { files: { name: string }[]; missing: unknown[] };
      assert.deepEqual(answer.missing, []);
      const wanted = ['config.json', 'execution.json', 'history.json', 'metrics.txt', 'plan.json', 'report.json'];
      const listed = answer.files.map((file) => file.name).sort();
      assert.deepEqual(listed, [...wanted, 'server.json', 'status.json', 'versions.json']);
      const files = await unpacked('b.tar.gz');
      assert.deepEqual([...files.keys()].sort(), [...listed, 'manifest.json'].sort());
      for (const [file, text] of files) {
        for (const secret of SECRETS) assert.ok(!text.includes(secret), `${secret} in ${file}`);
      }
      // It was there to be found, and what helps is still there.
      assert.match(files.get('status.json') ?? '', /addauth \*\*\* failed/);
      assert.match(files.get('history.json') ?? '', /addauth \*\*\* failed/);
      assert.match(files.get('config.json') ?? '', /"mesos": "env:ZKF_MESOS"/);
      assert.match(files.get('history.json') ?? '', /"eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED"/);
      assert.match(files.get('config.json') ?? '', /0000/);
      for (const file of ['config.json', 'status.json']) JSON.parse(files.get(file) ?? '');
      assert.equal((await stat(join(dir, 'b.tar.gz'))).mode & 0o777, 0o600);

      const again = await bundle(name, 'b.tar.gz');
      assert.equal(again.code, 1);
      assert.match(again.stderr, /FERRY_BUNDLE_FILE/);
      await migration.decide('rollback');
    });
  });

  it('says what could not be had', async () => {
    const { code, stdout } = await bundle('nobody', 'empty.tar.gz', '--metrics', '127.0.0.1:1');
    assert.equal(code, 1);
    const { files, missing } = JSON.parse(stdout) as {
      files: { name: string }[];
      missing: { name: string; why: string }[];
    };
    assert.deepEqual(
      files.map(({ name }) => name),
      ['versions.json'],
    );
    assert.deepEqual(
      missing.map(({ name }) => name),
      ['temporal', 'metrics.txt'],
    );
    assert.match(missing[0]?.why ?? '', /no migration of nobody/);
  });

  it('wants the config where hosts are to be looked at', async () => {
    const { code, stderr } = await bundle('nobody', 'never.tar.gz', '--doctor');
    assert.equal(code, 2);
    assert.match(stderr, /--doctor needs --config/);
  });
});
