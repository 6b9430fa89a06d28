import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHookActivities } from '../../activities/hooks/index.js';
import type { Ports } from '../../activities/ports.js';
import { RealHookRunner } from '../../src/adapters/hook-runner.js';
import { Metrics } from '../../src/adapters/metrics.js';
import { resolveSecret } from '../../src/config/credentials.js';
import type { HookConfig } from '../../src/domain/config.js';
import type { HookNotice } from '../../src/domain/hooks.js';
import { Redactor } from '../../src/domain/redact.js';
import { realPorts } from '../../src/worker.js';

const notice: HookNotice = {
  schemaVersion: 1,
  id: 'zkferry-c/1/7',
  event: 'waiting',
  at: '2026-01-01T00:00:00.000Z',
  cluster: 'c',
  strategy: 'observers',
  migration: 'zkferry-c/1',
  state: 'awaiting-approval',
  phase: 'gate cut-over',
  planHash: 'h1',
  waitingFor: {
    what: "approval; $(touch /tmp/never) `id` 'x'",
    since: '2026-01-01T00:00:00.000Z',
    next: 'zkferry approve\nmore',
  },
  incident: null,
  window: null,
  towards: null,
};

describe('a hook', function () {
  this.timeout(10_000);
  let dir: string;
  let server: Server;
  let url: string;
  let heard: { headers: IncomingMessage['headers']; body: string }[] = [];
  let respond: (response: ServerResponse) => void = (response) => response.writeHead(204).end();
  const metrics = new Metrics();
  const activities = createHookActivities({
    hooks: new RealHookRunner(true),
    secrets: resolveSecret,
    mayTellHooks: (reference: string) => !reference.endsWith('source.digest'),
    telemetry: metrics,
  } as unknown as Ports);

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'zkf-hook-'));
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')));
      request.on('end', () => {
        heard.push({ headers: request.headers, body });
        respond(response);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  });
  beforeEach(() => {
    heard = [];
    respond = (response) => response.writeHead(204).end();
  });
  after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(dir, { recursive: true, force: true });
  });

  async function script(text: string): Promise<string> {
    const path = join(dir, `hook-${String(Math.random()).slice(2)}`);
    await writeFile(path, `#!/bin/sh\n${text}\n`);
    await chmod(path, 0o755);
    return path;
  }
  const command = (argv: readonly string[], timeoutMs = 5_000): HookConfig => ({
    on: ['waiting'],
    run: { kind: 'command', argv },
    timeoutMs,
  });
  const webhook = (headers: Record<string, string> = {}, at = url, timeoutMs = 5_000): HookConfig => ({
    on: ['waiting'],
    run: { kind: 'webhook', url: at, headers },
    timeoutMs,
  });

  describe('that is a command', () => {
    it('gets its arguments as they are, the notice on standard input, and nothing of the worker’s environment', async () => {
      process.env['ZKF_TEST_SECRET'] = 'worker-secret';
      const out = join(dir, 'out');
      const path = await script(`{ echo "$1|$2"; cat; env; } > ${out}; pwd >> ${out}`);
      const report = await activities.runHook({ hook: command([path, 'a b', '$HOME; id']), notice });
      assert.deepEqual([report.ok, report.reason], [true, null]);
      const text = await readFile(out, 'utf8');
      const [first = '', second = ''] = text.split('\n');
      assert.equal(first, 'a b|$HOME; id');
      assert.deepEqual(JSON.parse(second), notice);
      assert.ok(
        text.includes('\nZKFERRY_EVENT=waiting\n') && text.includes('\nZKFERRY_EVENT_ID=zkferry-c/1/7\n'),
        text,
      );
      assert.ok(text.includes('\nZKFERRY_NEXT=zkferry approve\n'), text);
      assert.ok(!text.includes('worker-secret') && text.endsWith('\n/\n'), text);
      assert.ok(!existsSync('/tmp/never'));
    });

    it('says no by its exit code, and why in its last line', async () => {
      const path = await script('echo thinking; echo "trading is open" >&2; exit 3');
      const report = await activities.runHook({ hook: command([path]), notice: { ...notice, event: 'before-window' } });
      assert.deepEqual([report.ok, report.reason], [false, 'trading is open']);
      assert.match(report.output, /thinking/);
      const silent = await activities.runHook({ hook: command([await script('exit 7')]), notice });
      assert.equal(silent.reason, 'it exited with 7');
    });

    it('that hangs is ended in time, with all that it has started', async () => {
      const pidFile = join(dir, 'pid');
      const path = await script(`sleep 60 & echo $! > ${pidFile}; wait`);
      const report = await activities.runHook({ hook: command([path], 500), notice });
      assert.deepEqual([report.ok, report.reason], [false, 'it took longer than 0.5 s']);
      assert.ok(report.tookMs < 3_000, String(report.tookMs));
      const pid = Number(await readFile(pidFile, 'utf8'));
      const isGone = () => {
        try {
          return /\) Z /.test(String(process.kill(pid, 0)));
        } catch {
          return true;
        }
      };
      for (const until = Date.now() + 3_000; !isGone() && Date.now() < until;) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      assert.ok(isGone(), `${pid} still runs`);
    });

    it('that leaves a process behind is not waited for beyond its end', async () => {
      const report = await activities.runHook({ hook: command([await script('sleep 30 & echo done')]), notice });
      assert.ok(report.ok && report.output === 'done\n' && report.tookMs < 3_000, JSON.stringify(report));
    });

    it('that prints what the worker has learned has none of it in its report', async () => {
      const redactor = new Redactor();
      const { redactor: used } = realPorts(redactor);
      assert.equal(used, redactor);
      redactor.learn('ferry:cluster-secret');
      const ports = { hooks: new RealHookRunner(true), secrets: resolveSecret, redactor } as unknown as Ports;
      const hook = command([await script('echo "as ferry:cluster-secret"; echo "cluster-secret is wrong"; exit 1')]);
      const report = await createHookActivities(ports).runHook({ hook, notice });
      assert.deepEqual([report.reason, report.output], ['*** is wrong', 'as ***\n*** is wrong\n']);
    });

    it('is refused by a worker that runs none', async () => {
      const path = join(dir, 'ran');
      const ports = { hooks: new RealHookRunner(false), secrets: resolveSecret } as unknown as Ports;
      const hook = command([await script(`touch ${path}`)]);
      const report = await createHookActivities(ports).runHook({ hook, notice });
      assert.deepEqual(
        [report.ok, report.reason, existsSync(path)],
        [false, 'this worker runs no commands: it was started without --hook-commands', false],
      );
    });

    it('that is not there, or prints without end, is told so in few words', async () => {
      const missing = await activities.runHook({ hook: command([join(dir, 'nothing')]), notice });
      assert.match(missing.reason ?? '', /cannot be run: .*ENOENT/);
      const loud = await activities.runHook({
        hook: command([await script('yes 2>/dev/null | head -c 200000; exit 1')]),
        notice,
      });
      assert.ok(!loud.ok && loud.output.length <= 4_096 && (loud.reason ?? '').length <= 300);
    });
  });

  describe('that is a webhook', () => {
    it('posts the notice, with headers by reference and the id of the event', async () => {
      const file = join(dir, 'token');
      await writeFile(file, 'Bearer hook-secret-1\n');
      process.env['ZKF_TEST_HEADER'] = 'hook-secret-2';
      const headers = { Authorization: `file:${file}`, 'X-Team': 'env:ZKF_TEST_HEADER' };
      respond = (response) => response.writeHead(200).end('you sent Bearer hook-secret-1 and hook-secret-2');
      const report = await activities.runHook({ hook: webhook(headers), notice });
      assert.ok(report.ok, report.reason ?? '');
      assert.ok(!report.output.includes('hook-secret'), report.output);
      assert.deepEqual(JSON.parse(heard[0]?.body ?? ''), notice);
      const sent = heard[0]?.headers ?? {};
      assert.equal(sent['authorization'], 'Bearer hook-secret-1');
      assert.equal(sent['x-team'], 'hook-secret-2');
      assert.equal(sent['idempotency-key'], notice.id);
      assert.match(sent['content-type'] ?? '', /application\/json/);
    });

    it('says nothing of a part of a secret that its answer tells alone', async () => {
      process.env['ZKF_TEST_HEADER'] = `Basic ${Buffer.from('hook:hook-secret-3').toString('base64')}`;
      process.env['ZKF_TEST_URL'] = `${url}?token=pw4-x`;
      const hook = webhook({ Authorization: 'env:ZKF_TEST_HEADER' }, 'env:ZKF_TEST_URL');
      respond = (response) => response.writeHead(409).end('{"reason":"neither hook-secret-3 nor pw4-x"}');
      const report = await activities.runHook({ hook, notice });
      assert.deepEqual(
        [report.reason, report.output],
        ['HTTP 409: neither *** nor ***', '{"reason":"neither *** nor ***"}'],
      );
    });

    it('says nothing of a secret that is longer than what is shown or listened to', async () => {
      const secret = 'hook-secret-0123456789';
      process.env['ZKF_TEST_HEADER'] = secret;
      const hook = webhook({ 'X-Team': 'env:ZKF_TEST_HEADER' });
      // Cut in its middle where the text is cut; where one stops to listen; and where hiding brings that place into view.
      for (const answer of [
        `${' '.repeat(4_096 - 10)}${secret}`,
        `${' '.repeat(65_536 - 10)}${secret}`,
        `${`${secret} `.repeat(10_000)}`,
        `${secret}-`.repeat(10_000),
      ]) {
        for (const status of [200, 409]) {
          respond = (response) => response.writeHead(status).end(answer);
          const told = JSON.stringify(await activities.runHook({ hook, notice }));
          assert.doesNotMatch(told, /hook-s/, told.slice(-200));
        }
      }
    });

    it('gets no secret that the worker was not started to give away', async () => {
      const file = join(dir, 'source.digest');
      await writeFile(file, 'user:cluster-secret');
      for (const hook of [webhook({ 'X-Loot': `file:${file}` }), webhook({}, `file:${file}`)]) {
        await assert.rejects(activities.runHook({ hook, notice }), {
          code: 'FERRY_HOOK_SECRET',
          retryable: false,
          remedy: new RegExp(`--hook-secrets file:${file}`),
        });
      }
      const { mayTellHooks = null } = realPorts();
      assert.equal(mayTellHooks?.('env:ANY'), false, 'none unless it is told which');
      assert.equal(heard.length, 0);
    });

    it('may have an address that is a secret itself', async () => {
      const file = join(dir, 'address');
      await writeFile(file, url);
      assert.ok((await activities.runHook({ hook: webhook({}, `file:${file}`), notice })).ok);
      assert.equal(heard.length, 1);
    });

    it('names none of its secrets where a header or address cannot be used', async () => {
      for (const broken of ['two\nlines-of-it', 'no-latin-1-✓-at-all']) {
        await writeFile(join(dir, 'broken'), broken);
        const reference = `file:${join(dir, 'broken')}`;
        const runs: HookConfig['run'][] = [
          { kind: 'webhook', url, headers: { Authorization: reference } },
          { kind: 'webhook', url: reference, headers: {} },
        ];
        for (const run of runs) {
          const told = await activities
            .runHook({
              hook: { on: ['before-window'], timeoutMs: 2_000, run },
              notice: { ...notice, event: 'before-window' },
            })
            .then((report) => JSON.stringify(report));
          assert.match(told, /"ok":false/);
          assert.doesNotMatch(told, /lines-of-it|latin-1|at-all/);
        }
      }
      assert.equal(heard.length, 0);
    });

    it('says no by its status, and why in its answer', async () => {
      respond = (response) => response.writeHead(409).end('{"reason":"change freeze"}');
      const report = await activities.runHook({ hook: webhook(), notice });
      assert.deepEqual([report.ok, report.reason], [false, 'HTTP 409: change freeze']);
    });

    it('is asked nothing twice before the window, and tried again where it only tells', async () => {
      respond = (response) => response.writeHead(503).end('later');
      const asked = await activities.runHook({ hook: webhook(), notice: { ...notice, event: 'before-window' } });
      assert.deepEqual([asked.ok, asked.reason], [false, 'HTTP 503: later']);
      await assert.rejects(activities.runHook({ hook: webhook(), notice }), {
        code: 'FERRY_HOOK_FAILED',
        retryable: true,
      });
    });

    it('that hangs, moves elsewhere or does not listen counts as failed', async () => {
      respond = () => undefined;
      const event = 'before-window' as const;
      const hanging = await activities.runHook({ hook: webhook({}, url, 300), notice: { ...notice, event } });
      assert.deepEqual([hanging.ok, hanging.reason], [false, 'no answer within 0.3 s']);
      respond = (response) => response.writeHead(302, { location: `${url}/elsewhere` }).end();
      assert.equal((await activities.runHook({ hook: webhook(), notice })).reason, 'HTTP 302');
      assert.equal(heard.length, 2, 'nobody followed');
      const nobody = await activities.runHook({
        hook: webhook({}, 'http://127.0.0.1:1/'),
        notice: { ...notice, event },
      });
      assert.ok(!nobody.ok && (nobody.reason ?? '') !== '', JSON.stringify(nobody));
    });

    it('that fails is counted', async () => {
      assert.match(await metrics.text(), /zkferry_hook_failures_total\{cluster="c",event="before-window"\} [1-9]/);
    });
  });
});
