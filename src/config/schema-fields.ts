import { z } from 'zod';
import { DURATION_PATTERN } from './duration.js';

// Fields that occur in more than one part of the schema. An example is needed where there is no default: the
// reference in docs/ shows one for every key.

function meta(description: string, example?: string) {
  return example === undefined ? { description } : { description, examples: [example] };
}

export const text = (description: string, example?: string) =>
  z.string().min(1, 'must not be empty').meta(meta(description, example));

export const duration = (description: string, fallback?: string, example?: string) =>
  z
    .string({ error: 'must be a duration with its unit, such as 75s, 10m or 500ms' })
    .regex(DURATION_PATTERN, 'must be a duration with its unit, such as 75s, 10m or 500ms')
    .meta({ ...meta(description, example), ...(fallback === undefined ? {} : { default: fallback }) });

export const reference = (description: string, example: string) =>
  z
    .string()
    .regex(
      /^(file:.+|env:[A-Za-z_][A-Za-z0-9_]*)$/,
      'must be a reference, file:PATH or env:NAME; a secret has no place in this file',
    )
    .meta(meta(description, example));
