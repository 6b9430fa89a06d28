import { z } from 'zod';
import { HOOK_EVENTS } from '../../domain/config.js';
import { MIGRATION_STATES, type MigrationStatus } from '../../domain/status.js';

const instant = (description: string) => z.iso.datetime().meta({ description });
const maybeInstant = (description: string) => z.iso.datetime().nullable().meta({ description });
const ms = (description: string) =>
  z
    .number()
    .nullable()
    .meta({ description: `${description}, ms; null = not known` });

/** `status`, `watch` (one a line), the query `status` and the result of the workflow. */
export const statusSchema = z
  .strictObject({
    schemaVersion: z.literal(1),
    cluster: z.string(),
    strategy: z.string(),
    state: z.enum(MIGRATION_STATES),
    phase: z.string(),
    planHash: z.string().nullable().meta({ description: 'What an approval has to name' }),
    progress: z.strictObject({
      done: z.number(),
      total: z.number(),
      failed: z.number(),
      etaMs: ms('What is left of the phase'),
    }),
    waitingFor: z
      .strictObject({
        what: z.string(),
        since: instant('Since when it waits'),
        next: z.string().meta({ description: 'The exact commands that move it on, one a line' }),
      })
      .nullable(),
    window: z
      .strictObject({
        budgetMs: z.number(),
        forecastMs: ms('How long the window is expected to take'),
        derivation: z.string().nullable().meta({ description: 'What forecast and reserve are the sum of' }),
        openedAt: maybeInstant('When the critical window opened'),
        turnBackAt: maybeInstant('From when on everything is undone unless a leader is proved'),
        pointOfNoReturnAt: maybeInstant('From when on nothing undoes itself'),
        leaderlessMs: ms('Without a leading master'),
        coordinationMs: ms('From opening to a recovered leader'),
        lastAgentMs: ms('From opening to the last agent'),
      })
      .nullable(),
    rollback: z.strictObject({ possible: z.boolean(), cost: z.string(), estimateMs: ms('How long it would take') }),
    incidents: z.array(
      z.strictObject({
        id: z.string(),
        phase: z.string(),
        code: z.string(),
        host: z.string().nullable(),
        message: z.string(),
        remedy: z.string(),
        openedAt: instant('When it was noticed'),
        closedAt: maybeInstant('When it was decided; null = it is open'),
      }),
    ),
    timeline: z.array(
      z.strictObject({
        phase: z.string(),
        startedAt: instant('When the phase began'),
        endedAt: maybeInstant('When it ended'),
        outcome: z.enum(['running', 'done', 'undone', 'failed', 'skipped']),
      }),
    ),
    approvals: z.array(
      z.strictObject({
        gate: z.enum(['begin', 'cut-over', 'complete']),
        by: z.string(),
        planHash: z.string(),
        note: z.string().optional(),
        at: instant('When it was approved'),
      }),
    ),
    decisions: z.array(
      z.strictObject({
        incident: z.string(),
        action: z.enum(['retry', 'skip', 'rollback']),
        by: z.string(),
        note: z.string().optional(),
        at: instant('When it was decided'),
      }),
    ),
    hookFailures: z
      .array(z.strictObject({ event: z.enum(HOOK_EVENTS), at: instant('When it failed'), reason: z.string() }))
      .optional()
      .meta({ description: 'The last ten notices that did not arrive; absent where none has failed' }),
  })
  .meta({ description: 'Where a migration stands' }) satisfies z.ZodType<MigrationStatus>;
