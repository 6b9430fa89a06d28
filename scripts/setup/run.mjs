import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { say, SetupError } from './say.mjs';

/**
 * Runs a command to its end; its output is shown only when it fails.
 *
 * @param options `cwd`, `env` (added), `patienceMs`, `everySecondsSay` (a sign of life on long runs)
 */
export function run(command, args, { cwd, env = {}, patienceMs = 0, everySecondsSay = 0 } = {}) {
  return new Promise((resolve, reject) => {
    const begin = performance.now();
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: patienceMs,
      killSignal: 'SIGKILL',
    });
    let output = '';
    child.stdout.on('data', (bytes) => (output += bytes));
    child.stderr.on('data', (bytes) => (output += bytes));
    const sign = everySecondsSay
      ? setInterval(
          () => say(`  … still at it after ${Math.round((performance.now() - begin) / 1000)} s`),
          everySecondsSay * 1000,
        )
      : undefined;
    child.once('error', (error) => {
      clearInterval(sign);
      reject(new SetupError(`${command} could not be started: ${error.message}`));
    });
    child.once('close', (code, signal) => {
      clearInterval(sign);
      if (code === 0) resolve(output);
      else reject(new SetupError(`${[command, ...args].join(' ')} ended with ${code ?? signal}\n${output.trim()}`));
    });
  });
}

/** Full path of a program on PATH, or null. */
export function onPath(program) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const file = join(folder, program);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch {
      continue;
    }
  }
  return null;
}
