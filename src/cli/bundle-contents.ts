import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { readFile } from 'node:fs/promises';
import { arch, platform, release } from 'node:os';
import { cleanHistory } from '../adapters/clean-history.js';
import { dataConverter } from '../adapters/data-converter.js';
import { scrape } from '../adapters/status-server.js';
import type { TarEntry } from '../adapters/tar-file.js';
import { connectionSettings, withTemporal } from '../adapters/temporal-client.js';
import { resolveSecret } from '../config/credentials.js';
import type { Redactor } from '../domain/redact.js';
import { referencesIn } from '../domain/references.js';
import { version } from '../version.js';
import { statusOf } from './migration-client.js';
import { readConfig } from './read-config.js';
import { reportFrom } from './report-source.js';
import { workflowIdOf } from '../domain/workflow-id.js';

export interface BundleWishes {
  readonly cluster: string;
  /** cluster.yaml, where it is at hand. */
  readonly config: string | null;
  readonly doctor: boolean;
  /** HOST:PORT of a worker. */
  readonly metrics: string;
}

const PATIENCE_MS = 15_000;

/** Gathers what can be had, and says of the rest why not; every text has passed the redactor. */
export class BundleContents {
  readonly #entries: TarEntry[] = [];
  readonly missing: { readonly name: string; readonly why: string }[] = [];

  constructor(
    private readonly wishes: BundleWishes,
    private readonly redactor: Redactor,
  ) {}

  async gather(): Promise<readonly TarEntry[]> {
    const { cluster, config: file, doctor, metrics } = this.wishes;
    // First of all, since the config tells which secrets there are.
    if (file !== null) await this.#try('cluster.yaml', () => this.#configFile(file));
    await this.#try('versions.json', () => Promise.resolve(this.#json('versions.json', versions())));
    await this.#try('temporal', () => withTemporal((client) => this.#fromTemporal(client, cluster)));
    await this.#try('metrics.txt', async () => this.#add('metrics.txt', await scrape(metrics)));
    if (doctor) await this.#try('doctor.json', () => this.#doctor(file ?? ''));
    // Once more, with all that was learnt on the way.
    return this.#entries.map(({ name, content }) => ({
      name,
      // JSON stays JSON: a secret of digits may be part of a number, where *** must not stand.
      content: name.endsWith('.json') ? this.#clean(JSON.parse(content)) : this.redactor.text(content),
    }));
  }

  async #fromTemporal(client: Client, cluster: string): Promise<void> {
    const handle = client.workflow.getHandle(workflowIdOf(cluster));
    const { raw, ...execution } = await handle.describe();
    void raw;
    this.#json('execution.json', { ...execution, searchAttributes: undefined });
    const converter = await dataConverter();
    const codecs = converter?.payloadCodecs ?? [];
    const fetch = (workflowId: string, runId: string) => client.workflow.getHandle(workflowId, runId).fetchHistory();
    await this.#try('history.json', async () => {
      const history = await fetch(execution.workflowId, execution.runId);
      const input = inputOf(await cleanHistory(history, codecs, this.redactor));
      await this.#learnFrom(input);
      this.#json('config.json', input);
      this.#json('history.json', await cleanHistory(history, codecs, this.redactor));
    });
    await this.#try('histories', async () => {
      const query = `WorkflowId STARTS_WITH "${execution.workflowId}/"`;
      for await (const child of client.workflow.list({ query })) {
        const history = await fetch(child.workflowId, child.runId);
        const name = child.workflowId.slice(execution.workflowId.length + 1);
        this.#json(`histories/${name}.${child.runId}.json`, await cleanHistory(history, codecs, this.redactor));
      }
    });
    await this.#try('status.json', async () => this.#json('status.json', await statusOf(client, cluster)));
    await this.#try('report.json', async () =>
      this.#json('report.json', await reportFrom(client, cluster, { watched: null })),
    );
    await this.#try('plan.json', async () =>
      this.#json('plan.json', await client.withDeadline(Date.now() + PATIENCE_MS, () => handle.query('plan'))),
    );
    await this.#try('server.json', async () => {
      const { serverVersion, capabilities } = await client.workflowService.getSystemInfo({});
      this.#json('server.json', { serverVersion, capabilities });
    });
  }

  async #configFile(file: string): Promise<void> {
    const { config } = await readConfig(file);
    await this.#learnFrom(config);
    this.#add('cluster.yaml', await readFile(file, 'utf8'));
  }

  /** Where a reference leads nowhere from here, its secret cannot have been written down here either. */
  async #learnFrom(config: unknown): Promise<void> {
    for (const reference of referencesIn(config)) {
      this.redactor.learn(await resolveSecret(reference).catch(() => null));
    }
  }

  async #doctor(file: string): Promise<void> {
    const { config } = await readConfig(file);
    const { examine } = await import('./doctor.js');
    const { seen, diagnosis } = await examine(config, file);
    this.#json('doctor.json', { cluster: config.cluster, strategy: config.strategy, ...diagnosis, observation: seen });
  }

  #json(name: string, value: unknown): void {
    const plain: unknown = JSON.parse(JSON.stringify(value ?? null));
    this.#entries.push({ name, content: this.#clean(plain) });
  }

  #clean(value: unknown): string {
    return `${JSON.stringify(this.redactor.value(value), null, 2)}\n`;
  }

  #add(name: string, text: string): void {
    this.#entries.push({ name, content: this.redactor.text(text) });
  }

  async #try(name: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      const why =
        cause instanceof WorkflowNotFoundError ? `there is no migration of ${this.wishes.cluster}` : String(cause);
      this.missing.push({ name, why: this.redactor.text(why) });
    }
  }
}

function versions(): object {
  const { address, namespace } = connectionSettings();
  return {
    zkferry: version(),
    node: process.version,
    system: `${platform()} ${release()} ${arch()}`,
    temporal: { address, namespace },
  };
}

/** The workflow's one argument, as its first event holds it. */
function inputOf(history: unknown): unknown {
  const { events } = history as {
    events?: { workflowExecutionStartedEventAttributes?: { input?: { payloads?: { data?: string }[] } } }[];
  };
  const data = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]?.data ?? '';
  return JSON.parse(Buffer.from(data, 'base64').toString('utf8'));
}
