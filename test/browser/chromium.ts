import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { repositoryRoot } from '../../lab/repository-root.js';

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** The distribution's Chromium, which talks to nobody but the pages it is given; null where it is not installed. */
export async function startChromium(): Promise<Browser | null> {
  if (!existsSync(executablePath)) return null;
  return await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      // Grey edges of letters instead of coloured ones: smaller pictures.
      '--disable-lcd-text',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** Skips what follows and says which package is missing. */
export function skipWithoutChromium(test: Mocha.Context): void {
  process.stdout.write(`  skipped: ${executablePath} is missing, install the package chromium\n`);
  test.skip();
}

/** Of pages whose pictures documents show. */
export const VIEWPORT = { width: 1280, height: 800 };

/** Where pictures of pages are kept for people to look at. `ZKFERRY_CAPTURES=1` renews those that documents show. */
export function pictureFile(name: string): string {
  const shown = join(repositoryRoot(), 'docs/images', `${name}.png`);
  if (process.env['ZKFERRY_CAPTURES'] === '1' && existsSync(shown)) return shown;
  const folder = join(repositoryRoot(), 'dist/pictures');
  mkdirSync(folder, { recursive: true });
  return join(folder, `${name}.png`);
}
