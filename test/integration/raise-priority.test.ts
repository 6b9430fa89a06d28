import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';

const MODULE = new URL('../../lab/raise-priority.js', import.meta.url).href;
const PROGRAM = `
  import { readFileSync } from 'node:fs';
  import { getPriority } from 'node:os';
  import { raisePriority } from ${JSON.stringify(MODULE)};
  raisePriority(-7);
  const [, group] = / nice (-?\\d+)/.exec(readFileSync('/proc/self/autogroup', 'latin1'));
  console.log(JSON.stringify({ process: getPriority(), group: Number(group) }));
`;
const RUN_PROGRAM = ['--input-type=module', '--eval', PROGRAM];

describe('raising the priority of a lab process', function () {
  before(function () {
    // Only root may raise, and only some kernels group by session.
    if (process.getuid?.() !== 0 || !existsSync('/proc/self/autogroup')) this.skip();
  });

  it('raises the scheduling group, too, of a process that leads its session', async () => {
    assert.deepEqual(await priorities(process.execPath, RUN_PROGRAM), { process: -7, group: -7 });
  });

  it('leaves the scheduling group of a session alone that others lead', async () => {
    const { process: own, group } = await priorities('sh', [
      '-c',
      '"$@"; exit "$?"',
      'leader',
      process.execPath,
      ...RUN_PROGRAM,
    ]);
    assert.equal(own, -7);
    assert.equal(group, 0);
  });
});

/** Runs a command that prints PROGRAM's figures. It leads a new session: the kernel shows no group for the first one. */
async function priorities(command: string, args: readonly string[]): Promise<{ process: number; group: number }> {
  const leader = spawn(command, args, { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  leader.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  await once(leader, 'close');
  return JSON.parse(out) as { process: number; group: number };
}
