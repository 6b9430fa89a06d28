import { Client, Connection } from '@temporalio/client';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { TASK_QUEUE, TemporalUnreachableError } from '../../src/adapters/temporal-client.js';
import { loadConfig } from '../../src/config/load-config.js';
import { Migration } from './migration.js';
import { startLab, type Lab, type LabOptions } from '../lab.js';
import { startTemporal, type TemporalServer } from '../temporal.js';
import { asServer, checkUnused, endMigration, type BorrowedTemporal } from './borrowed-temporal.js';
import { startWorker, type WorkerProcess } from './worker-process.js';

export interface StageOptions extends LabOptions {
  readonly ui?: boolean;
  /** A Temporal server to use instead of one of the stage's own, which then can be neither stopped nor restarted. */
  readonly temporal?: BorrowedTemporal;
  /** How many workers share the task queues; default 1. */
  readonly workers?: number;
  /** What each worker runs; default `zkferry worker`. */
  readonly workerCommand?: readonly string[];
  /** Lets the workers' wall clocks be shifted, see `WorkerProcess.clockFile`. */
  readonly shiftableClocks?: boolean;
}

/** What each of a stage's workers is started with. */
type WorkerSettings = Pick<StageOptions, 'dir' | 'workerCommand' | 'shiftableClocks' | 'temporal'>;

/** A live lab with everything that migrates it: a Temporal server and workers, each its own process. */
export class Stage {
  #workersStarted: number;

  private constructor(
    readonly dir: string,
    readonly lab: Lab,
    public temporal: TemporalServer,
    readonly client: Client,
    private readonly connection: Connection,
    /** Replaced in place when one is started anew. */
    readonly workers: WorkerProcess[],
    private readonly workerSettings: WorkerSettings,
  ) {
    this.#workersStarted = workers.length;
  }

  /** The first worker, for those who need no other. */
  get worker(): WorkerProcess {
    const [first] = this.workers;
    if (first === undefined) throw new RangeError('the stage has no worker');
    return first;
  }

  set worker(worker: WorkerProcess) {
    this.workers[0] = worker;
  }

  static async start(options: StageOptions): Promise<Stage> {
    const { dir, onProgress = () => undefined } = options;
    mkdirSync(dir, { recursive: true });
    const undo: (() => Promise<unknown>)[] = [];
    try {
      const { temporal: borrowed } = options;
      if (borrowed === undefined) onProgress('starting a Temporal server');
      const temporal = borrowed ? asServer(borrowed) : await startTemporal({ dir, ui: options.ui ?? false });
      undo.push(() => temporal.stop());
      const connection = await connectTo(temporal.address);
      undo.push(() => connection.close());
      const client = new Client({ connection, namespace: namespaceOf(options) });
      if (borrowed) await checkUnused(client, borrowed);
      const lab = await startLab({ ...options, dir: join(dir, 'lab') });
      undo.push(() => lab.stop());
      const count = options.workers ?? 1;
      onProgress(`starting ${count === 1 ? 'a worker' : `${String(count)} workers`}`);
      const workers: WorkerProcess[] = [];
      undo.push(() => Promise.all(workers.map((worker) => worker.stop())));
      for (let nth = 1; nth <= count; nth += 1) {
        workers.push(await startWorker(workerOptions(options, temporal.address, nth)));
      }
      return new Stage(dir, lab, temporal, client, connection, workers, options);
    } catch (error) {
      for (const step of undo.reverse()) await step().catch(() => undefined);
      throw error;
    }
  }

  /**
   * Starts a migration of the lab's cluster with the input that `zkferry input` prints.
   *
   * @param client of another Temporal server than the stage's own
   */
  async migrate(
    change: (input: Record<string, unknown>) => unknown = (input) => input,
    client = this.client,
  ): Promise<Migration> {
    const loaded = await loadConfig(this.lab.clusterFile);
    if (!loaded.ok) throw new Error(`the lab's own config is invalid: ${JSON.stringify(loaded.errors)}`);
    const handle = await client.workflow.start('migrateCluster', {
      workflowId: `zkferry-${loaded.config.cluster}`,
      taskQueue: TASK_QUEUE,
      args: [change(structuredClone(loaded.raw) as Record<string, unknown>)],
      staticSummary: `move cluster ${loaded.config.cluster} from source to target`,
    });
    return new Migration(handle);
  }

  /** Starts a worker in the place of one that is gone. */
  async replaceWorker(gone: WorkerProcess): Promise<WorkerProcess> {
    this.#workersStarted += 1;
    const { workerSettings, temporal } = this;
    const next = await startWorker(workerOptions(workerSettings, temporal.address, this.#workersStarted));
    this.workers[this.workers.indexOf(gone)] = next;
    return next;
  }

  /** Brings a stopped Temporal server back on its own port, with the database it had. */
  async restartTemporal(): Promise<void> {
    const port = Number(this.temporal.address.split(':').at(-1));
    this.temporal = await startTemporal({ dir: this.dir, port });
  }

  /** The migration of this lab's cluster, however it was started. */
  migration(): Migration {
    return new Migration(this.client.workflow.getHandle(`zkferry-${this.lab.json.cluster}`));
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.stop()));
    try {
      if (this.workerSettings.temporal) await this.#endMigration();
    } finally {
      await this.connection.close();
      await this.temporal.stop();
      await this.lab.stop();
    }
  }

  async #endMigration(): Promise<void> {
    const { workflowId } = this.migration().handle;
    await this.client.withDeadline(Date.now() + 10_000, () => endMigration(this.client, workflowId));
  }
}

function namespaceOf({ temporal }: Pick<StageOptions, 'temporal'>): string {
  return temporal?.namespace ?? 'default';
}

async function connectTo(address: string): Promise<Connection> {
  return Connection.connect({ address }).catch((cause: unknown) => {
    throw new TemporalUnreachableError(address, cause);
  });
}

function workerOptions(settings: WorkerSettings, temporal: string, nth: number): Parameters<typeof startWorker>[0] {
  const { dir, workerCommand, shiftableClocks = false } = settings;
  const name = nth === 1 ? 'worker' : `worker-${nth}`;
  return {
    dir,
    temporal,
    namespace: namespaceOf(settings),
    name,
    ...(workerCommand === undefined ? {} : { command: workerCommand }),
    ...(shiftableClocks ? { clockFile: join(dir, `${name}.clock`) } : {}),
  };
}
