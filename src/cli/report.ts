import { Command } from 'commander';
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { withTemporal } from '../adapters/temporal-client.js';
import { FerryError } from '../domain/errors.js';
import type { Watched } from '../domain/watched.js';
import { reportPage } from '../report/page.js';
import { printJson, printLine, printNote, withJson } from './output.js';
import { reportFrom } from './report-source.js';
import { watchedSchema } from './schemas/report.js';
import { queryLine, temporalLine } from '../domain/temporal-line.js';
import { workflowIdOf } from '../domain/workflow-id.js';

class NoVerdictsError extends FerryError {
  readonly code = 'FERRY_NO_VERDICTS';
  readonly retryable = false;
  override readonly remedy = 'make the file with zkferry lab judge --dir DIR --json';
}

interface ReportOptions {
  readonly json?: boolean;
  readonly html?: string;
  readonly verdicts?: string;
  readonly run?: string;
  readonly showTemporal?: true;
}

/** `report`: what a migration did and how it went, as a page for people and as JSON. */
export function reportCommand(): Command {
  return withJson(new Command('report'))
    .description('write what a migration did and how it went: one HTML file that needs nothing else, or JSON')
    .argument('<cluster>', "the cluster, or the workflow's id")
    .option('--html <file>', 'where the page goes (default: zkferry-report-CLUSTER.html, none with --json)')
    .option('--verdicts <file>', 'what watchers saw, as zkferry lab judge --json prints it')
    .option('--show-temporal', 'print the temporal commands that show the same, on standard error')
    .option('--run <id>', 'an earlier migration of the cluster, by its run id')
    .action(report);
}

async function report(name: string, { json = false, html, verdicts, run, showTemporal }: ReportOptions) {
  if (showTemporal) {
    const id = name.startsWith('zkferry-') ? name : workflowIdOf(name);
    printNote(queryLine(id, 'status'));
    printNote(temporalLine('workflow', 'show', '--workflow-id', id, '--output', 'json'));
  }
  const watched = verdicts === undefined ? null : await readVerdicts(verdicts);
  const made = await withTemporal((client) =>
    reportFrom(client, name, { watched, ...(run === undefined ? {} : { runId: run }) }),
  );
  const file = html ?? (json ? null : `zkferry-report-${made.cluster.replace(/[^\w.-]/g, '_')}.html`);
  if (file !== null) await writeFile(file, reportPage(made));
  if (json) printJson(made);
  else if (file !== null) printLine(`report: ${resolve(file)} (open it in a browser)`);
  if (made.verdicts === null) printNote('no watcher’s verdicts were given: the report is the workflow’s own account');
}

async function readVerdicts(file: string): Promise<Watched> {
  const text = await readFile(file, 'utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new NoVerdictsError(`${file} is no JSON`);
  }
  const parsed = watchedSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  throw new NoVerdictsError(
    `${file} holds no verdicts: ${first?.path.join('.') ?? ''} ${first?.message ?? ''}`.trimEnd(),
  );
}
