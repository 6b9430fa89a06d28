import assert from 'node:assert/strict';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { bundleWorkflows } from '../../src/bundle-workflows.js';
import { SILENT } from '../../src/ports/telemetry.js';
import { sinksTo } from '../../src/monitoring.js';
import { repositoryRoot } from '../../lab/repository-root.js';

describe('recorded histories', function () {
  this.timeout(60_000);
  const folder = join(repositoryRoot(), 'test', 'histories');

  it('still replay, so that running migrations survive an upgrade of the worker', async () => {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    const scratch = await mkdtemp(join(tmpdir(), 'zkferry-replay-'));
    try {
      const codePath = await bundleWorkflows(join(scratch, 'bundle.js'));
      const names = (await readdir(folder)).filter((name) => name.endsWith('.json.gz'));
      assert.ok(names.length >= 8, `${names.length} histories in ${folder}`);
      const histories = names.map(async (name) => ({
        workflowId: name,
        history: historyFromJSON(JSON.parse(gunzipSync(await readFile(join(folder, name))).toString('utf8'))),
      }));
      const options = { workflowBundle: { codePath }, sinks: sinksTo(SILENT) };
      for await (const result of Worker.runReplayHistories(options, await Promise.all(histories))) {
        assert.equal(result.error, undefined, `${result.workflowId}: ${String(result.error)}`);
      }
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  });
});
