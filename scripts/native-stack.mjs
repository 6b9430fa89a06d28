#!/usr/bin/env node
// The stack of docker-compose.yml without containers, on free loopback ports: PostgreSQL and the Temporal server.
import { mkdirSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { say, SetupError } from './setup/say.mjs';
import { setUpTemporal } from './setup/temporal.mjs';
import { startPostgres } from './stack/postgres.mjs';
import { freePorts } from './stack/process.mjs';
import { temporalPrograms } from './stack/programs.mjs';
import { startTemporalServer } from './stack/temporal-server.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const usage = `usage: node scripts/native-stack.mjs up [--dir DIR] [--print text|env|json]
  Stays until it is interrupted. Without --dir nothing is left afterwards; with it the database is kept.`;

async function up({ dir, print }) {
  const folder = dir === undefined ? mkdtempSync(join(tmpdir(), 'zkferry-stack-')) : resolve(dir);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const started = [];
  const stopAll = async () => {
    // The server first: without its database it would only complain.
    for (const { process: one, signal } of started.reverse()) await one.stop(signal);
    if (dir === undefined) await rm(folder, { recursive: true, force: true });
  };
  const told = new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => resolve(null));
  });
  try {
    await setUpTemporal(root);
    const programs = await temporalPrograms(root);
    const [port, ...ports] = await freePorts(9);
    const { process: postgres, password } = await startPostgres(folder, port);
    // SIGINT: a fast shutdown, which waits for no client.
    started.push({ process: postgres, signal: 'SIGINT' });
    const { process: temporal, address } = await startTemporalServer({
      dir: folder,
      root,
      programs,
      postgres: { port, password },
      ports,
    });
    started.push({ process: temporal, signal: 'SIGTERM' });
    show(print, { address, namespace: 'default', postgresPort: port, dir: folder });
    const died = ({ name, gone }) => gone.then((how) => `${name} ended with ${how}; its log is in ${folder}`);
    const end = await Promise.race([told, died(postgres), died(temporal)]);
    if (end !== null) throw new SetupError(end);
  } finally {
    await stopAll();
  }
}

function show(print, stack) {
  const { address, namespace, dir } = stack;
  if (print === 'json') process.stdout.write(`${JSON.stringify(stack)}\n`);
  else process.stdout.write(`export TEMPORAL_ADDRESS=${address}\nexport TEMPORAL_NAMESPACE=${namespace}\n`);
  if (print === 'text') say(`the stack serves; its logs and database are in ${dir}; interrupt it to end it`);
}

const { values, positionals } = parseArgs({
  options: { dir: { type: 'string' }, print: { type: 'string', default: 'text' } },
  allowPositionals: true,
});
if (positionals.join() !== 'up' || !['text', 'env', 'json'].includes(values.print)) {
  process.stderr.write(`${usage}\n`);
  process.exitCode = 2;
} else {
  await up(values).catch((error) => {
    process.stderr.write(error instanceof SetupError ? `stack: ${error.message}\n` : `${error.stack}\n`);
    process.exitCode = 1;
  });
}
