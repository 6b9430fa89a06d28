import type { Client } from '@temporalio/client';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { describeRun, readMigrationHistory } from '../../src/adapters/migration-history.js';
import { reportOf } from '../../src/domain/report.js';
import type { MigrationStatus } from '../../src/domain/status.js';
import type { Watched } from '../../src/domain/watched.js';
import { reportPage } from '../../src/report/page.js';
import type { Migration } from '../stage/migration.js';

/** Writes `report.json` and, beside it, the page for people. @returns where both lie */
export async function writeReports(from: {
  readonly client: Client;
  readonly migration: Migration;
  readonly status: MigrationStatus;
  readonly watched: Watched;
  readonly json: string;
}): Promise<{ readonly json: string; readonly page: string }> {
  const { client, migration, status, watched } = from;
  const run = await describeRun(migration.handle);
  const history = await readMigrationHistory(client, run.workflowId, run.runId);
  const report = reportOf(status, { madeAt: new Date().toISOString(), run, watched, history });
  const json = resolve(from.json);
  const page = `${json.replace(/\.json$/, '')}.html`;
  mkdirSync(dirname(json), { recursive: true });
  writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(page, reportPage(report));
  return { json, page };
}
