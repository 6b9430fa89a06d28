import { z } from 'zod';
import type { Diagnosis } from '../../domain/doctor/diagnosis.js';
import type { HostFacts, Observation, TreeObservation } from '../../domain/doctor/observation.js';
import type { TemporalCheck } from '../../domain/doctor/temporal-check.js';
import { instanceSchema, mesosHostSchema, serverSchema } from './hosts.js';

const side = z.enum(['source', 'observers', 'target', 'elsewhere', 'unknown']);
const ensemble = z.enum(['source', 'target']);

const facts = z.strictObject({
  process: z.enum(['running', 'stopped', 'unknown']),
  held: z.boolean(),
  dropIn: z.string().nullable(),
  state: z.strictObject({ folder: z.string(), migration: z.string().nullable(), generation: z.number() }).nullable(),
  kept: z.array(z.string()),
  file: side,
  connected: side,
  original: z.string().nullable(),
  tag: ensemble.nullable(),
  parked: z.boolean(),
  setAside: z.array(z.string()),
}) satisfies z.ZodType<HostFacts>;

const observed = {
  unit: z.string(),
  facts: facts.nullable(),
  problem: z.string().nullable(),
  more: z.unknown().optional(),
};
const acl = z.strictObject({ permissions: z.number(), scheme: z.string(), id: z.string() });

const tree = z.strictObject({
  problem: z.string().nullable(),
  lock: z.string().nullable(),
  tookOver: z.array(z.string()),
  marker: z.strictObject({ ensemble: z.string(), migration: z.string() }).nullable(),
  door: z
    .union([
      z.literal('unreadable'),
      z.strictObject({
        migration: z.string(),
        generation: z.number(),
        closed: z.boolean(),
        found: z.array(z.strictObject({ path: z.string(), acl: z.array(acl) })),
      }),
    ])
    .nullable(),
  owner: z
    .union([
      z.literal('unreadable'),
      z.strictObject({ migration: z.string(), generation: z.number(), mode: z.enum(['publishing', 'withdrawn']) }),
    ])
    .nullable(),
  ours: z.array(z.string()),
  contenders: z.array(z.string()),
}) satisfies z.ZodType<TreeObservation>;

const observation = z.strictObject({
  source: tree,
  target: tree,
  servers: z.array(
    z.strictObject({
      host: serverSchema,
      ...observed,
      more: z.strictObject({ ensemble, epoch: z.string().nullable() }).optional(),
    }),
  ),
  observers: z.array(
    z.strictObject({ host: serverSchema, ...observed, serves: z.enum(['source', 'target', 'nothing', 'unknown']) }),
  ),
  masters: z.array(z.strictObject({ host: mesosHostSchema, ...observed, elected: z.boolean().nullable() })),
  agents: z.array(z.strictObject({ host: mesosHostSchema, ...observed })),
  agentsKnown: z.boolean(),
  frameworks: z.array(z.strictObject({ host: instanceSchema, ...observed })),
}) satisfies z.ZodType<Observation>;

const diagnosis = z.strictObject({
  verdict: z.enum(['untouched', 'mid-way forward', 'inside the window', 'split', 'on target', 'leftovers only']),
  clean: z.boolean().meta({ description: 'Nothing is left to be done, and nothing is unknown' }),
  unknown: z.array(z.strictObject({ name: z.string(), why: z.string() })),
  doubts: z.array(z.string()),
  migrations: z.array(z.string()),
  takeOver: z.string().nullable().meta({ description: 'The command that is recommended' }),
  byHand: z.array(
    z.strictObject({
      what: z.string(),
      steps: z.array(z.strictObject({ host: z.string().nullable(), commands: z.array(z.string()) })),
      proof: z.string(),
    }),
  ),
}) satisfies z.ZodType<Diagnosis>;

export const doctorSchema = diagnosis
  .extend({ cluster: z.string(), strategy: z.string(), observation })
  .meta({ description: 'What stands where, and how to finish' });

const checkSchema = z.strictObject({
  id: z.string(),
  verdict: z.enum(['ok', 'info', 'warn', 'block']),
  seen: z.string(),
  remedy: z.string().nullable(),
}) satisfies z.ZodType<TemporalCheck>;

export const doctorTemporalSchema = z
  .strictObject({ ok: z.boolean(), address: z.string(), namespace: z.string(), checks: z.array(checkSchema) })
  .meta({ description: 'What a migration needs from the Temporal server, and what is in its way' });
