import { parse } from 'yaml';
import { DURATION_PATTERN } from '../config/duration.js';
import { configJsonSchema, type JsonSchema } from '../config/shape.js';
import { SAMPLE_CONFIG } from './sample-config.js';

const INTRODUCTION = `<!-- Made by npm run docs from src/config/schema.ts. Do not edit. -->

# Configuration

One file, \`cluster.yaml\`, describes the cluster and the way it moves; the workflow's input is the same as JSON.
\`zkferry init\` writes a commented one with a schema for editors beside it, \`zkferry validate\` names every mistake by line
and column, also what the tables cannot say: rules between keys. An unknown key is a mistake.

A *duration* carries its unit: \`500ms\`, \`75s\`, \`10m\`, \`2h\`. A *reference* says where a secret is, \`file:PATH\` or
\`env:NAME\`, as the worker sees it; the secret itself never goes in. \`key[]\` is each entry of a list, \`key.*\` each value
of a mapping. Where several places take the same keys, they share a table; which default holds in which is told there.
`;

/** One key of the configuration. */
export interface ConfigKey {
  readonly key: string;
  /** Without the alternative `null`, which means the same as leaving the key out. */
  readonly schema: JsonSchema;
  readonly required: boolean;
  /** A value that the schema takes, as JSON. */
  readonly example: unknown;
}

/** The keys of one mapping, and every place in the configuration that takes the same. */
export interface ConfigTable {
  readonly places: readonly string[];
  readonly keys: readonly ConfigKey[];
}

/** docs/configuration.md, as the schema has it. */
export function configurationPage(): string {
  const sections = configTables().map(({ places, keys }) =>
    [
      `## ${places.map((place) => (place === '' ? 'The file' : `\`${place}\``)).join(', ')}`,
      '',
      '| key | type | default | what it is for | example |',
      '| --- | --- | --- | --- | --- |',
      ...keys.map(row),
      '',
    ].join('\n'),
  );
  return [INTRODUCTION, ...sections].join('\n');
}

export function configTables(): ConfigTable[] {
  const tables = new Map<string, { places: string[]; keys: ConfigKey[] }>();
  const visit = (schema: JsonSchema, place: string, samples: readonly unknown[]): void => {
    const { properties, items, additionalProperties, required } = schema;
    if (items !== undefined) visit(bare(items), `${place}[]`, samples.flat());
    if (typeof additionalProperties === 'object') visit(bare(additionalProperties), `${place}.*`, []);
    if (properties === undefined) return;
    const identity = JSON.stringify([properties, required]);
    const table = tables.get(identity);
    if (table === undefined) {
      const keys = Object.entries(properties).map(([key, value]) => {
        const found = bare(value);
        const isRequired = Array.isArray(required) && required.includes(key);
        return { key, schema: found, required: isRequired, example: exampleOf(found, below(samples, key)) };
      });
      tables.set(identity, { places: [place], keys });
    } else table.places.push(place);
    for (const [key, value] of Object.entries(properties)) {
      visit(bare(value), place === '' ? key : `${place}.${key}`, below(samples, key));
    }
  };
  visit(configJsonSchema(), '', [parse(SAMPLE_CONFIG)]);
  return [...tables.values()];
}

function bare(schema: JsonSchema): JsonSchema {
  const { anyOf, ...rest } = schema;
  return anyOf === undefined ? schema : { ...anyOf.find(({ type }) => type !== 'null'), ...rest };
}

function below(samples: readonly unknown[], key: string): unknown[] {
  return samples
    .map((sample) => (sample as Record<string, unknown> | null)?.[key])
    .filter((value) => value !== undefined);
}

/** What the schema names as one, else what `zkferry init` writes, else the default or the first choice. */
function exampleOf(schema: JsonSchema, [sample]: readonly unknown[]): unknown {
  const { examples, enum: choices, default: fallback } = schema;
  if (Array.isArray(examples)) return examples[0];
  if (Array.isArray(choices)) return sample ?? choices[0];
  return sample ?? fallback;
}

function row({ key, schema, required, example }: ConfigKey): string {
  const { default: fallback, description } = schema;
  const isNested = schema.properties !== undefined || schema.items?.properties !== undefined;
  const cells = [
    `\`${key}\``,
    typeOf(schema),
    required ? '**required**' : fallback === undefined ? '–' : code(fallback),
    typeof description === 'string' ? description : '',
    isNested ? 'see its table' : `\`${key}: ${JSON.stringify(example)}\``,
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function typeOf(schema: JsonSchema): string {
  const { type, pattern, enum: choices, items, additionalProperties } = schema;
  if (Array.isArray(choices)) return choices.map((choice) => `\`${String(choice)}\``).join(' or ');
  if (items !== undefined) return `list of ${items.properties === undefined ? `${typeOf(bare(items))}s` : 'mappings'}`;
  if (typeof additionalProperties === 'object') return `mapping to ${typeOf(bare(additionalProperties))}`;
  if (pattern === DURATION_PATTERN.source) return 'duration';
  if (typeof pattern === 'string' && pattern.startsWith('^(file:.+|env:')) return 'reference';
  if (type === 'boolean') return '`true` or `false`';
  if (type === 'integer' || type === 'number')
    return `${type === 'integer' ? 'whole number' : 'number'}${range(schema)}`;
  return type === 'object' ? 'mapping' : 'string';
}

function range({ minimum, exclusiveMinimum, maximum }: JsonSchema): string {
  const bound = (word: string, value: unknown): string =>
    value === undefined ? '' : ` ${word} ${JSON.stringify(value)}`;
  // Zod gives whole numbers the largest that a double holds exactly; nobody needs to read that.
  const highest = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  return bound('from', minimum) + bound('above', exclusiveMinimum) + bound('to', highest);
}

function code(value: unknown): string {
  return value === '' ? 'empty' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}
