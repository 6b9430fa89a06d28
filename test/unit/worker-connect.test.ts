import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { repositoryRoot } from '../../lab/repository-root.js';

describe('a worker without a Temporal server', function () {
  this.timeout(60_000);
  let worker: ChildProcess | undefined;
  let silent: Server;
  let said = '';

  /** It takes connections and never answers. */
  before(async () => {
    silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
  });
  afterEach(() => worker?.kill('SIGKILL'));
  after(() => silent.close());

  function start(port: number, ...options: string[]): ChildProcess {
    said = '';
    const env = { ...process.env, TEMPORAL_ADDRESS: `127.0.0.1:${String(port)}`, TEMPORAL_API_KEY: 'a-key' };
    const argv = [join(repositoryRoot(), 'bin/zkferry.mjs'), 'worker', ...options];
    worker = spawn(process.execPath, argv, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    worker.stderr?.on('data', (text: Buffer) => (said += text.toString()));
    return worker;
  }

  for (const queue of ['all', 'publisher']) {
    it(`ends by itself and says why, so that whoever supervises it may start it again (queue ${queue})`, async () => {
      const [code] = (await once(start(1, '--queue', queue), 'exit')) as [number | null];
      assert.equal(code, 1);
      assert.match(said, /FERRY_TEMPORAL_UNREACHABLE/);
    });

    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      it(`ends on ${name} while it still tries to connect (queue ${queue})`, async () => {
        const connected = once(silent, 'connection');
        const child = start((silent.address() as AddressInfo).port, '--queue', queue);
        await connected;
        const began = performance.now();
        child.kill(name);
        const [, by] = (await once(child, 'exit')) as [number | null, string | null];
        assert.equal(by, name);
        assert.ok(performance.now() - began < 2_000, `${String(performance.now() - began)} ms`);
      });
    }
  }
});
