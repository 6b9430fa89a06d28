import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../lab/repository-root.js';

interface Proof {
  readonly file: string;
  readonly title: string;
}

/** Titles of a test file as patterns: what a template fills in may be anything. */
function titlesOf(file: string): RegExp[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/\bit\(\s*(['"`])((?:\\.|(?!\1).)+)\1/g)].map(([, , title = '']) => {
    const parts = title.replaceAll(/\\(.)/g, '$1').split(/\$\{[^}]*\}/);
    return new RegExp(`^${parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.+')}$`);
  });
}

describe('the page of what-if questions', () => {
  const root = repositoryRoot();
  const page = readFileSync(join(root, 'docs/what-if.md'), 'utf8');
  const proofs: Proof[] = [...page.matchAll(/^- `(test\/[^`]+)`: (.+)$/gm)].map(([, file = '', title = '']) => ({
    file,
    title,
  }));

  it('names only tests that are there', () => {
    const missing = proofs.filter(
      ({ file, title }) =>
        !existsSync(join(root, file)) || !titlesOf(join(root, file)).some((pattern) => pattern.test(title)),
    );
    assert.deepEqual(missing, []);
    assert.ok(proofs.length > 40, `${String(proofs.length)} proofs were read`);
  });

  it('gives each answer a test, or says that none proves it yet', () => {
    const questions = page.split(/^(?=\*\*)/m).slice(1);
    const bare = questions.filter((text) => !text.includes('\n- `test/') && !/[Nn]ot yet proved by a test/.test(text));
    assert.deepEqual(bare, []);
  });
});
