import { NativeConnection, Worker, DefaultLogger, Runtime } from '@temporalio/worker';
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { startTemporal, type TemporalServer } from '../../lab/temporal.js';
import { TASK_QUEUE } from '../../src/adapters/temporal-client.js';
import { Metrics } from '../../src/adapters/metrics.js';
import { BUNDLE_PATH } from '../../src/bundle-workflows.js';
import { SAMPLE_CONFIG } from '../../src/cli/sample-config.js';
import { loadConfig } from '../../src/config/load-config.js';
import { parseInput } from '../../src/config/parse-input.js';
import { planHash } from '../../src/domain/canonical-json.js';
import { sinksTo } from '../../src/monitoring.js';
import { FakeCluster } from '../fakes/fake-cluster.js';
import { anAgent } from '../fakes/plans.js';
import { zkferry } from '../long/zkferry-cli.js';
import { skipWithoutChromium, startChromium, VIEWPORT } from './chromium.js';
import { TemporalUi } from './temporal-ui.js';

/** The UI and the workflow are real, the cluster is not; the long tests do it with a lab. */
describe('the Temporal UI', function () {
  this.timeout(300_000);
  let browser: Browser;
  let dir: string;
  let temporal: TemporalServer;
  let native: NativeConnection;
  let worker: { readonly it: Worker; readonly run: Promise<void> };
  let cluster: FakeCluster;

  before(async function () {
    const started = await startChromium();
    if (started === null) return skipWithoutChromium(this);
    browser = started;
    dir = await mkdtemp(join(tmpdir(), 'zkb-'));
    const file = join(dir, 'cluster.yaml');
    await writeFile(file, SAMPLE_CONFIG);
    const loaded = await loadConfig(file);
    assert.ok(loaded.ok);
    const found = ['a1', 'a2', 'a3'].map((name) => anAgent(name).agent);
    cluster = new PlannedCluster({ ...loaded.config, agents: { ...loaded.config.agents, hosts: found } });
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    temporal = await startTemporal({ dir, ui: true });
    native = await NativeConnection.connect({ address: temporal.address });
    const it = await Worker.create({
      connection: native,
      taskQueue: TASK_QUEUE,
      workflowBundle: { codePath: BUNDLE_PATH },
      activities: {
        ...cluster.activities,
        validateInput: ({ input }: { input: unknown }) => Promise.resolve(parseInput(input)),
      },
      sinks: sinksTo(new Metrics()),
    });
    worker = { it, run: it.run() };
  });

  after(async () => {
    await browser?.close();
    worker?.it.shutdown();
    await worker?.run;
    await native?.close();
    await temporal?.stop();
    if (dir) await rm(dir, { recursive: true, force: true });
  });

  it('is enough to start a migration, to approve its gates, and to see it migrated', async () => {
    const { stdout } = await zkferry(['input', join(dir, 'cluster.yaml')]);
    const input = join(dir, 'input.json');
    await writeFile(input, stdout);
    const page = await browser.newPage({ viewport: VIEWPORT });
    const ui = new TemporalUi(page, `http://127.0.0.1:${String(temporal.uiPort)}`, 'zkferry-production', 60_000);
    await ui.migrate(input);
    assert.equal(cluster.journal.at(-1), 'unlock');
  });
});

/** Its plans have hashes as long as real ones: what fits into a page depends on them. */
class PlannedCluster extends FakeCluster {
  override planResult(): ReturnType<FakeCluster['planResult']> {
    const planned = super.planResult();
    return { ...planned, planHash: planHash(planned.plan) };
  }
}
