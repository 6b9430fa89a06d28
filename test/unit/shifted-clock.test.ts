import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

interface Clocks {
  readonly now: number;
  readonly date: number;
  readonly iso: number;
  readonly mono: number;
  readonly fixed: string;
  readonly isDate: boolean;
}

const program = `process.stdin.on('data', () => console.log(JSON.stringify({
  now: Date.now(), date: new Date().getTime(), iso: Date.parse(new Date().toISOString()), mono: performance.now(),
  fixed: new Date(86400000).toISOString(), isDate: new Date() instanceof Date })))`;

describe('a process whose clock is shifted', () => {
  let dir: string;
  let child: ChildProcess;
  let answers: AsyncIterator<string>;
  const clockFile = () => join(dir, 'clock');

  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'zkferry-clock-'));
    const preload = new URL('../../lab/stage/shifted-clock.js', import.meta.url).href;
    child = spawn(process.execPath, [`--import=${preload}`, '-e', program], {
      env: { ...process.env, ZKFERRY_LAB_CLOCK_FILE: clockFile() },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    assert.ok(child.stdout);
    answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  });
  after(async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
    rmSync(dir, { recursive: true, force: true });
  });

  const ask = async (): Promise<Clocks> => {
    child.stdin?.write('?\n');
    const { value } = await answers.next();
    return JSON.parse(String(value)) as Clocks;
  };
  /** How far its clock is ahead of ours, in whole seconds. */
  const ahead = ({ now }: Clocks) => Math.round((now - Date.now()) / 1_000) + 0;

  it('runs with the right time until its clock jumps, ahead or back, and jumps home again', async () => {
    assert.equal(ahead(await ask()), 0);
    for (const [text, seconds] of [
      ['30000', 30],
      ['-30000', -30],
      ['0', 0],
    ] as const) {
      writeFileSync(clockFile(), text);
      await new Promise((resolve) => setTimeout(resolve, 30));
      assert.equal(ahead(await ask()), seconds);
    }
  });

  it('sees the jump in every way to ask for the time, but for the monotonic clock and given dates', async () => {
    const before = await ask();
    writeFileSync(clockFile(), '3600000');
    await new Promise((resolve) => setTimeout(resolve, 30));
    const { now, date, iso, mono, fixed, isDate } = await ask();
    assert.ok(Math.abs(now - date) < 100 && Math.abs(now - iso) < 100);
    assert.ok(now - before.now >= 3_600_000);
    assert.ok(mono - before.mono < 60_000);
    assert.deepEqual({ fixed, isDate }, { fixed: '1970-01-02T00:00:00.000Z', isDate: true });
  });
});
