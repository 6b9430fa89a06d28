import type { WorkflowHandle } from '@temporalio/client';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Report } from '../../src/domain/report.js';
import { skipWithoutPostgres } from '../integration/postgres.js';
import { NativeStack } from './stack-process.js';
import { run, zkferry } from './zkferry-cli.js';

const demo = fileURLToPath(new URL('../../lab/demo/main.js', import.meta.url));
const runs = [
  { strategy: 'observers', namespace: 'default', step: 'flipObserver' },
  { strategy: 'dual-publishing', namespace: 'lab', step: 'swapMasterUrl' },
] as const;

/** `npm run demo -- --temporal … --kill-worker` on what `npm run stack` gives: Temporal on PostgreSQL, two workers. */
describe('the demo on the native stack', function () {
  this.timeout(900_000);
  let dir: string;
  let stack: NativeStack;
  const reports = new Map<string, Report>();

  before(async function () {
    await skipWithoutPostgres(this);
    dir = await mkdtemp(join(tmpdir(), 'zkd-'));
    stack = await NativeStack.up(join(dir, 'stack'));
  });
  after(async () => {
    await stack?.down();
    if (dir !== undefined) await rm(dir, { recursive: true, force: true });
  });

  for (const { strategy, namespace, step } of runs) {
    it(`migrates a live cluster though the worker that carries out ${step} in the window is killed (${strategy})`, async () => {
      const file = join(dir, `${strategy}.json`);
      const place = ['--temporal', stack.address, '--namespace', namespace];
      const words = [demo, ...place, '--kill-worker', '--agents', '2', '--strategy', strategy, '--json', file];
      const { code, stdout, stderr } = await run(process.execPath, words);
      assert.equal(code, 0, `${stdout}\n${stderr}`);
      const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
      reports.set(strategy, report);
      assert.equal(report.outcome, 'migrated');
      assert.ok(report.verdicts);
      const { passed, proved, leadersAtOnceMax, agentsLost, tasksLost, frameworksLost } = report.verdicts;
      assert.deepEqual({ passed, proved, leadersAtOnceMax }, { passed: true, proved: true, leadersAtOnceMax: 1 });
      assert.deepEqual([...agentsLost, ...tasksLost, ...frameworksLost], []);
      const { leaderlessMs, budgetMs } = report.window ?? {};
      assert.ok(
        leaderlessMs && budgetMs && leaderlessMs < budgetMs,
        `${String(leaderlessMs)} of ${String(budgetMs)} ms`,
      );
      const killed = Number(new RegExp(`killed worker (\\d+) in the midst of ${step}`).exec(stdout)?.[1]);
      await stack.withClient(async (client) => {
        const windows: WorkflowHandle[] = [];
        for await (const { workflowId } of client.workflow.list({ query: "WorkflowType = 'cutOver'" }))
          windows.push(client.workflow.getHandle(workflowId));
        assert.equal(windows.length, 1, 'one window, which was not undone');
        const again = await takenOver(windows[0] as WorkflowHandle, step);
        assert.ok(
          again.length > 0 && !again.includes(killed),
          `killed ${String(killed)}, taken over by ${again.join()}`,
        );
      }, namespace);
    });
  }

  it('tells of the migrations after a restart, from PostgreSQL alone', async () => {
    assert.equal(await stack.down(), 0);
    stack = await NativeStack.up(join(dir, 'stack'));
    for (const { strategy, namespace } of runs) {
      const env = { TEMPORAL_ADDRESS: stack.address, TEMPORAL_NAMESPACE: namespace };
      const { code, stdout, stderr } = await zkferry(['report', 'lab', '--json'], env);
      assert.equal(code, 0, stderr);
      const report = JSON.parse(stdout) as Report;
      assert.deepEqual(report.phases, reports.get(strategy)?.phases);
      assert.equal(report.outcome, 'migrated');
    }
  });
});

/** Pids of the workers that began with a step which another one had begun with before. */
async function takenOver(window: WorkflowHandle, step: string): Promise<number[]> {
  const { events } = await window.fetchHistory();
  const scheduled = new Set(
    events
      ?.filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === step)
      .map(({ eventId }) => String(eventId)),
  );
  return (events ?? []).flatMap(({ activityTaskStartedEventAttributes: started }) =>
    started && scheduled.has(String(started.scheduledEventId)) && Number(started.attempt) > 1
      ? [Number(started.identity?.split(':').at(-1))]
      : [],
  );
}
