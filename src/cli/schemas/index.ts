import { z } from 'zod';
import { configJsonSchema, type JsonSchema } from '../../config/shape.js';
import {
  bundleSchema,
  initSchema,
  labDownSchema,
  messageSchema,
  preflightSchema,
  startSchema,
  validateSchema,
} from './answers.js';
import { doctorSchema, doctorTemporalSchema } from './doctor.js';
import { labSchema } from './lab.js';
import { planSchema } from './plan.js';
import { reportJsonSchema, watchedSchema } from './report.js';
import { statusSchema } from './status.js';

const of = (schema: z.ZodType) => (): JsonSchema => z.toJSONSchema(schema) as JsonSchema;

/** Every JSON that goes in or comes out, by the name that `zkferry schema NAME` takes. One line adds one. */
export const SCHEMAS: Readonly<Record<string, () => JsonSchema>> = {
  config: configJsonSchema,
  input: configJsonSchema,
  status: of(statusSchema),
  plan: of(planSchema),
  preflight: of(preflightSchema),
  validate: of(validateSchema),
  doctor: of(doctorSchema),
  'doctor-temporal': of(doctorTemporalSchema),
  init: of(initSchema),
  start: of(startSchema),
  message: of(messageSchema),
  lab: of(labSchema),
  'lab-down': of(labDownSchema),
  'lab-judge': of(watchedSchema),
  report: reportJsonSchema,
  bundle: of(bundleSchema),
};
