import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { defaultPayloadConverter } from '@temporalio/common';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { repositoryRoot } from '../../lab/repository-root.js';
import { tellHistory, type Told } from '../../src/adapters/history-traces.js';
import { type Report, reportOf } from '../../src/domain/report.js';
import type { MigrationStatus } from '../../src/domain/status.js';

const folder = join(repositoryRoot(), 'test/histories');

/** Migrations whose histories are recorded, by name. */
export const recorded: readonly string[] = readdirSync(folder)
  .filter((name) => /^[\w-]+\.json\.gz$/.test(name))
  .map((name) => name.replace('.json.gz', ''));

/** What the recorded histories of a migration and its children tell, and the result it ended with. */
export function recordedMigration(name: string): Promise<RecordedMigration> {
  const known = once.get(name) ?? readMigration(name);
  once.set(name, known);
  return known;
}

interface RecordedMigration {
  readonly status: MigrationStatus;
  readonly history: Told;
}

const once = new Map<string, Promise<RecordedMigration>>();

async function readMigration(name: string): Promise<RecordedMigration> {
  const main = eventsOf(`${name}.json.gz`);
  const result = main.at(-1)?.workflowExecutionCompletedEventAttributes?.result?.payloads?.[0];
  const status = (await read(result)) as MigrationStatus;
  const told = await tellHistory({ workflowId: name, events: main }, read);
  const children = readdirSync(folder).filter((file) => file.startsWith(`${name}.`) && file !== `${name}.json.gz`);
  const more = await Promise.all(
    children.map((file) => tellHistory({ workflowId: file, events: eventsOf(file) }, read)),
  );
  return { status, history: { ...told, traces: [told, ...more].flatMap(({ traces }) => traces) } };
}

/** A report of a recorded migration, as `zkferry report` makes it. */
export async function recordedReport(name: string): Promise<Report> {
  const { status, history } = await recordedMigration(name);
  return reportOf(status, {
    madeAt: status.timeline.at(-1)?.endedAt ?? '',
    run: { workflowId: `zkferry-${status.cluster}`, runId: name, closed: 'completed', closedAt: null },
    history: { ...history, unread: [] },
  });
}

/** Reports of real labs, which were watched, as `zkferry report --verdicts --json` printed them. */
export function watchedReports(): { name: string; report: Report }[] {
  const fixtures = join(repositoryRoot(), 'test/unit/fixtures/reports');
  return readdirSync(fixtures).map((file) => ({
    name: file,
    report: JSON.parse(readFileSync(join(fixtures, file), 'utf8')) as Report,
  }));
}

function eventsOf(file: string) {
  return historyFromJSON(JSON.parse(gunzipSync(readFileSync(join(folder, file))).toString('utf8'))).events ?? [];
}

const read: Parameters<typeof tellHistory>[1] = async (payload) =>
  payload ? defaultPayloadConverter.fromPayload(payload) : undefined;
