import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { isMap, isPair, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import type { ClusterConfig } from '../domain/config.js';
import { checkConfig } from './check.js';
import { pathText, type Problem } from './problem.js';
import type { RawConfig } from './schema.js';

/** One thing wrong in a config file; line and column count from 1. */
export interface ConfigFault {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly message: string;
  readonly suggestion?: string;
}

export type LoadedConfig =
  | {
      readonly ok: true;
      readonly config: ClusterConfig;
      /** As written, but with absolute paths: the workflow's input. */
      readonly raw: RawConfig;
    }
  | { readonly ok: false; readonly errors: readonly ConfigFault[] };

/** Reads a `cluster.yaml` (JSON is YAML, too). Never throws for what a person wrote; all errors at once. */
export async function loadConfig(file: string): Promise<LoadedConfig> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    const reason = code === 'ENOENT' ? 'there is no such file' : `the file cannot be read (${code})`;
    return { ok: false, errors: [{ file, line: 1, column: 1, path: pathText([]), message: reason }] };
  }
  return parseConfig(text, file);
}

/** As `loadConfig`, for a text already read; `file` names it in errors and is where relative paths start. */
export function parseConfig(text: string, file: string): LoadedConfig {
  const lines = new LineCounter();
  // prettyErrors would quote the source, and with it a secret written by mistake.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const at = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  if (document.errors.length > 0) {
    const errors = document.errors.map(({ pos, message }) => {
      return { file, ...at(pos[0]), path: pathText([]), message: `YAML: ${unquoted(message)}` };
    });
    return { ok: false, errors };
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch {
    return {
      ok: false,
      errors: [{ file, line: 1, column: 1, path: pathText([]), message: 'YAML: aliases cannot be resolved' }],
    };
  }
  const checked = checkConfig(value, dirname(resolve(file)));
  if (checked.ok) return { ok: true, config: checked.config, raw: checked.raw };
  const errors = checked.problems.map((problem): ConfigFault => {
    const { path, message, suggestion } = problem;
    const place = at(offsetOf(document, problem));
    return { file, ...place, path: pathText(path), message, ...(suggestion === undefined ? {} : { suggestion }) };
  });
  return { ok: false, errors: errors.sort((a, b) => a.line - b.line || a.column - b.column) };
}

/** Some messages quote the source behind a colon or a backslash, and it may be a secret; line and column show the place. */
function unquoted(message: string): string {
  return message.replace(/(?:: |\s\\)[\s\S]*$/, '');
}

/** Where a problem's value stands, else its key, else the nearest thing around it. */
function offsetOf(document: Document.Parsed, { path, atKey }: Problem): number {
  for (let length = path.length; length > 0; length -= 1) {
    const parent = document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    if (isMap(parent)) {
      const pair = parent.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === key);
      const keyRange = isScalar(pair?.key) ? pair.key.range : undefined;
      const valueRange = rangeOf(pair?.value);
      const range = (atKey === true || length < path.length ? keyRange : valueRange) ?? keyRange;
      if (range) return range[0];
    } else {
      const range = rangeOf(document.getIn(path.slice(0, length), true));
      if (range) return range[0];
    }
  }
  return document.contents?.range[0] ?? 0;
}

function rangeOf(node: unknown): readonly [number, ...unknown[]] | undefined {
  const range = (node as { range?: readonly [number, number, number] | null } | null | undefined)?.range;
  return range ?? undefined;
}
