import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { FrameLocator, Locator, Page } from 'playwright-core';
import type { GateName } from '../../src/domain/status.js';
import { pictureFile } from './chromium.js';

/** What a person sees in the UI is looked at again this often. */
const LOOK_AGAIN_MS = 500;

/** A person at Temporal's own UI, with nothing else. Each step leaves a picture. */
export class TemporalUi {
  /** Where Temporal's UI is, and the workflow of one migration in it. */
  constructor(
    private readonly page: Page,
    private readonly origin: string,
    private readonly workflowId: string,
    private readonly patienceMs: number,
  ) {
    page.setDefaultTimeout(patienceMs);
  }

  /** Starts, is refused once, approves every gate with what Current Details show, and sees it migrated. */
  async migrate(inputFile: string): Promise<void> {
    await this.start(inputFile);
    await this.currentDetails('approval of gate begin');
    assert.match(await this.approve('begin', '0'.repeat(64)), /plan 0+ is not the current one/);
    for (const gate of ['begin', 'cut-over', 'complete'] as const) {
      const details = await this.currentDetails(`approval of gate ${gate}`);
      assert.match(details, /awaiting-approval/);
      assert.match(details, /Critical window: budget [\d.]+ s/);
      assert.match(details, /zkferry approve .* --plan-hash [0-9a-f]{64} --by NAME/);
      assert.match(details, new RegExp(`^gate ${gate}\\t.*\\trunning$`, 'm'));
      await this.#picture(`gate-${gate}`);
      assert.equal(await this.approve(gate), 'Update successful');
    }
    assert.match(await this.currentDetails(': migrated'), /last agent after [\d.]+ s/);
    await this.#picture('migrated');
    await this.#open('history');
    await this.page.locator('main').getByText('Completed').first().waitFor();
    await this.page.getByText('"state": "migrated"').first().waitFor();
    await this.#picture('result');
  }

  /** *Start Workflow*, filled in as docs/temporal-ui.md says. */
  async start(inputFile: string): Promise<void> {
    const { page } = this;
    await page.goto(`${this.origin}/namespaces/default/workflows/start-workflow`);
    await page.getByTestId('workflowId').fill(this.workflowId);
    await page.getByTestId('taskQueue').fill('zkferry');
    await page.getByTestId('workflowType').fill('migrateCluster');
    await page.getByText('Task Queue is Active').waitFor();
    await page.locator('main input[type=file]').setInputFiles(inputFile);
    const { cluster } = JSON.parse(readFileSync(inputFile, 'utf8')) as { cluster: string };
    await page.getByText(`"${cluster}"`).first().waitFor();
    await this.#picture('start');
    await page.getByRole('button', { name: 'Start Workflow' }).click();
    await page.getByText('Workflow started successfully').waitFor();
  }

  /** Opens *User Metadata*, and presses R until Current Details say `wanted`. @returns all they say */
  async currentDetails(wanted: string): Promise<string> {
    await this.#open('user-metadata');
    const end = Date.now() + this.patienceMs;
    for (;;) {
      // Markdown is shown in a frame of its own.
      const text = await this.#rendered.locator('body').innerText();
      if (text.includes(wanted)) return text;
      assert.ok(Date.now() < end, `Current Details never said "${wanted}": ${text}`);
      await this.page.waitForTimeout(LOOK_AGAIN_MS);
      await this.page.keyboard.press('r');
    }
  }

  /**
   * *Send an Update* with the JSON that Current Details show for it, with a name in the place of NAME.
   * @returns what the UI answers
   */
  async approve(gate: GateName, planHash?: string): Promise<string> {
    const block = this.#rendered.locator('p:has(> code:text-is("approve")) + pre');
    const shown = JSON.parse(await block.innerText()) as Record<string, unknown>;
    assert.equal(shown['gate'], gate);
    const message = { ...shown, by: 'ann', ...(planHash === undefined ? {} : { planHash }) };
    return this.update('approve', JSON.stringify(message, null, 2));
  }

  async update(name: string, json: string): Promise<string> {
    const { page } = this;
    await page.getByRole('button', { name: 'More Actions' }).click();
    await page.getByTestId('update-button').locator('visible=true').click();
    const form = page.locator('dialog[open]');
    await form.getByRole('button', { name: 'Select an Update' }).click();
    await form.getByRole('option', { name }).first().click();
    await form.locator('[role=textbox][data-language=json]').click();
    await page.keyboard.insertText(json);
    await this.#picture(`update-${name}`);
    await form.getByRole('button', { name: 'Submit' }).click();
    const answer = page.getByText('Update successful').or(form.getByRole('alert'));
    await answer.first().waitFor();
    return this.#answer(answer.first(), form);
  }

  async #answer(answer: Locator, form: Locator): Promise<string> {
    const text = (await answer.innerText()).trim();
    if (await form.isVisible()) {
      await this.#picture('refused');
      await form.getByRole('button', { name: 'Cancel' }).last().click();
    }
    return text;
  }

  /** Markdown is shown in a frame of its own. */
  get #rendered(): FrameLocator {
    return this.page.frameLocator('iframe[src*="render?content="]');
  }

  async #open(tab: 'history' | 'user-metadata'): Promise<void> {
    const { page } = this;
    await page.goto(`${this.origin}/namespaces/default/workflows/${this.workflowId}`);
    await page.getByRole('tab', { name: tab === 'history' ? 'History' : 'User Metadata' }).click();
  }

  async #picture(name: string): Promise<void> {
    await this.page.screenshot({ path: pictureFile(`temporal-ui-${name}`) });
  }
}
