import type { Command } from 'commander';
import { userInfo } from 'node:os';
import { withTemporal } from '../adapters/temporal-client.js';
import type { Client } from '@temporalio/client';
import { choice, wholeNumber } from './options.js';
import { type Confirmation, confirm } from './confirm.js';
import { sendUpdate, statusOf } from './migration-client.js';
import { printJson, printLine, printNote } from './output.js';
import { rollbackText } from './status-text.js';
import { updateLine } from '../domain/temporal-line.js';
import { workflowVerb, type WorkflowVerbOptions } from './workflow-verb.js';
import { workflowIdOf } from '../domain/workflow-id.js';

/** For the price of a rollback, ms: who is in a hurry need not wait for it. */
const PRICE_PATIENCE_MS = 3_000;

type Asks = (cluster: string, fields: Record<string, unknown>, client: Client) => Promise<Confirmation | null>;

/** The verbs that are one message to the migration. */
export function messageCommands(): Command[] {
  return [
    message('approve', 'approve the gate that waits, for the plan with this hash', aboutApproval)
      .addOption(
        choice('--gate <gate>', 'the gate that waits', ['begin', 'cut-over', 'complete']).makeOptionMandatory(),
      )
      .requiredOption('--plan-hash <hash>', 'the hash shown with the plan and in status')
      .option('--note <text>', 'kept with the approval'),
    message('pause', 'pause at the next safe point; never inside the critical window'),
    message('resume', 'go on after a pause'),
    message('rollback', 'undo everything, newest first', aboutRollback).option(
      '--reason <text>',
      'kept in the history',
    ),
    message('decide', 'decide an incident that waits', aboutDecision)
      .requiredOption('--incident <id>', 'as status shows it')
      .addOption(choice('--action <action>', 'what to do', ['retry', 'skip', 'rollback']).makeOptionMandatory())
      .option('--note <text>', 'kept with the decision'),
    message('setPace', 'change the pace of rolling')
      .alias('set-pace')
      .option('--batch <n>', 'agents in a batch, at most', wholeNumber)
      .option('--pause-ms <ms>', 'pause between batches', wholeNumber),
  ];
}

function message(name: string, description: string, asks?: Asks): Command {
  const command = workflowVerb(name, description)
    .argument('<cluster>', 'as the config names it')
    .option('--by <name>', 'who says it', userInfo().username);
  if (asks !== undefined) command.option('--yes', 'do not ask, also on a terminal');
  return command.action(async (cluster: string, options: WorkflowVerbOptions & { readonly yes?: true }) => {
    const { json, showTemporal, yes, ...fields } = options;
    const workflowId = workflowIdOf(cluster);
    if (showTemporal === true) printNote(updateLine(workflowId, name, fields));
    const answer = await withTemporal(async (client) => {
      const asked = yes === true ? null : await asks?.(cluster, fields, client);
      if (asked) await confirm(asked, yes === true);
      return sendUpdate(client, cluster, name, fields);
    });
    if (json === true) printJson(answer);
    else printLine(answer.accepted);
  });
}

/** What is approved with the last gate has no way back. */
const aboutApproval: Asks = (cluster, { gate }) =>
  Promise.resolve(
    gate === 'complete'
      ? { what: [`After gate complete cluster ${cluster} cannot be rolled back any more.`], type: cluster }
      : null,
  );

const aboutRollback: Asks = async (cluster, _fields, client) => {
  const price = await statusOf(client, cluster, PRICE_PATIENCE_MS).then(
    ({ phase, rollback }) => `In phase ${phase}, ${rollbackText(rollback)}`,
    () => 'What it costs is not known: no worker answers.',
  );
  return { what: [`Everything that was done to cluster ${cluster} is undone, newest first.`, price], type: cluster };
};

const aboutDecision: Asks = async (cluster, fields, client) => {
  if (fields['action'] === 'rollback') return aboutRollback(cluster, fields, client);
  if (fields['action'] !== 'skip') return null;
  const incident = await statusOf(client, cluster, PRICE_PATIENCE_MS).then(
    ({ incidents }) => incidents.find(({ id }) => id === fields['incident'])?.message,
    () => undefined,
  );
  return {
    what: [...(incident === undefined ? [] : [incident]), 'To skip means to go on without it, and to accept that.'],
    type: 'y',
  };
};
