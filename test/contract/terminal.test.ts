import assert from 'node:assert/strict';
import { hasScript, Terminal } from '../cli/terminal.js';
import { zkferry } from '../cli/zkferry.js';
import { fixturePath } from '../unit/fixture-path.js';

describe('zkferry on a terminal of 80 columns and 24 lines', function () {
  this.timeout(120_000);
  before(function () {
    if (hasScript()) return;
    this.currentTest?.parent?.tests.forEach((test) => (test.title += ' (skipped: package bsdutils is not installed)'));
    this.skip();
  });

  it('fits with its help', async () => {
    for (const words of [[], ['lab', 'up'], ['start']]) {
      const terminal = new Terminal([...words, '--help']);
      assert.equal(await terminal.ended(), 0, terminal.screen.text);
      assert.match(terminal.screen.text, /^Usage: zkferry/);
      assert.ok(terminal.screen.widest <= 80, terminal.screen.text);
    }
  });

  it('shows faults of a config in lines that fit, each beginning with its place', async () => {
    const file = fixturePath('faulty-cluster.yaml');
    const terminal = new Terminal(['validate', file]);
    assert.equal(await terminal.ended(), 2);
    const { screen } = terminal;
    assert.match(screen.text, /^error \S*faulty-cluster\.yaml:3:1 stratgy:/m);
    const room = Math.max(80, `error ${file}:99:99 policy.retireObservers:`.length);
    assert.ok(screen.widest <= room, `${String(screen.widest)} columns:\n${screen.text}`);
  });

  it('uses colours, unless NO_COLOR asks for none', async () => {
    let raw = '';
    for (const [env, wanted] of [
      [{}, true],
      [{ NO_COLOR: '1' }, false],
    ] as const) {
      const terminal = new Terminal(['validate', fixturePath('faulty-cluster.yaml')], { env });
      terminal.screen.write = (text: string) => void (raw += text);
      raw = '';
      await terminal.ended();
      assert.equal(raw.includes('\u001b[31m'), wanted, JSON.stringify(raw.slice(0, 80)));
    }
  });

  describe('before what cannot be taken back', () => {
    const takeOver = ['start', '--take-over', 'zkferry-prod/run', fixturePath('minimal-cluster.yaml')];
    const env = { TEMPORAL_ADDRESS: '127.0.0.1:1' };
    const sent = /FERRY_TEMPORAL_UNREACHABLE/;

    it('asks for the name of the cluster, and goes on only when it is given', async () => {
      for (const [answer, goesOn] of [
        ['prod\r', true],
        ['yes\r', false],
        ['\r', false],
        ['\u0003', false],
        ['\u0004', false],
      ] as const) {
        const terminal = new Terminal(takeOver, { env });
        await terminal.shows(/Type prod to go on: /);
        terminal.type(answer);
        assert.equal(await terminal.ended(), 1);
        assert.match(terminal.screen.text, goesOn ? sent : /FERRY_NOT_CONFIRMED/, JSON.stringify(answer));
      }
    });

    it('asks nobody with --yes, nor where there is no terminal', async () => {
      const terminal = new Terminal([...takeOver, '--yes'], { env });
      assert.equal(await terminal.ended(), 1);
      assert.match(terminal.screen.text, sent);
      assert.ok(!terminal.screen.text.includes('to go on'));
      const { code, stderr } = await zkferry(takeOver, env);
      assert.equal(code, 1);
      assert.match(stderr, sent);
      assert.ok(!stderr.includes('to go on'));
    });
  });
});
