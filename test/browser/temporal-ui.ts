import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { FrameLocator, Locator, Page } from 'playwright-core';
import type { GateName } from '../../src/domain/status.js';
import { pictureFile, VIEWPORT } from './chromium.js';

/** How often R is pressed: each time the UI reads everything anew, the history, too. */
const LOOK_AGAIN_MS = 2_000;

/** A person at Temporal's own UI, with nothing else. Pictures of what is seen are kept. */
export class TemporalUi {
  /**
   * @param origin where the UI is
   * @param workflowId of the migration to start
   * @param patienceMs for whatever is waited for
   */
  constructor(
    private readonly page: Page,
    private readonly origin: string,
    private readonly workflowId: string,
    private readonly patienceMs: number,
  ) {
    page.setDefaultTimeout(patienceMs);
  }

  /** Starts a migration, is refused once, approves every gate with what Current Details show, and sees it migrated. */
  async migrate(inputFile: string): Promise<void> {
    try {
      await this.#migrate(inputFile);
    } catch (error) {
      await picture('failed', this.page);
      throw error;
    }
  }

  async #migrate(inputFile: string): Promise<void> {
    await this.fillStartForm(inputFile);
    assert.match(await this.start(), /Workflow started successfully/);
    await this.fillStartForm(inputFile);
    assert.match(await this.start(), /Workflow execution is already running/);
    await this.openDetails();
    await this.details('approval of gate begin');
    assert.match(await this.approve('begin', '0'.repeat(64)), /plan 0+ is not the current one/);
    for (const gate of ['begin', 'cut-over', 'complete'] as const) {
      const details = await this.details(`approval of gate ${gate}`);
      assert.match(details, /: awaiting-approval/);
      assert.match(details, /Critical window: budget [\d.]+ s/);
      assert.match(details, /zkferry approve .* --plan-hash [0-9a-f]{64} --by NAME/);
      assert.match(details, new RegExp(`^gate ${gate}\\t.*\\trunning$`, 'm'));
      await this.#showsAllPhases();
      await (gate === 'begin' ? picture(gate, this.page) : this.#detailsPicture(gate));
      assert.equal(await this.approve(gate), 'Update successful');
    }
    assert.match(await this.details(': migrated'), /last agent after [\d.]+ s/);
    await this.#detailsPicture('migrated');
    // What was open while it ended may show `null` as its result.
    await this.page.reload();
    await this.#tab('History');
    await this.page.locator('main').getByText('Completed', { exact: true }).first().waitFor();
    await this.page.locator('.cm-line', { hasText: '"state": "migrated"' }).filter({ visible: true }).first().waitFor();
    await picture('result', this.page);
  }

  /** *Start Workflow*, filled in as docs/temporal-ui.md says, with a slip of the pen at first. */
  async fillStartForm(inputFile: string): Promise<void> {
    const { page } = this;
    await page.goto(`${this.origin}/namespaces/default/workflows/start-workflow`);
    await page.getByTestId('workflowId').fill(this.workflowId);
    const queue = page.getByTestId('taskQueue');
    await queue.fill('zkfery');
    await queue.blur();
    await page.getByText('Task Queue is Inactive').waitFor();
    await queue.fill('zkferry');
    await page.getByTestId('workflowType').fill('migrateCluster');
    await page.getByText('Task Queue is Active').waitFor();
    await page.locator('main input[type=file]').setInputFiles(inputFile);
    const { cluster } = JSON.parse(readFileSync(inputFile, 'utf8')) as { cluster: string };
    await page.getByText(`"${cluster}"`).first().waitFor();
    await picture('start', page);
  }

  /** @returns what the UI answers */
  async start(): Promise<string> {
    const { page } = this;
    await page.getByRole('button', { name: 'Start Workflow' }).click();
    const answer = page.getByText(/Workflow started successfully|already running/).first();
    await answer.waitFor();
    return answer.innerText();
  }

  async openDetails(): Promise<void> {
    await this.page.goto(`${this.origin}/namespaces/default/workflows/${this.workflowId}`);
    await this.#tab('User Metadata');
  }

  /** Presses R until Current Details say `wanted`. @returns all they say */
  async details(wanted: string): Promise<string> {
    const end = Date.now() + this.patienceMs;
    for (;;) {
      // A worker that is short of time lets queries pile up, and the server refuses more: `429`.
      const refused = this.page.getByText('We are having technical difficulties');
      await this.#frame.or(refused).first().waitFor();
      if (await refused.isVisible()) await this.openDetails();
      const text = await this.#markdown.locator('body').innerText();
      if (text.includes(wanted)) return text;
      assert.ok(Date.now() < end, `Current Details never said "${wanted}": ${text}`);
      await this.page.waitForTimeout(LOOK_AGAIN_MS);
      await this.page.keyboard.press('r');
    }
  }

  /**
   * *Send an Update* with the JSON that Current Details show for it, and a name in the place of NAME.
   *
   * @param planHash another one than is shown
   * @returns what the UI answers
   */
  async approve(gate: GateName, planHash?: string): Promise<string> {
    const block = this.#markdown.locator('p:has(> code:text-is("approve")) + pre');
    const shown = JSON.parse(await block.innerText()) as Record<string, unknown>;
    assert.equal(shown['gate'], gate);
    const message = { ...shown, by: 'ann', ...(planHash === undefined ? {} : { planHash }) };
    return this.update('approve', JSON.stringify(message, null, 2));
  }

  /** @returns what the UI answers */
  async update(name: string, json: string): Promise<string> {
    const { page } = this;
    const said = page.getByRole('log').getByText('Update successful');
    await said.waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'More Actions' }).click();
    await page.getByTestId('update-button').locator('visible=true').click();
    const form = page.locator('dialog[open]');
    await form.getByRole('button', { name: 'Select an Update' }).click();
    await form.getByRole('option', { name }).first().click();
    await form.locator('[role=textbox][data-language=json]').click();
    await page.keyboard.insertText(json);
    await picture(name, form);
    await form.getByRole('button', { name: 'Submit' }).click();
    const refused = form.getByRole('alert');
    await said.or(refused).waitFor();
    const answer = await said.or(refused).innerText();
    if (await refused.isVisible()) {
      await picture('refused', form);
      await form.getByRole('button', { name: 'Cancel' }).last().click();
    }
    return answer;
  }

  /** The frame is lower than what it shows, and its last line cannot be seen: no phase may be there. */
  async #showsAllPhases(): Promise<void> {
    const [row, frame] = await Promise.all([
      this.#markdown.locator('tr').last().boundingBox(),
      this.#frame.boundingBox(),
    ]);
    assert.ok(row && frame && row.y + row.height <= frame.y + frame.height, JSON.stringify({ row, frame }));
  }

  /** Of all of them: the page around does not grow with what it scrolls. */
  async #detailsPicture(name: string): Promise<void> {
    await this.page.setViewportSize({ ...VIEWPORT, height: 2 * VIEWPORT.height });
    await picture(name, this.#frame);
    await this.page.setViewportSize(VIEWPORT);
  }

  async #tab(name: string): Promise<void> {
    await this.page.getByRole('tab', { name }).click();
  }

  /** Markdown is shown in a frame of its own. */
  get #frame(): Locator {
    return this.page.locator('iframe[src*="render?content="]');
  }

  get #markdown(): FrameLocator {
    return this.#frame.contentFrame();
  }
}

async function picture(name: string, of: Page | Locator): Promise<void> {
  await of.screenshot({ path: pictureFile(`temporal-ui-${name}`) });
}
