import { z } from 'zod';
import type { Finding, Plan, PlanResult } from '../../domain/plan.js';
import { CATALOGUE, type FindingId } from '../../domain/preflight/catalogue/index.js';
import { frameworkSchema, mesosHostSchema } from './hosts.js';

const masterUrl = z
  .strictObject({
    servers: z.array(z.strictObject({ address: z.string(), port: z.number() })),
    path: z.string(),
    credentialsOf: z.enum(['source', 'target']),
  })
  .meta({ description: 'A zk:// URL without its credentials' });

export const findingSchema = z.strictObject({
  id: z.enum(Object.keys(CATALOGUE) as FindingId[]),
  verdict: z.enum(['block', 'warn', 'info']),
  host: z.string().nullable(),
  agentId: z.string().optional(),
  seen: z.string(),
  why: z.string(),
  remedy: z.string().nullable(),
}) satisfies z.ZodType<Finding>;

const steps = z.array(
  z.strictObject({
    phase: z.string(),
    host: z.string().nullable(),
    what: z.string(),
    before: z.string().nullable(),
    after: z.string().nullable(),
    undo: z.string().meta({ description: 'How it is undone' }),
    affects: z.string().meta({ description: 'Who notices, and what' }),
    expectedMs: z.number().nullable(),
    worstMs: z.number().nullable().meta({ description: 'After so long a person is asked' }),
  }),
);

const plan = z.strictObject({
  schemaVersion: z.literal(1),
  cluster: z.string(),
  strategy: z.enum(['observers', 'dual-publishing']),
  urls: z.strictObject({ source: masterUrl, observers: masterUrl.nullable(), target: masterUrl }),
  agents: z.array(z.strictObject({ agent: mesosHostSchema, id: z.string() })),
  frameworks: z.array(z.strictObject({ framework: frameworkSchema, id: z.string() })),
  quorum: z.number(),
  raiseEpoch: z.boolean(),
  reconfigEnabled: z.strictObject({ source: z.boolean(), target: z.boolean() }),
  budget: z.strictObject({ budgetMs: z.number(), derivation: z.string() }),
  steps,
  pointOfNoReturn: z.string(),
  temporal: z.strictObject({ timerLateMs: z.number().nullable(), known: z.boolean() }).optional(),
}) satisfies z.ZodType<Plan>;

/** `plan`, the file of `plan -o`, and the query `plan`. */
export const planSchema = z
  .strictObject({
    plan,
    planHash: z.string().meta({ description: 'sha256 of the plan; what an approval has to name' }),
    findings: z.array(findingSchema),
  })
  .meta({ description: 'What a migration would do, host by host' }) satisfies z.ZodType<PlanResult>;
