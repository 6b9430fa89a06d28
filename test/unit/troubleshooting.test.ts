import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../lab/repository-root.js';
import { readPage } from '../docs/markdown.js';

const root = repositoryRoot();
const sources = ['src', 'workflows', 'activities', 'lab']
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  )
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(join(root, file), 'utf8'));

/** A code that code gives to a failure or an incident; comments name codes without quotes. */
const inCode = new Set(
  sources.flatMap((text) => [...text.matchAll(/'(FERRY_[A-Z_]+)'/g)].map(([, code = '']) => code)),
);

describe('the page on troubleshooting', () => {
  const page = readPage('docs/troubleshooting.md').text;
  const rows = [...page.matchAll(/^\| ((?:`FERRY_[A-Z_]+`(?:, )?)+) \| (.+?) \|/gm)].flatMap(
    ([, codes = '', message = '']) => [...codes.matchAll(/`([A-Z_]+)`/g)].map(([, code = '']) => ({ code, message })),
  );

  it('has every code that anything may fail with, once, and no other', () => {
    assert.deepEqual(rows.map(({ code }) => code).sort(), [...inCode].sort());
  });

  it('quotes messages as the code words them', () => {
    // Templates may be broken over lines, and quote in their own way.
    const worded = sources.map((text) => text.replaceAll(/['`] \+\s+['`]/g, '').replaceAll("\\'", "'")).join('\n');
    const quoted = rows.filter(({ message }) => message.includes('…'));
    const wrong = quoted.flatMap(({ code, message }) =>
      message
        .split(/…|; /)
        .map((part) =>
          part
            .trim()
            .replace(/^[(),:] */, '')
            .replace(/[(),:]$/, ''),
        )
        .filter((part) => part.length > 3 && !worded.includes(part))
        .map((part) => `${code}: ${part}`),
    );
    assert.deepEqual(wrong, []);
    assert.ok(quoted.length > 40, `${String(quoted.length)} messages were read`);
  });
});
