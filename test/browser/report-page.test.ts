import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import type { Report } from '../../src/domain/report.js';
import { reportPage } from '../../src/report/page.js';
import { recordedReport, watchedReports } from '../fakes/recorded-reports.js';
import { withEveryText } from '../fakes/report-html.js';
import { pictureFile, skipWithoutChromium, startChromium } from './chromium.js';
import { evaluated, type Look, type OpenedPage, openPage, showsWhatTheJsonSays } from './opened-report.js';

const RECORDED = ['migrated', 'turned-back', 'dual-migrated', 'dual-rolled-back-after-the-window'];
const LOOKS = [
  { colorScheme: 'light', width: 1200 },
  { colorScheme: 'dark', width: 1200 },
  { colorScheme: 'light', width: 390 },
  { colorScheme: 'dark', width: 390 },
] as const satisfies readonly Look[];

describe('the report’s page in Chromium', function () {
  this.timeout(120_000);
  let browser: Browser;
  let folder: string;
  const reports: { name: string; report: Report }[] = [];

  before(async function () {
    const started = await startChromium();
    if (started === null) return skipWithoutChromium(this);
    browser = started;
    folder = mkdtempSync(join(tmpdir(), 'zkferry-report-'));
    for (const name of RECORDED) reports.push({ name, report: await recordedReport(name) });
    reports.push(...watchedReports().map(({ name, report }) => ({ name: name.replace('.json', ''), report })));
  });

  after(async () => {
    await browser?.close();
    if (folder) rmSync(folder, { recursive: true });
  });

  const open = (html: string, look: Look = LOOKS[0]): Promise<OpenedPage> => openPage(browser, folder, html, look);

  it('shows figures equal to the JSON, without a console message, an error or a request', async () => {
    for (const { name, report } of reports) {
      await showsWhatTheJsonSays(await open(reportPage(report)), report, name);
    }
  });

  it('fits wide and narrow screens, light and dark, and nothing drawn has no colour', async () => {
    for (const { name, report } of reports.slice(-3)) {
      for (const look of LOOKS) {
        const { page, said } = await open(reportPage(report), look);
        const over = await evaluated<number>(
          page,
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        );
        assert.equal(over, 0, `${name} at ${look.width} px`);
        const paper = await evaluated<string>(page, 'getComputedStyle(document.body).backgroundColor');
        assert.equal(paper, look.colorScheme === 'dark' ? 'rgb(20, 24, 31)' : 'rgb(255, 255, 255)');
        // What no style names is black, in both schemes.
        const black = await evaluated<string[]>(
          page,
          `[...document.querySelectorAll('svg rect')].filter((one) => getComputedStyle(one).fill === 'rgb(0, 0, 0)')
            .map((one) => one.getAttribute('class'))`,
        );
        assert.deepEqual(black, [], name);
        assert.deepEqual(said, [], name);
        await page.screenshot({
          path: pictureFile(`report-${name}-${look.colorScheme}-${look.width}`),
          fullPage: true,
        });
        await page.close();
      }
    }
  });

  it('draws each instant of the window as long as its share of the budget', async () => {
    for (const { name, report } of reports) {
      const milestones = report.window?.milestones ?? [];
      const longest = Math.max(...milestones.map(({ afterMs }) => afterMs));
      const { page } = await open(reportPage(report));
      const lanes = await evaluated<number[]>(
        page,
        `[...document.querySelector('#window figure').querySelectorAll('.lane')].map((lane) =>
          lane.querySelector('g rect:last-of-type').getBoundingClientRect().width / lane.getBoundingClientRect().width)`,
      );
      assert.equal(lanes.length, milestones.length, name);
      for (const [index, { afterMs }] of milestones.entries()) {
        assert.ok(Math.abs((lanes[index] ?? -1) - afterMs / longest) < 0.002, `${name} ${String(index)}`);
      }
      await page.close();
    }
  });

  it('prints light, with what is folded away on the screen, from a dark one, too', async () => {
    const { page } = await open(reportPage(await recordedReport('migrated')), LOOKS[1]);
    const heights = `[...document.querySelectorAll('.steps')].map((one) => one.offsetHeight)`;
    await page.emulateMedia({ media: 'print' });
    const shown = await evaluated<number[]>(page, heights);
    const track = await evaluated<string>(page, `getComputedStyle(document.querySelector('.track')).fill`);
    assert.equal(track, 'rgb(240, 242, 245)');
    await page.screenshot({ path: pictureFile('report-on-paper'), fullPage: true });
    assert.ok(shown.length > 5 && shown.every((height) => height > 10), String(shown));
    await page.close();
  });

  it('shows hostile names as the text they are', async () => {
    const hostile = `"><script>alert(1)</script><img src=https://example.org/x onerror=alert(2)>' onload='alert(3)'`;
    for (const { report } of reports.slice(0, 3)) {
      const { page, said } = await open(reportPage(withEveryText(report, hostile)));
      assert.equal(await page.locator('script, img, [onload], [onerror]').count(), 0);
      assert.ok((await page.innerText('body')).includes(hostile));
      assert.deepEqual(said, []);
      await page.close();
    }
  });
});
