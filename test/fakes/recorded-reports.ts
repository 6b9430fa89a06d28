import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { defaultPayloadConverter } from '@temporalio/common';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { repositoryRoot } from '../../lab/repository-root.js';
import { tellHistory, type Told } from '../../src/adapters/history-traces.js';
import { type Report, reportOf } from '../../src/domain/report.js';
import type { MigrationStatus } from '../../src/domain/status.js';
import type { Watched } from '../../src/domain/watched.js';

const folder = join(repositoryRoot(), 'test/histories');

/** Migrations whose histories are recorded, by name. */
export const recorded: readonly string[] = readdirSync(folder)
  .filter((name) => /^[\w-]+\.json\.gz$/.test(name))
  .map((name) => name.replace('.json.gz', ''));

/** What the recorded histories of a migration and its children tell, and the result it ended with. */
export async function recordedMigration(name: string): Promise<{ status: MigrationStatus; history: Told }> {
  const main = eventsOf(`${name}.json.gz`);
  const result = main.at(-1)?.workflowExecutionCompletedEventAttributes?.result?.payloads?.[0];
  const status = (await read(result)) as MigrationStatus;
  const told = await tellHistory({ workflowId: name, events: main }, read);
  const children = readdirSync(folder).filter((file) => file.startsWith(`${name}.`) && file !== `${name}.json.gz`);
  const more = await Promise.all(children.map((file) => tellHistory({ workflowId: file, events: eventsOf(file) }, read)));
  return { status, history: { ...told, traces: [told, ...more].flatMap(({ traces }) => traces) } };
}

/** A report of a recorded migration, as `zkferry report` makes it. */
export async function recordedReport(name: string, watched: Watched | null = null): Promise<Report> {
  const { status, history } = await recordedMigration(name);
  return reportOf(status, {
    madeAt: status.timeline.at(-1)?.endedAt ?? '',
    run: { workflowId: `zkferry-${status.cluster}`, runId: name, closed: 'completed', closedAt: null },
    watched,
    history: { ...history, unread: [] },
  });
}

function eventsOf(file: string) {
  return historyFromJSON(JSON.parse(gunzipSync(readFileSync(join(folder, file))).toString('utf8'))).events ?? [];
}

const read: Parameters<typeof tellHistory>[1] = async (payload) =>
  payload ? defaultPayloadConverter.fromPayload(payload) : undefined;
