import { z } from 'zod';
import { findingSchema } from './plan.js';

const fault = z.strictObject({
  file: z.string(),
  line: z.number(),
  column: z.number(),
  path: z.string().meta({ description: 'The field' }),
  message: z.string(),
  suggestion: z.string().optional(),
});

/** What every verb that reads a config answers, with exit code 2, when it is invalid. */
const invalid = z.strictObject({ ok: z.literal(false), file: z.string(), errors: z.array(fault) });

export const validateSchema = z
  .union([
    z.strictObject({
      ok: z.literal(true),
      file: z.string(),
      cluster: z.string(),
      strategy: z.string(),
      warnings: z.array(z.strictObject({ path: z.string(), message: z.string() })),
    }),
    invalid,
  ])
  .meta({ description: 'Whether a config is valid; every error at once' });

export const preflightSchema = z
  .union([z.strictObject({ ok: z.boolean(), findings: z.array(findingSchema) }), invalid])
  .meta({ description: 'What speaks against a migration; ok = nothing blocks' });

export const initSchema = z
  .strictObject({ config: z.string(), schema: z.string() })
  .meta({ description: 'What was written' });

export const startSchema = z
  .strictObject({ workflowId: z.string(), runId: z.string() })
  .meta({ description: 'What was started' });

export const messageSchema = z
  .strictObject({ accepted: z.string() })
  .meta({ description: 'The answer to approve, pause, resume, rollback, decide and setPace' });

export const labDownSchema = z
  .strictObject({ dir: z.string(), killed: z.number() })
  .meta({ description: 'Where, and how many processes were ended' });

export const bundleSchema = z
  .strictObject({
    file: z.string(),
    files: z.array(z.strictObject({ name: z.string(), bytes: z.number() })),
    missing: z.array(z.strictObject({ name: z.string(), why: z.string() })),
  })
  .meta({ description: 'What went into a support bundle, and what could not be had' });
