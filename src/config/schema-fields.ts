import { z } from 'zod';
import { DURATION_PATTERN } from './duration.js';

/** Fields that occur in more than one part of the schema. */
export const text = (description: string) => z.string().min(1, 'must not be empty').meta({ description });

export const duration = (description: string, fallback?: string) =>
  z
    .string({ error: 'must be a duration with its unit, such as 75s, 10m or 500ms' })
    .regex(DURATION_PATTERN, 'must be a duration with its unit, such as 75s, 10m or 500ms')
    .meta(fallback === undefined ? { description } : { description, default: fallback });

export const reference = (description: string) =>
  z
    .string()
    .regex(
      /^(file:.+|env:[A-Za-z_][A-Za-z0-9_]*)$/,
      'must be a reference, file:PATH or env:NAME; a secret has no place in this file',
    )
    .meta({ description });
