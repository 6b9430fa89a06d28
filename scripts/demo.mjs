#!/usr/bin/env node
// `npm run demo`: sets up what is missing, then migrates a live lab cluster before your eyes.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setUp, SetupError } from './setup.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
try {
  await setUp();
} catch (error) {
  process.stderr.write(error instanceof SetupError ? `setup: ${error.message}\n` : `${error.stack}\n`);
  process.exit(1);
}
const demo = spawn(
  process.execPath,
  ['--enable-source-maps', join(root, 'dist/lab/demo/main.js'), ...process.argv.slice(2)],
  { stdio: 'inherit', detached: false },
);
// The terminal sends its signals to both; the demo cleans up, and this one waits for it.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => signal === 'SIGTERM' && demo.kill(signal));
demo.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
