import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import type { Report } from '../../src/domain/report.js';
import { valueAt } from '../fakes/report-html.js';

export interface Look {
  readonly colorScheme: 'light' | 'dark';
  /** Pixels of CSS. */
  readonly width: number;
}

export interface OpenedPage {
  readonly page: Page;
  /** Whatever the browser had to say, and everything it asked for but the page itself. */
  readonly said: readonly string[];
}

/** Opens a report's page from a file in `folder`, as an operator does. */
export async function openPage(
  browser: Browser,
  folder: string,
  html: string,
  { colorScheme, width }: Look = { colorScheme: 'light', width: 1200 },
): Promise<OpenedPage> {
  const file = join(folder, 'report.html');
  writeFileSync(file, html);
  const url = pathToFileURL(file).href;
  const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
  const said: string[] = [];
  page.on('console', (message) => said.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => said.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => said.push(`dialog: ${dialog.message()}`));
  page.on('request', (request) => {
    if (request.url() !== url) said.push(`request: ${request.url()}`);
  });
  await page.goto(url);
  return { page, said };
}

/** Every figure on the page is the one of the JSON, and the browser had nothing to say; closes the page. */
export async function showsWhatTheJsonSays({ page, said }: OpenedPage, report: Report, name: string): Promise<void> {
  const shown = await evaluated<[string, number][]>(
    page,
    `[...document.querySelectorAll('data[data-field]')].map((one) => [one.dataset.field, Number(one.value)])`,
  );
  assert.ok(shown.length > 10, name);
  for (const [field, value] of shown) assert.equal(value, valueAt(report, field), `${name}: ${field}`);
  assert.deepEqual(said, [], name);
  await page.close();
}

/** As text, since the browser's names are not known here. */
export async function evaluated<T>(page: Page, expression: string): Promise<T> {
  return await page.evaluate(expression);
}
