import { Command } from 'commander';
import { withJson } from './output.js';

export interface WorkflowVerbOptions {
  readonly json?: true;
  readonly showTemporal?: true;
}

/** A verb that speaks with a migration through Temporal. */
export function workflowVerb(name: string, description: string): Command {
  return withJson(new Command(name))
    .description(description)
    .option('--show-temporal', 'print the temporal command that does the same, on standard error');
}
