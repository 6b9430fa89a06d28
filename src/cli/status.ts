import type { Command } from 'commander';
import { withTemporal } from '../adapters/temporal-client.js';
import { columnsOf } from './fold.js';
import { statusOf } from './migration-client.js';
import { printJson, printLine, printNote } from './output.js';
import { describeStatus, oneLine } from './status-text.js';
import { queryLine } from '../domain/temporal-line.js';
import { workflowVerb, type WorkflowVerbOptions } from './workflow-verb.js';
import { workflowIdOf } from '../domain/workflow-id.js';

/** `status`: what a migration does, why it waits and what to type next. */
export function statusCommand(): Command {
  return workflowVerb('status', 'what a migration does, why it waits and what to type next')
    .argument('<cluster>', 'as the config names it')
    .option('--short', 'one line')
    .action(async (cluster: string, options: WorkflowVerbOptions & { readonly short?: true }) => {
      if (options.showTemporal) printNote(queryLine(workflowIdOf(cluster), 'status'));
      const now = await withTemporal((client) => statusOf(client, cluster));
      if (options.json) printJson(now);
      else if (options.short) printLine(oneLine(now));
      else printLine(describeStatus(now, { columns: columnsOf(process.stdout), now: new Date() }));
    });
}
