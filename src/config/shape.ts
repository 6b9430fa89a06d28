import { z } from 'zod';
import { suggest } from '../domain/suggest.js';
import type { Problem } from './problem.js';
import { configSchema } from './schema.js';

/** The JSON Schema (draft 2020-12) of `cluster.yaml` and of the workflow's input. */
export function configJsonSchema(): JsonSchema {
  return z.toJSONSchema(configSchema, { io: 'input' }) as JsonSchema;
}

export interface JsonSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly [keyword: string]: unknown;
}

/** Everything in which a value differs from the schema. No message repeats a value. */
export function shapeProblems(value: unknown): Problem[] {
  const result = configSchema.safeParse(value);
  if (result.success) return [];
  const schema = configJsonSchema();
  return result.error.issues.flatMap((issue) => {
    const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
    if (issue.code === 'unrecognized_keys') {
      const known = Object.keys(schemaAt(schema, path)?.properties ?? {});
      return issue.keys.map((key) => unknownKey([...path, key], key, known));
    }
    const found = valueAt(value, path);
    if (issue.code === 'invalid_value') return [wrongChoice(path, issue.values.map(String), found)];
    if (found === undefined) return [{ path, message: 'is missing' }];
    if (issue.code === 'invalid_type') return [wrongType(path, issue.expected, issue.message, found)];
    return [{ path, message: issue.message }];
  });
}

function unknownKey(path: Problem['path'], key: string, known: readonly string[]): Problem {
  const near = suggest(key, known);
  const message = `unknown key ${JSON.stringify(key)}`;
  return near === null
    ? { path, message, suggestion: `known here: ${known.join(', ')}`, atKey: true }
    : { path, message, suggestion: `did you mean ${near}?`, atKey: true };
}

function wrongChoice(path: Problem['path'], choices: readonly string[], found: unknown): Problem {
  if (found === undefined) return { path, message: 'is missing', suggestion: `one of: ${choices.join(', ')}` };
  const near = typeof found === 'string' ? suggest(found, choices) : null;
  const message = `must be ${choices.length === 1 ? '' : 'one of '}${choices.join(', ')}`;
  return near === null ? { path, message } : { path, message, suggestion: `did you mean ${near}?` };
}

function wrongType(path: Problem['path'], expected: string, message: string, found: unknown): Problem {
  if (found === null) return { path, message: 'is empty', suggestion: 'give it a value, or remove the key' };
  if (!message.startsWith('Invalid input')) return { path, message };
  const names: Readonly<Record<string, string>> = {
    array: 'a list',
    object: 'a mapping',
    record: 'a mapping',
    int: 'a whole number',
  };
  const wanted = names[expected] ?? (expected === 'boolean' ? 'true or false' : `a ${expected}`);
  const isYesNo = expected === 'boolean' && typeof found === 'string' && /^(yes|no|on|off)$/i.test(found);
  return {
    path,
    message: `must be ${wanted}`,
    ...(isYesNo ? { suggestion: `write ${/^(yes|on)$/i.test(found) ? 'true' : 'false'}` } : {}),
  };
}

function valueAt(value: unknown, path: Problem['path']): unknown {
  return path.reduce<unknown>((at, part) => {
    return typeof at === 'object' && at !== null ? (at as Record<string | number, unknown>)[part] : undefined;
  }, value);
}

function schemaAt(schema: JsonSchema, path: Problem['path']): JsonSchema | undefined {
  return path.reduce<JsonSchema | undefined>((at, part) => {
    const here = at?.anyOf?.find(({ type }) => type === 'object' || type === 'array') ?? at;
    if (typeof part === 'number') return here?.items;
    const { properties, additionalProperties } = here ?? {};
    return properties?.[part] ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined);
  }, schema);
}
