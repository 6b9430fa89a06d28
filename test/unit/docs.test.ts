import { Ajv2020 } from 'ajv/dist/2020.js';
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { parse } from 'yaml';
import { repositoryRoot } from '../../lab/repository-root.js';
import { parseInput } from '../../src/config/parse-input.js';
import { configJsonSchema, type JsonSchema } from '../../src/config/shape.js';
import { CATALOGUE } from '../../src/domain/preflight/catalogue/index.js';
import { currentPages, markdownPages, wrongIn } from '../docs/markdown.js';
import { commandsOf } from '../docs/shell-commands.js';

const root = repositoryRoot();
const pages = markdownPages();
const current = currentPages();

describe('the documents', () => {
  it('link only to files and headings that are there', () => {
    const wrong = wrongIn(pages, ({ path, links, anchors }) =>
      links.filter((link) => {
        if (/^[a-z]+:/.test(link)) return false;
        const [target = '', anchor] = link.split('#');
        const file = target === '' ? path : normalize(join(dirname(path), target));
        if (!existsSync(join(root, file))) return true;
        const known = target === '' ? anchors : pages.find((page) => page.path === file)?.anchors;
        return anchor !== undefined && known?.has(anchor) !== true;
      }),
    );
    assert.deepEqual(wrong, []);
  });

  it('show only pictures that are there, small, and told in words; and there is no other', () => {
    const shown = pages.flatMap(({ path, images }) =>
      images.map(({ alt, target }) => ({ file: normalize(join(dirname(path), target)), alt })),
    );
    for (const { file, alt } of shown) {
      assert.ok(alt.split(' ').length > 5, `${file}: what does it show?`);
      const picture = readFileSync(join(root, file));
      assert.equal(picture.toString('latin1', 1, 4), 'PNG', file);
      assert.ok(picture.length < 200_000, `${file}: ${String(picture.length)} bytes`);
      assert.ok(picture.readUInt32BE(16) <= 1280, `${file} is wider than a page`);
    }
    assert.deepEqual(filesBelow('docs/images').sort(), [...new Set(shown.map(({ file }) => file))].sort());
  });

  it('name only files that are there', () => {
    const ours = /^(src|workflows|activities|lab|test|docs|deploy|scripts|bin)\/[\w./*-]+$/;
    const isThere = (path: string): boolean => {
      if (!path.includes('*')) return existsSync(join(root, path));
      const pattern = new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\*+/g, '.*')}$`);
      return filesBelow(path.split('/')[0] ?? '').some((file) => pattern.test(file));
    };
    assert.deepEqual(
      wrongIn(current, ({ inline }) => inline.filter((span) => ours.test(span) && !isThere(span))),
      [],
    );
  });

  it('name only scripts of package.json, and parts of the tests that choose some', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
    const tests = filesBelow('test').filter((file) => file.endsWith('.test.ts'));
    const wrong = wrongIn(current, ({ text, blocks }) => [
      ...[...text.matchAll(/npm run ([a-z][\w:-]*)/g)]
        .map(([, name = '']) => name)
        .filter((name) => !(name in scripts)),
      ...blocks
        .flatMap((block) => commandsOf('npm', block.text))
        .filter(([, verb, dashes, word]) => verb === 'test' && dashes === '--' && word !== undefined)
        .filter(([, , , word = '']) => !tests.some((test) => test.includes(word)))
        .map((words) => words.join(' ')),
    ]);
    assert.deepEqual(wrong, []);
  });

  it('name only checks that preflight makes', () => {
    const faq = pages.find(({ path }) => path === 'docs/faq.md')?.text ?? '';
    const named = [...faq.matchAll(/\((`[a-z]+-[a-z-]+`(?:, `[a-z]+-[a-z-]+`)*)\)/g)].flatMap(([, ids = '']) =>
      [...ids.matchAll(/[a-z-]+/g)].map(([id]) => id),
    );
    assert.deepEqual(
      named.filter((id) => !(id in CATALOGUE)),
      [],
    );
    assert.ok(named.length > 5);
  });

  it('show configuration that validates, whole or in part', () => {
    const validate = new Ajv2020({ strict: false }).compile(withoutRequired(configJsonSchema()));
    const known = Object.keys(configJsonSchema().properties ?? {});
    const wrong = wrongIn(current, ({ blocks }) =>
      blocks
        .filter(({ language }) => language === 'yaml')
        .flatMap(({ text, line }) => {
          const value = parse(text) as Record<string, unknown> | null;
          const isOurs =
            /^# .*cluster\.yaml/.test(text) || Object.keys(value ?? {}).every((key) => known.includes(key));
          if (!isOurs) return [];
          if (value !== null && 'ssh' in value && 'cluster' in value) {
            const verdict = parseInput(value);
            return verdict.ok ? [] : [`${String(line)}: ${JSON.stringify(verdict.errors)}`];
          }
          return validate(value) ? [] : [`${String(line)}: ${JSON.stringify(validate.errors)}`];
        }),
    );
    assert.deepEqual(wrong, []);
  });
});

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file));
}

function withoutRequired(schema: JsonSchema): JsonSchema {
  const strip = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(strip);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).filter(([key, inner]) => key !== 'required' || !Array.isArray(inner));
    return Object.fromEntries(entries.map(([key, inner]) => [key, strip(inner)]));
  };
  return strip(schema) as JsonSchema;
}
