import { Client, Connection } from '@temporalio/client';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { TASK_QUEUE } from '../../src/adapters/temporal-client.js';
import { loadConfig } from '../../src/config/load-config.js';
import { Migration } from './migration.js';
import { startLab, type Lab, type LabOptions } from '../lab.js';
import { startTemporal, type TemporalServer } from '../temporal.js';
import { startWorker, type WorkerProcess } from './worker-process.js';

/** A live lab with everything that migrates it: a Temporal server and a worker, each its own process. */
export class Stage {
  private constructor(
    readonly dir: string,
    readonly lab: Lab,
    readonly temporal: TemporalServer,
    readonly client: Client,
    private readonly connection: Connection,
    public worker: WorkerProcess,
  ) {}

  static async start(options: LabOptions & { readonly ui?: boolean }): Promise<Stage> {
    const { dir, onProgress = () => undefined } = options;
    mkdirSync(dir, { recursive: true });
    const undo: (() => Promise<unknown>)[] = [];
    try {
      const lab = await startLab({ ...options, dir: join(dir, 'lab') });
      undo.push(() => lab.stop());
      onProgress('starting a Temporal server and a worker');
      const temporal = await startTemporal({ dir, ui: options.ui ?? false });
      undo.push(() => temporal.stop());
      const connection = await Connection.connect({ address: temporal.address });
      undo.push(() => connection.close());
      const worker = await startWorker({ dir, temporal: temporal.address });
      return new Stage(dir, lab, temporal, new Client({ connection }), connection, worker);
    } catch (error) {
      for (const step of undo.reverse()) await step().catch(() => undefined);
      throw error;
    }
  }

  /** Starts a migration of the lab's cluster with the input that `zkferry input` prints. */
  async migrate(change: (input: Record<string, unknown>) => unknown = (input) => input): Promise<Migration> {
    const loaded = await loadConfig(this.lab.clusterFile);
    if (!loaded.ok) throw new Error(`the lab's own config is invalid: ${JSON.stringify(loaded.errors)}`);
    const handle = await this.client.workflow.start('migrateCluster', {
      workflowId: `zkferry-${loaded.config.cluster}`,
      taskQueue: TASK_QUEUE,
      args: [change(structuredClone(loaded.raw) as Record<string, unknown>)],
      staticSummary: `move cluster ${loaded.config.cluster} from source to target`,
    });
    return new Migration(handle);
  }

  async stop(): Promise<void> {
    await this.worker.stop();
    await this.connection.close();
    await this.temporal.stop();
    await this.lab.stop();
  }
}
