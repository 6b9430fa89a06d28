import type { Command } from 'commander';
import { withTemporal } from '../../adapters/temporal-client.js';
import { statusOf } from '../migration-client.js';
import { durationMs } from '../options.js';
import { printNote } from '../output.js';
import { temporalLine } from '../../domain/temporal-line.js';
import { workflowVerb, type WorkflowVerbOptions } from '../workflow-verb.js';
import { workflowIdOf } from '../../domain/workflow-id.js';
import { follow } from './follow.js';
import { jsonLines, LiveView, plainLines } from './listeners.js';

/** Between two looks, and for the answer to one, ms. */
const [PAUSE_MS, PATIENCE_MS] = [1_000, 5_000];
/** As shells do after Ctrl-C: no outcome of the migration. */
const INTERRUPTED = 130;

interface WatchOptions extends WorkflowVerbOptions {
  readonly exitOnWait?: true;
  readonly timeout?: number;
  readonly plain?: true;
}

/** `watch`: follows a migration to its end. */
export function watchCommand(): Command {
  return workflowVerb('watch', 'follow a migration to its end; the exit code tells how it ended')
    .argument('<cluster>', 'as the config names it')
    .option('--exit-on-wait', 'exit with 4 when it waits for a person')
    .option('--timeout <duration>', 'stop watching after so long, with exit code 1; the migration goes on', durationMs)
    .option('--plain', 'a line for each change, on a terminal, too')
    .action(watch);
}

async function watch(cluster: string, options: WatchOptions): Promise<void> {
  if (options.showTemporal)
    printNote(temporalLine('workflow', 'show', '--follow', '--workflow-id', workflowIdOf(cluster)));
  const interruption = new AbortController();
  const interrupt = (): void => interruption.abort();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, interrupt);
  try {
    const code = await withTemporal(async (client) => {
      const live = isLive(options) ? new LiveView(process.stdout) : null;
      try {
        return await follow(
          cluster,
          () => statusOf(client, cluster, PATIENCE_MS),
          live ?? (options.json ? jsonLines() : plainLines()),
          {
            exitOnWait: options.exitOnWait === true,
            timeoutMs: options.timeout ?? null,
            pauseMs: PAUSE_MS,
            signal: interruption.signal,
          },
        );
      } finally {
        live?.close();
      }
    });
    if (code === null) {
      printNote(
        `stopped watching; the migration was not touched and goes on\nwatch it again: zkferry watch ${cluster}`,
      );
    }
    process.exitCode = code ?? INTERRUPTED;
  } finally {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.removeListener(name, interrupt);
  }
}

/** A terminal that can move its cursor. */
function isLive({ json, plain }: WatchOptions): boolean {
  return json !== true && plain !== true && process.stdout.isTTY && process.env['TERM'] !== 'dumb';
}
