import { Client, Connection } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { Migration as StagedMigration } from '../../lab/stage/migration.js';
import { startTemporal, type TemporalServer } from '../../lab/temporal.js';
import { Metrics } from '../../src/adapters/metrics.js';
import { sinksTo } from '../../src/monitoring.js';
import { bundleWorkflows } from '../../src/bundle-workflows.js';
import type { Activities } from '../../activities/contract.js';
import type { ClusterConfig } from '../../src/domain/config.js';
import type { GateName, MigrationStatus } from '../../src/domain/status.js';
import type { FakeCluster } from '../fakes/fake-cluster.js';

/** A real Temporal dev server, and workers whose activities are a fake cluster's. */
export class MigrationEnv {
  #server!: TemporalServer;
  #connection!: Connection;
  #native!: NativeConnection;
  #dir!: string;
  #bundle!: string;
  client!: Client;
  /** What the workflows tell monitoring. */
  readonly metrics = new Metrics();
  readonly #sinks = sinksTo(this.metrics);

  get address(): string {
    return this.#server.address;
  }

  async start(): Promise<void> {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    this.#dir = await mkdtemp(join(tmpdir(), 'zkferry-workflow-'));
    this.#server = await startTemporal({ dir: this.#dir });
    this.#connection = await Connection.connect({ address: this.#server.address });
    this.#native = await NativeConnection.connect({ address: this.#server.address });
    this.client = new Client({ connection: this.#connection });
    this.#bundle = await bundleWorkflows(join(this.#dir, 'bundle.js'));
  }

  async stop(): Promise<void> {
    await this.#connection.close();
    await this.#native.close();
    await this.#server.stop();
    await rm(this.#dir, { recursive: true, force: true });
  }

  /** A migration and its children, each with a suffix for file names. */
  async family(workflowId: string): Promise<{ suffix: string; workflowId: string; runId: string }[]> {
    const found: { suffix: string; workflowId: string; runId: string }[] = [];
    for await (const { workflowId: id, runId } of this.client.workflow.list({
      query: `WorkflowId STARTS_WITH "${workflowId}"`,
    })) {
      found.push({ suffix: id.slice(workflowId.length).replace('/', '.'), workflowId: id, runId });
    }
    return found;
  }

  /** Runs `story` against a migration of `cluster`; the worker ends with it. */
  async migrate(cluster: FakeCluster, story: (migration: Migration) => Promise<void>, input?: unknown): Promise<void> {
    const taskQueue = `q-${randomUUID()}`;
    const worker = await Worker.create({
      connection: this.#native,
      taskQueue,
      workflowBundle: { codePath: this.#bundle },
      activities: cluster.activities,
      sinks: this.#sinks,
      stickyQueueScheduleToStartTimeout: '1s',
    });
    const told = async () => this.#tell(cluster, taskQueue, story, input);
    await this.#withPublisher(cluster, taskQueue, () => worker.runUntil(told));
  }

  /** As `migrate`, with a worker for the workflows alone, which the story may stop and replace. */
  async migrateApart(
    cluster: FakeCluster,
    story: (migration: Migration, decider: Decider) => Promise<void>,
    options: Partial<WorkerOptions> = {},
  ): Promise<void> {
    const taskQueue = `q-${randomUUID()}`;
    const steps = await Worker.create({ connection: this.#native, taskQueue, activities: cluster.activities });
    const decider = new Decider(() =>
      Worker.create({
        connection: this.#native,
        taskQueue,
        workflowBundle: { codePath: this.#bundle },
        sinks: this.#sinks,
        stickyQueueScheduleToStartTimeout: '1s',
        ...options,
      }),
    );
    await decider.start();
    try {
      const told = async () => this.#tell(cluster, taskQueue, (migration) => story(migration, decider));
      await this.#withPublisher(cluster, taskQueue, () => steps.runUntil(told));
    } finally {
      await decider.stop();
    }
  }

  async #withPublisher(cluster: FakeCluster, taskQueue: string, work: () => Promise<void>): Promise<void> {
    const publisher = await Worker.create({
      connection: this.#native,
      taskQueue: `${taskQueue}-publisher`,
      activities: {
        runPublisher: (input: Parameters<Activities['runPublisher']>[0]) => cluster.activities.runPublisher(input),
      },
    });
    await publisher.runUntil(work);
  }

  async #tell(
    cluster: FakeCluster,
    taskQueue: string,
    story: (migration: Migration) => Promise<void>,
    input?: unknown,
  ): Promise<void> {
    const config: ClusterConfig = { ...cluster.config, cluster: `c-${randomUUID().slice(0, 8)}` };
    const handle = await this.client.workflow.start('migrateCluster', {
      workflowId: `zkferry-${config.cluster}`,
      taskQueue,
      args: [input ?? config],
    });
    const migration = new Migration(handle, taskQueue);
    try {
      await story(migration);
    } finally {
      await handle.terminate('end of test').catch(() => undefined);
    }
  }
}

/** The worker that runs the workflows; while it is stopped, what happens gathers for one activation. */
export class Decider {
  #worker: { readonly worker: Worker; readonly run: Promise<void> } | null = null;

  constructor(private readonly create: () => Promise<Worker>) {}

  async start(): Promise<void> {
    const worker = await this.create();
    this.#worker = { worker, run: worker.run() };
  }

  async stop(): Promise<void> {
    const running = this.#worker;
    this.#worker = null;
    running?.worker.shutdown();
    await running?.run;
  }
}

/** A migration of the fake cluster, with what only these tests ask. */
export class Migration extends StagedMigration {
  constructor(
    handle: WorkflowHandle,
    readonly taskQueue: string,
  ) {
    super(handle);
  }

  override until(
    wanted: (status: MigrationStatus) => boolean,
    options: Parameters<StagedMigration['until']>[1] = {},
  ): Promise<MigrationStatus> {
    return super.until(wanted, { patienceMs: 30_000, ...options });
  }

  override approve(gate: GateName): Promise<void> {
    return super.approve(gate, 'ann');
  }

  async decide(action: 'retry' | 'skip' | 'rollback'): Promise<void> {
    const status = await this.until((s) => s.state === 'awaiting-decision');
    const incident = status.incidents.findLast(({ closedAt }) => closedAt === null);
    await this.say('decide', { incident: incident?.id, action, by: 'ann' });
  }
}
