import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../../lab/repository-root.js';

/** What `npm test` does with these test files, each in a process of its own: its last words. */
function lastWords(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'zkferry-again-'));
  try {
    const paths = Object.entries(files).map(([name, text]) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    });
    const part = (name: string): string => JSON.stringify(join(repositoryRoot(), 'scripts/test', name));
    const script = `
      import { runMocha } from ${part('run-mocha.mjs')};
      import { failuresAgain } from ${part('failures.mjs')};
      const failures = [];
      for (const file of ${JSON.stringify(paths)}) {
        const result = await runMocha({
          root: ${JSON.stringify(repositoryRoot())}, tier: 't', files: [file], scratch: ${JSON.stringify(folder)},
        });
        failures.push(...result.failures);
      }
      console.log('LAST' + failuresAgain(failures));`;
    const arguments_ = ['--input-type=module', '--eval', script];
    const { stdout, stderr } = spawnSync(process.execPath, arguments_, { encoding: 'utf8' });
    return stdout.split('LAST')[1] ?? `nothing was said: ${stdout}${stderr}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('what failed, told once more at the end', function () {
  this.timeout(60_000);

  it('has title, message, difference and stack of every failure, of a process that died too', () => {
    const said = lastWords({
      'one.cjs': `const assert = require('node:assert/strict');
        describe('a group', () => {
          it('goes well', () => {});
          it('compares', () => assert.deepEqual({ found: 'this' }, { found: 'that' }));
          it('says why', () => { throw new Error('the reason'); });
        });`,
      'two.cjs': `it('goes wrong first', () => { throw new Error('before the end'); });
        it('dies', () => process.kill(process.pid, 'SIGKILL'));`,
      'three.cjs': `it('goes well', () => {});`,
    });
    const order = ['one.cjs', 'a group', 'compares', 'says why', 'the reason', 'two.cjs', 'before the end', 'SIGKILL'];
    const places = order.map((words) => said.indexOf(words));
    assert.ok(!places.includes(-1), said);
    assert.deepEqual(
      places,
      [...places].sort((a, b) => a - b),
      said,
    );
    for (const words of [`-  "found": "this"`, `+  "found": "that"`, 'one.cjs:5:'])
      assert.ok(said.includes(words), `no ${words} in ${said}`);
    assert.doesNotMatch(said, /goes well|three\.cjs/);
  });

  it('shortens what is too long, and keeps its beginning and its stack', () => {
    const said = lastWords({ 'one.cjs': `it('is long', () => { throw new Error('begins ' + 'x'.repeat(50_000)); });` });
    assert.match(said, /begins x{100,}\n… \d+ characters left out …\n/);
    assert.match(said, /one\.cjs:1:/);
    assert.ok(said.length < 7_000, `${said.length} characters`);
  });

  it('says nothing where nothing failed', () => {
    assert.equal(lastWords({ 'one.cjs': `it('goes well', () => {});` }).trim(), '');
  });
});
