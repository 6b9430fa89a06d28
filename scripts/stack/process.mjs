import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { SetupError } from '../setup/say.mjs';

/** A long-running program whose output goes to a file. `options` are those of `spawn`. */
export function startProcess(name, command, args, logFile, options = {}) {
  const log = openSync(logFile, 'a', 0o600);
  const child = spawn(command, args, { ...options, stdio: ['ignore', log, log] });
  const gone = new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(`${code ?? signal}`));
    child.once('error', (error) => resolve(error.message));
  });
  return {
    name,
    pid: child.pid,
    /** Resolves with how it ended. */
    gone,
    /** SIGKILL follows when the signal has not ended it within 20 s. */
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
      child.kill(signal);
      const impatience = setTimeout(() => child.kill('SIGKILL'), 20_000);
      await gone;
      clearTimeout(impatience);
    },
    /** Repeats `check` until it does not throw. @throws SetupError when the program ends first, or after `patienceMs` */
    async ready(check, patienceMs = 60_000) {
      const until = performance.now() + patienceMs;
      for (;;) {
        const ended = child.exitCode ?? child.signalCode;
        let reason = ended === null ? '' : `it ended with ${ended}`;
        if (ended === null) {
          try {
            return await check();
          } catch (error) {
            reason = error.message;
          }
        }
        if (ended !== null || performance.now() > until) {
          const tail = readFileSync(logFile, 'utf8').trim().split('\n').slice(-5).join('\n');
          throw new SetupError(`${name} does not serve: ${reason}\n${tail}\nits log: ${logFile}`);
        }
        await delay(200);
      }
    },
  };
}

/** Ports of 127.0.0.1 that are free, below those that the kernel gives to outgoing connections. */
export async function freePorts(count) {
  const found = new Set();
  while (found.size < count) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    const free = await new Promise((resolve) => {
      server.once('error', () => resolve(false));
      server.listen({ host: '127.0.0.1', port, exclusive: true }, () => resolve(true));
    });
    if (!free) continue;
    server.close();
    await once(server, 'close');
    found.add(port);
  }
  return [...found];
}
