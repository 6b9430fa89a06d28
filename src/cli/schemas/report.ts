import { z } from 'zod';
import type { JsonSchema } from '../../config/shape.js';
import type { Report } from '../../domain/report.js';
import { MILESTONES } from '../../domain/report-window.js';
import { MIGRATION_STATES } from '../../domain/status.js';
import type { Watched } from '../../domain/watched.js';

const instant = z.iso.datetime().describe('an instant, UTC');
const ms = z.number().describe('milliseconds');
const whole = z.int().nonnegative();
const texts = z.array(z.string());
const outcome = z.enum(['running', 'done', 'undone', 'failed', 'skipped']);

const verdicts = z
  .object({
    leadersAtOnceMax: whole,
    samples: whole,
    largestGapMs: ms,
    proved: z.boolean(),
    overlapMs: ms,
    ghostMs: ms,
    agentsLost: texts,
    tasksLost: texts,
    frameworksLost: texts,
    wrongLeaderMs: ms,
    mirrorDelay: z
      .object({ changes: whole, p50Ms: ms.nullable(), p99Ms: ms.nullable(), maxMs: ms.nullable() })
      .nullable(),
    passed: z.boolean(),
    reasons: texts,
  })
  .describe('what watchers outside the workflow judged');

const measured = { coordinationMs: ms.nullable(), leaderlessMs: ms.nullable(), lastAgentMs: ms.nullable() };

const series = z.object({
  from: instant,
  to: instant,
  leaders: z.array(
    z.object({
      view: z.enum(['leads', 'source', 'target', 'observers']),
      master: z.string(),
      from: instant,
      to: instant,
      durationMs: ms,
    }),
  ),
  agents: z.array(z.object({ at: instant, registered: whole })),
});

/** What `zkferry report --verdicts` takes. */
export const watchedSchema = z.object({
  verdicts,
  window: z.object({ ...measured, leaderGoneAt: instant.nullable() }),
  seen: series.nullable(),
}) satisfies z.ZodType<Watched>;

const window = z.object({
  ...measured,
  budgetMs: ms.nullable(),
  forecastMs: ms.nullable(),
  budgetDerivation: z.string().nullable(),
  derivation: z.string().nullable(),
  openedAt: instant.nullable(),
  milestones: z.array(
    z.object({ name: z.enum(MILESTONES), at: instant, afterMs: ms, by: z.enum(['watchers', 'workflow']) }),
  ),
});

const step = z.object({
  what: z.string(),
  host: z.string().nullable(),
  startedAt: instant,
  durationMs: ms.nullable(),
  outcome: z.enum(['running', 'done', 'failed', 'canceled', 'cut-off']),
  attempts: whole,
  batch: z.string().nullable(),
  stoppedAt: instant.nullable(),
  residue: texts.nullable(),
  phase: z.string().nullable(),
});

const batch = z.object({
  startedAt: instant,
  durationMs: ms.nullable(),
  hosts: texts,
  failed: whole,
  phase: z.string().nullable(),
});

const gate = z.enum(['begin', 'cut-over', 'complete']);
const said = { by: z.string(), note: z.string().optional(), at: instant };

/** `report.json`, schemaVersion 1. */
export const reportSchema = z.object({
  schemaVersion: z.literal(1),
  cluster: z.string(),
  strategy: z.string(),
  outcome: z.enum(MIGRATION_STATES),
  verdicts: verdicts.nullable().describe('null: nobody watched'),
  window: window.nullable().describe('the critical window that was opened last; null: none is known of'),
  phases: z.array(z.object({ name: z.string(), startedAt: instant, durationMs: ms.nullable(), outcome })),
  approvals: z.array(z.object({ ...said, gate, planHash: z.string() })),
  decisions: z.array(z.object({ ...said, incident: z.string(), action: z.enum(['retry', 'skip', 'rollback']) })),
  incidents: z.array(
    z.object({
      id: z.string(),
      phase: z.string(),
      code: z.string(),
      host: z.string().nullable(),
      message: z.string(),
      remedy: z.string(),
      openedAt: instant,
      closedAt: instant.nullable(),
    }),
  ),
  orders: z
    .array(
      z.object({
        what: z.enum(['pause', 'resume', 'rollback', 'setPace']),
        by: z.string(),
        at: instant,
        note: z.string().nullable(),
      }),
    )
    .nullable()
    .describe('what people ordered besides, by the workflow’s history; null: it was not read'),
  madeAt: instant,
  run: z
    .object({
      workflowId: z.string(),
      runId: z.string(),
      closed: z.enum(['running', 'completed', 'terminated', 'canceled', 'timed-out', 'failed']),
      closedAt: instant.nullable(),
    })
    .nullable(),
  planHash: z.string().nullable(),
  startedAt: instant.nullable(),
  endedAt: instant.nullable(),
  durationMs: ms.nullable(),
  waitingFor: z.object({ what: z.string(), since: instant, next: z.string() }).nullable(),
  rollback: z.object({ possible: z.boolean(), cost: z.string(), estimateMs: ms.nullable() }),
  seen: series.nullable().describe('what the watchers saw over time; null: nobody watched'),
  steps: z.array(step).nullable().describe('activities, by the workflow’s history; null: it was not read'),
  batches: z.array(batch).nullable(),
  unread: texts.describe('child workflows whose history could not be read'),
  residue: texts.nullable().describe('what is left on hosts and ensembles; null: nobody has looked'),
}) satisfies z.ZodType<Report>;

/** The JSON Schema (draft 2020-12) of `report.json`; more fields may come. */
export function reportJsonSchema(): JsonSchema {
  return z.toJSONSchema(reportSchema, { io: 'input' }) as JsonSchema;
}
