import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import type { Migration } from '../../lab/stage/migration.js';
import type { Report } from '../../src/domain/report.js';
import { pictureFile, skipWithoutChromium, startChromium } from '../browser/chromium.js';
import { openPage, showsWhatTheJsonSays } from '../browser/opened-report.js';
import { DualLab } from '../e2e/dual-lab.js';
import { ObserversLab } from '../e2e/observers-lab.js';
import { zkferry } from '../cli/zkferry.js';

/** Reports of migrations that really happened, with what the lab's watchers saw, in a real browser. */
describe('the report of a live lab, opened in Chromium,', function () {
  this.timeout(600_000);
  let browser: Browser;

  before(async function () {
    const started = await startChromium();
    if (started === null) return skipWithoutChromium(this);
    browser = started;
  });
  after(() => browser?.close());

  for (const strategy of ['observers', 'dual-publishing'] as const) {
    it(`tells of a migration by ${strategy} that was rolled back from the window, and of one that arrived`, async () => {
      const lab = strategy === 'observers' ? await ObserversLab.start() : await DualLab.start();
      try {
        const undone = await rolledBackFromWindow(await lab.atCutOver());
        const arrived = await lab.atCutOver();
        await arrived.approve('cut-over', 'ann');
        await lab.completes(arrived);
        await lab.judged();
        const last = (await arrived.handle.describe()).runId;
        for (const [outcome, run] of [
          ['rolled-back', undone],
          ['migrated', last],
        ] as const) {
          await shown(lab, `${strategy}-${outcome}`, outcome, run);
        }
      } finally {
        await lab.stop();
      }
    });
  }

  /** @returns its run id */
  async function rolledBackFromWindow(migration: Migration): Promise<string> {
    const { runId } = await migration.handle.describe();
    await migration.approve('cut-over', 'ann');
    await migration.until((s) => (s.window?.openedAt ?? null) !== null);
    await migration.say('rollback', { by: 'ann' });
    assert.equal((await migration.result()).state, 'rolled-back');
    return runId;
  }

  async function shown({ dir, stage }: DualLab | ObserversLab, name: string, outcome: string, run: string) {
    const env = { TEMPORAL_ADDRESS: stage.temporal.address };
    const verdicts = join(dir, 'verdicts.json');
    const judged = await zkferry(['lab', 'judge', '--dir', stage.lab.json.dir, '--json']);
    await writeFile(verdicts, judged.stdout);
    const html = join(dir, `${name}.html`);
    const words = ['report', stage.lab.json.cluster, '--run', run, '--verdicts', verdicts, '--html', html, '--json'];
    const { code, stdout, stderr } = await zkferry(words, env);
    assert.equal(code, 0, stderr);
    const report = JSON.parse(stdout) as Report;
    assert.equal(report.outcome, outcome);
    assert.equal(report.run?.runId, run);
    assert.ok(
      (report.seen?.leaders.length ?? 0) > 1 && (report.seen?.agents.length ?? 0) > 1,
      'no series of the watchers',
    );
    const opened = await openPage(browser, dir, await readFile(html, 'utf8'));
    const picture = pictureFile(`live-report-${name}`);
    await opened.page.screenshot({ path: picture, fullPage: true });
    await showsWhatTheJsonSays(opened, report, name);
    // Kept beside its picture, for whoever looks at it.
    copyFileSync(html, picture.replace(/png$/, 'html'));
  }
});
