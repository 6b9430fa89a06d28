import { setTimeout as delay } from 'node:timers/promises';
import type { MigrationStatus } from '../../src/domain/status.js';
import type { Migration } from '../stage/migration.js';
import type { Stage } from '../stage/stage.js';
import type { Injector } from './injector.js';
import { waitsAt } from './moment.js';
import type { Operator } from './operator.js';
import type { EndState } from './run-record.js';
import { settled } from './settled.js';

/**
 * A migration that has neither ended nor told anything new for so long is nowhere, ms. Not the whole of a run:
 * a person who retries waits for a minute each time, and how often is bounded by the temper.
 */
const STILL_MS = 180_000;
/** A person who cannot get the cluster whole decides all the same, ms after the last fault was over. */
const PATIENCE_MS = 40_000;
/** How often the migration is asked. */
const PERIOD_MS = 100;

/** What came of a migration under faults. */
export interface Driven {
  readonly end: EndState;
  /** The last one seen; after the end, the result. */
  readonly status: MigrationStatus | null;
  readonly failure: string | null;
  /** What had changed on hosts and in znodes when gate `begin` was first seen waiting. */
  readonly writtenBeforeBegin: readonly string[];
  /** The migration before it that it took over, as last seen, and since when; null = there was none. */
  readonly tookOver: { readonly status: MigrationStatus | null; readonly at: number } | null;
}

export interface Drive {
  readonly stage: Stage;
  readonly migration: Migration;
  readonly injector: Injector;
  readonly operator: Operator;
  readonly say: (text: string) => void;
  /** Looks at hosts and znodes, before anything may be written. */
  readonly written: () => Promise<readonly string[]>;
}

/** Drives a migration as a person would, until it has ended, waits for good, or the time is over. */
export async function drive(given: Drive): Promise<Driven> {
  const { stage, migration, injector, operator, say } = given;
  let wall = Date.now() + STILL_MS;
  let status: MigrationStatus | null = null;
  let told = '';
  let writtenBeforeBegin: readonly string[] | null = null;
  let mendedSince: number | null = null;
  const ended = (end: EndState, last: MigrationStatus | null, failure: string | null = null): Driven => ({
    end,
    status: last,
    failure,
    writtenBeforeBegin: writtenBeforeBegin ?? [],
    tookOver: null,
  });
  for (;;) {
    const seen = await patiently(stage, () => migration.status());
    status = seen ?? status;
    if (seen !== null) {
      const line = `${seen.state}, ${seen.phase}${seen.state === 'awaiting-decision' ? `: ${seen.waitingFor?.what}` : ''}`;
      if (line !== told) {
        say(line);
        told = line;
        wall = Date.now() + STILL_MS;
      }
      if (waitsAt(seen) === 'begin') writtenBeforeBegin ??= await given.written();
      injector.see(seen);
      if (seen.state === 'migrated' || seen.state === 'rolled-back' || seen.state === 'stranded') {
        // The workflow says it before it has ended.
        const result = await patiently(stage, () => migration.result(), 30_000);
        if (result !== null) return ended(seen.state, result);
      }
      mendedSince = injector.active ? null : (mendedSince ?? Date.now());
      const mended =
        seen.state === 'awaiting-decision' &&
        mendedSince !== null &&
        ((await settled(stage.lab, 0)) === null || Date.now() - mendedSince > PATIENCE_MS);
      await patiently(stage, () => operator.act(seen, mended), 10_000);
      if (operator.gaveUp && mended) return ended('waiting', seen);
    }
    const described = await patiently(stage, () => migration.handle.describe());
    if (described?.status.name === 'TERMINATED') return ended('terminated', status);
    if (described?.status.name === 'FAILED') return ended('refused', status, await failureOf(migration));
    if (Date.now() > wall) return ended('nowhere', status, `nothing new in ${STILL_MS / 1_000} s`);
    await delay(PERIOD_MS);
  }
}

async function failureOf(migration: Migration): Promise<string> {
  return migration.result().then(
    ({ state }) => state,
    (error: Error) => {
      let innermost = error;
      while (innermost.cause instanceof Error) innermost = innermost.cause;
      return innermost.message;
    },
  );
}

/** Null when Temporal or all workers are away: asked again later. */
async function patiently<T>(stage: Stage, ask: () => Promise<T>, patienceMs = 2_000): Promise<T | null> {
  try {
    return await stage.client.withDeadline(Date.now() + patienceMs, ask);
  } catch {
    return null;
  }
}
