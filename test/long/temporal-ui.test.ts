import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { judgeLab } from '../../lab/judge-lab.js';
import { Stage } from '../../lab/stage/stage.js';
import { skipWithoutChromium, startChromium, VIEWPORT } from '../browser/chromium.js';
import { TemporalUi } from '../browser/temporal-ui.js';
import { zkferry } from './zkferry-cli.js';

/** docs/temporal-ui.md on a live lab; `ZKFERRY_CAPTURES=1` renews the pictures that it shows. */
describe('a live lab, migrated from the Temporal UI alone', function () {
  this.timeout(8 * 60_000);
  let browser: Browser;
  let dir: string;
  let stage: Stage;

  before(async function () {
    const started = await startChromium();
    if (started === null) return skipWithoutChromium(this);
    browser = started;
    dir = mkdtempSync(join(tmpdir(), 'zkb-'));
    stage = await Stage.start({ dir, agents: 3, ui: true });
  });

  after(async () => {
    await browser?.close();
    await stage?.stop();
    if (dir) rmSync(dir, { recursive: true, force: true });
  });

  it('ends migrated, with every promise kept', async () => {
    const { stdout } = await zkferry(['input', stage.lab.clusterFile]);
    const input = join(dir, 'input.json');
    writeFileSync(input, stdout);
    const page = await browser.newPage({ viewport: VIEWPORT });
    const origin = `http://127.0.0.1:${String(stage.temporal.uiPort)}`;
    await new TemporalUi(page, origin, `zkferry-${stage.lab.json.cluster}`, 180_000).migrate(input);
    assert.equal((await stage.migration().result()).state, 'migrated');
    const seen = await judgeLab(stage.lab.refresh());
    assert.ok(seen.passed, seen.reasons.join('; '));
  });
});
