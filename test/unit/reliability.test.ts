import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CRASH_RECORD, readCrashRecords } from '../../lab/campaign/crash-record.js';
import { foundBugs } from '../../lab/campaign/found-bugs.js';
import { RecordFile } from '../../lab/campaign/record-file.js';
import { reliabilityPage } from '../../lab/campaign/reliability.js';
import { repositoryRoot } from '../../lab/repository-root.js';

describe('the published record of reliability', () => {
  const read = (path: string) => readFileSync(join(repositoryRoot(), path), 'utf8');

  it('is what docs/reliability.md shows: npm run docs writes it', () => {
    const records = new RecordFile(join(repositoryRoot(), 'test/long/campaign-record.jsonl')).read();
    assert.equal(
      read('docs/reliability.md'),
      reliabilityPage(records, readCrashRecords(join(repositoryRoot(), CRASH_RECORD))),
    );
  });

  for (const { symptom, test } of foundBugs) {
    it(`names a test that is there: ${symptom}`, () => {
      const [path = '', title = ''] = test.split(' › ');
      const text = read(path);
      // Titles with a parameter end before it.
      assert.ok(text.includes(title), `${path} has no test "${title}"`);
    });
  }
});
