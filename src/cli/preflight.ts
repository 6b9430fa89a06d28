import { Command } from 'commander';
import { EXIT } from './exit-codes.js';
import { describeFindings } from './findings-text.js';
import { columnsOf } from './fold.js';
import { exitWith, printJson, printLine, withJson } from './output.js';
import { readOrReport } from './read-or-report.js';
import { blocks, survey } from './survey.js';

/** `preflight`: what speaks against a migration. Exit code 1 when something blocks, 2 when the config is invalid. */
export function preflightCommand(): Command {
  return withJson(new Command('preflight'))
    .description('survey the cluster, read-only, and say what speaks against a migration')
    .argument('[config]', 'the config', 'cluster.yaml')
    .action(async (file: string, { json = false }: { json?: boolean }) => {
      const loaded = await readOrReport(file, json);
      if (loaded === null) return;
      const { findings } = await survey(loaded.config);
      if (json) printJson({ ok: !blocks(findings), findings });
      else for (const line of describeFindings(findings, columnsOf(process.stdout))) printLine(line);
      if (blocks(findings)) exitWith(EXIT.failed);
    });
}
