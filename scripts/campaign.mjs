#!/usr/bin/env node
// `npm run campaign`: sets up what is missing, then migrates lab clusters while things break.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setUp, SetupError } from './setup.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
try {
  await setUp({ versions: ['default', '3.4.14', '3.9.5'] });
} catch (error) {
  process.stderr.write(error instanceof SetupError ? `setup: ${error.message}\n` : `${error.stack}\n`);
  process.exit(1);
}
const campaign = spawn(
  process.execPath,
  ['--enable-source-maps', join(root, 'dist/lab/campaign/main.js'), ...process.argv.slice(2)],
  { stdio: 'inherit', detached: false },
);
// The terminal sends its signals to both; the campaign cleans up, and this one waits for it.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => signal === 'SIGTERM' && campaign.kill(signal));
campaign.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
