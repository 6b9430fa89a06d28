import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parse } from 'yaml';
import { startWorker, type WorkerProcess } from '../../lab/stage/worker-process.js';
import { isPrompt, SHORT_TIMER_MS } from '../../src/domain/temporal-timers.js';
import { skipWithoutPostgres } from '../integration/postgres.js';
import { fixturePath } from '../unit/fixture-path.js';
import { NativeStack } from './stack-process.js';

/** The stack of docker-compose.yml in plain processes, and what of it a migration rests on. */
describe('the native stack', function () {
  this.timeout(900_000);
  let dir: string;
  let stack: NativeStack;
  const workers: WorkerProcess[] = [];

  before(async function () {
    await skipWithoutPostgres(this);
    dir = await mkdtemp(join(tmpdir(), 'zkferry-stack-'));
    stack = await NativeStack.up(join(dir, 'stack'));
  });

  after(async () => {
    for (const worker of workers) await worker.stop();
    await stack?.down();
    if (dir !== undefined) await rm(dir, { recursive: true, force: true });
  });

  it('serves workflows through either of two workers, one of which is killed', async () => {
    for (const name of ['one', 'two']) workers.push(await startWorker({ dir, temporal: stack.address, name }));
    await served('before');
    await workers[0]?.stop('SIGKILL');
    await served('after');
  });

  it('fires timers as promptly as deploy/dynamicconfig.yaml says', async () => {
    await stack.withClient(async (client) => {
      // A valid configuration: its migration measures timers first of all, and then finds no host.
      const handle = await client.workflow.start('migrateCluster', {
        workflowId: 'zkferry-timers',
        taskQueue: 'zkferry',
        args: [parse(readFileSync(fixturePath('minimal-cluster.yaml'), 'utf8'))],
      });
      let late: number[] = [];
      for (const until = Date.now() + 15_000; !late.some(isPrompt) && Date.now() < until; await delay(200)) {
        const { events } = await handle.fetchHistory();
        late = latenessOf(events ?? []);
      }
      await handle.terminate('measured');
      assert.ok(late.some(isPrompt), `timers came late by ${late.join(', ')} ms`);
    });
  });

  it('goes on with its database after a restart', async () => {
    await workers[1]?.stop();
    assert.equal(await stack.down(), 0);
    stack = await NativeStack.up(join(dir, 'stack'));
    await stack.withClient(async (client) => {
      const { status } = await client.workflow.getHandle('zkferry-before').describe();
      assert.equal(status.name, 'FAILED');
    });
  });

  it('leaves no process behind', async () => {
    assert.equal(await stack.down(), 0);
    const { stdout } = spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
    assert.deepEqual(
      stdout.split('\n').filter((line) => line.includes(join(dir, 'stack'))),
      [],
    );
  });

  /** The smallest migration there is: its worker refuses it for its config, through workflow and activity. */
  async function served(name: string): Promise<void> {
    await stack.withClient(async (client) => {
      const run = client.workflow.execute('migrateCluster', {
        workflowId: `zkferry-${name}`,
        taskQueue: 'zkferry',
        args: [{ cluster: name }],
      });
      await assert.rejects(run, (error) => {
        assert.ok(error instanceof WorkflowFailedError);
        return /the input is not a valid config/.test(String(error.cause?.message));
      });
    });
  }
});

type Event = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number];

/** By how much each timer that has fired was late, ms, by the server's own clock. */
function latenessOf(events: readonly Event[]): number[] {
  const at = ({ eventTime }: Event): number => Number(eventTime?.seconds) * 1000 + Number(eventTime?.nanos) / 1e6;
  return events.flatMap((fired) => {
    const id = fired.timerFiredEventAttributes?.timerId;
    const started = events.find((one) => one.timerStartedEventAttributes?.timerId === id);
    return id === undefined || started === undefined ? [] : [at(fired) - at(started) - SHORT_TIMER_MS];
  });
}
