import { Command } from 'commander';
import { writeFile } from 'node:fs/promises';
import { commandLine } from '../domain/temporal-line.js';
import { EXIT } from './exit-codes.js';
import { describeFindings } from './findings-text.js';
import { columnsOf } from './fold.js';
import { exitWith, printJson, printLine, printNote, withJson } from './output.js';
import { describePlan } from './plan-text.js';
import { readOrReport } from './read-or-report.js';
import { blocks, survey } from './survey.js';

interface PlanOptions {
  readonly json?: boolean;
  readonly output?: string;
}

/** `plan`: what would happen, host by host. Exit code 1 when something blocks, 2 when the config is invalid. */
export function planCommand(): Command {
  return withJson(new Command('plan'))
    .description('survey the cluster, read-only, and show what would happen, host by host')
    .argument('[config]', 'the config', 'cluster.yaml')
    .option('-o, --output <file>', 'save the plan as JSON, for zkferry start --plan')
    .action(plan);
}

async function plan(file: string, { json = false, output }: PlanOptions): Promise<void> {
  const loaded = await readOrReport(file, json);
  if (loaded === null) return;
  const result = await survey(loaded.config);
  if (json) printJson(result);
  else {
    const columns = columnsOf(process.stdout);
    const lines = [...describePlan(result, columns), '', ...describeFindings(result.findings, columns)];
    for (const line of lines) printLine(line);
  }
  if (output !== undefined) {
    await writeFile(output, `${JSON.stringify(result, null, 2)}\n`);
    printNote(`saved as ${output}; next: ${commandLine('zkferry', 'start', '--plan', output, file)}`);
  }
  if (blocks(result.findings)) exitWith(EXIT.failed);
}
