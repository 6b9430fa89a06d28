import pc from 'picocolors';
import { SEARCH_ATTRIBUTES } from '../adapters/search-attributes.js';
import { PUBLISHER_TASK_QUEUE, TASK_QUEUE } from '../adapters/temporal-client.js';
import { observeTemporal } from '../adapters/temporal-observer.js';
import type { TemporalCheck } from '../domain/doctor/temporal-check.js';
import { temporalChecks } from '../domain/doctor/temporal-checks.js';
import { EXIT } from './exit-codes.js';
import { columnsOf, fold } from './fold.js';
import { exitWith, printJson, printLine } from './output.js';
import { readConfig } from './read-config.js';

const COLOURS = { ok: pc.green, info: pc.dim, warn: pc.yellow, block: pc.red };

/**
 * `doctor --temporal`: what a migration needs from the Temporal server, looked at from outside. Exit code 1 when
 * something blocks.
 *
 * @param file a config, for what it needs; without one both strategies are looked at
 */
export async function doctorTemporal(
  file: string | undefined,
  { json = false, measureTimers = false }: { readonly json?: boolean; readonly measureTimers?: boolean },
): Promise<void> {
  const config = file === undefined ? null : (await readConfig(file)).config;
  const seen = await observeTemporal({ measure: measureTimers });
  const checks = temporalChecks(seen, {
    queue: TASK_QUEUE,
    publisherQueue: PUBLISHER_TASK_QUEUE,
    searchAttributes: SEARCH_ATTRIBUTES,
    config: config && { strategy: config.strategy, searchAttributes: config.policy.searchAttributes },
  });
  const ok = checks.every(({ verdict }) => verdict !== 'block');
  if (json) printJson({ ok, address: seen.settings.address, namespace: seen.settings.namespace, checks });
  else for (const line of checks.flatMap(describe)) printLine(line);
  exitWith(ok ? EXIT.done : EXIT.failed);
}

function describe({ id, verdict, seen, remedy }: TemporalCheck): string[] {
  const columns = columnsOf(process.stdout);
  const head = `${verdict.padEnd(5)} ${id}: `;
  const [first = '', ...more] = fold(seen, { columns, head, indented: 6 });
  const coloured = first.replace(head, `${COLOURS[verdict](verdict.padEnd(5))} ${pc.bold(id)}: `);
  return [coloured, ...more, ...(remedy === null ? [] : fold(remedy, { columns, head: '      do:  ' }))];
}
