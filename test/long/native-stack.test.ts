import { Client, Connection, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parse } from 'yaml';
import { repositoryRoot } from '../../lab/repository-root.js';
import { startWorker, type WorkerProcess } from '../../lab/stage/worker-process.js';
import { isPrompt, SHORT_TIMER_MS } from '../../src/domain/temporal-timers.js';
import { fixturePath } from '../unit/fixture-path.js';

interface Stack {
  readonly address: string;
  readonly postgresPort: number;
}

const debian = '/usr/lib/postgresql';
const hasPostgres = (): boolean =>
  (existsSync(debian) && readdirSync(debian).length > 0) || spawnSync('initdb', ['--version']).error === undefined;

/** The stack of docker-compose.yml in plain processes, and what of it a migration rests on. */
describe('the native stack', function () {
  this.timeout(900_000);
  let dir: string;
  let stack: ChildProcess;
  let told: Stack;
  const workers: WorkerProcess[] = [];

  before(async function () {
    if (!hasPostgres()) {
      process.stderr.write('skipped: PostgreSQL is not there (Debian package postgresql)\n');
      this.skip();
    }
    dir = await mkdtemp(join(tmpdir(), 'zkferry-stack-'));
    await up();
  });

  after(async () => {
    for (const worker of workers) await worker.stop();
    if (stack?.exitCode === null) await down();
    if (dir !== undefined) await rm(dir, { recursive: true, force: true });
  });

  it('serves workflows through either of two workers, one of which is killed', async () => {
    for (const name of ['one', 'two']) workers.push(await startWorker({ dir, temporal: told.address, name }));
    await served('before');
    await workers[0]?.stop('SIGKILL');
    await served('after');
  });

  it('fires timers as promptly as deploy/dynamicconfig.yaml says', async () => {
    await withClient(async (client) => {
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
    assert.equal(await down(), 0);
    await up();
    await withClient(async (client) => {
      const { status } = await client.workflow.getHandle('zkferry-before').describe();
      assert.equal(status.name, 'FAILED');
    });
  });

  it('leaves no process behind', async () => {
    assert.equal(await down(), 0);
    const { stdout } = spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
    assert.deepEqual(
      stdout.split('\n').filter((line) => line.includes(join(dir, 'stack'))),
      [],
    );
  });

  async function up(): Promise<void> {
    const script = join(repositoryRoot(), 'scripts', 'native-stack.mjs');
    stack = spawn(process.execPath, [script, 'up', '--dir', join(dir, 'stack'), '--print', 'json'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    assert.ok(stack.stdout);
    const ended = once(stack, 'exit').then(([code]) => assert.fail(`it ended with ${String(code)} before it served`));
    const [line] = (await Promise.race([once(stack.stdout.setEncoding('utf8'), 'data'), ended])) as [string];
    ended.catch(() => undefined);
    told = JSON.parse(line) as Stack;
  }

  async function down(): Promise<number | null> {
    const ended = once(stack, 'exit');
    stack.kill('SIGINT');
    await ended;
    return stack.exitCode;
  }

  /** The smallest migration there is: its worker refuses it for its config, through workflow and activity. */
  async function served(name: string): Promise<void> {
    await withClient(async (client) => {
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

  async function withClient(use: (client: Client) => Promise<void>): Promise<void> {
    const connection = await Connection.connect({ address: told.address });
    try {
      await use(new Client({ connection }));
    } finally {
      await connection.close();
    }
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
