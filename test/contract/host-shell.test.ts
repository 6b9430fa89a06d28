import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SshShell } from '../../src/adapters/ssh-shell.js';
import type { SshConfig } from '../../src/domain/config.js';
import {
  HostKeyError,
  HostUnreachableError,
  LoginRefusedError,
  UnknownOutcomeError,
} from '../../src/domain/host-errors.js';
import { resolveSecret } from '../../src/config/credentials.js';
import type { HostScript } from '../../src/ports/host-shell.js';
import { LoneHost, until } from '../integration/lone-host.js';

describe('the ssh shell', function () {
  this.timeout(30_000);
  let lone: LoneHost;
  let shell: SshShell;
  const never = new AbortController().signal;

  const script = (text: string, more: Partial<HostScript> = {}): HostScript => ({
    name: 'try',
    text,
    detached: false,
    timeoutMs: 5_000,
    ...more,
  });
  const run = (text: string, more: Partial<HostScript> = {}, signal = never, ssh: Partial<SshConfig> = {}) =>
    shell.run(lone.config, { ...lone.access.ssh, ...ssh }, script(text, more), signal);
  const file = (name: string): string => join(lone.dir, name);
  const fail = async (work: Promise<unknown>): Promise<Error> =>
    work.then(
      () => assert.fail('it succeeded'),
      (error: unknown) => error as Error,
    );

  before(async () => {
    lone = await LoneHost.start('127.27.1.1');
  });
  beforeEach(() => {
    shell = new SshShell(resolveSecret);
  });
  afterEach(() => {
    shell.close();
  });
  after(() => lone.stop());

  for (const detached of [false, true]) {
    describe(detached ? 'detached' : 'attached', () => {
      it('gives output, errors and exit code back', async () => {
        const text = 'echo out; echo err >&2; exit 7';
        assert.deepEqual(await run(text, { detached }), { exitCode: 7, stdout: 'out\n', stderr: 'err\n' });
      });

      it('carries any text unharmed', async () => {
        const odd = `'"$(false)\`x\`\\ ü \t*`;
        const { stdout } = await run(`cat <<'EOF'\n${odd}\nEOF`, { detached });
        assert.equal(stdout, `${odd}\n`);
      });

      it('keeps a large script and a large output whole', async () => {
        const line = 'x'.repeat(70);
        const { stdout } = await run(`cat <<'EOF'\n${`${line}\n`.repeat(5_000)}EOF`, { detached });
        assert.equal(stdout.length, 71 * 5_000);
      });

      it('shows the script to nobody in its arguments', async () => {
        const { stdout } = await run(
          'secret=zk://u:hunter2@h:1/m\ncat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\000" " "',
          { detached },
        );
        assert.ok(stdout.length > 100);
        assert.doesNotMatch(stdout, /hunter2/);
      });

      it('reads nothing that belongs to the script as standard input', async () => {
        assert.equal((await run('cat\necho end', { detached })).stdout, 'end\n');
      });

      it('does not wait longer than the time given', async () => {
        const error = await fail(run('sleep 20', { detached, timeoutMs: 300 }));
        assert.ok(error instanceof UnknownOutcomeError, String(error));
        assert.equal(error.host, 'h1');
      });

      it('ends with the reason of the abort', async () => {
        const abort = new AbortController();
        const running = run('sleep 20', { detached }, abort.signal);
        setTimeout(() => {
          abort.abort(new Error('enough'));
        }, 200);
        assert.equal((await fail(running)).message, 'enough');
      });

      it('does not claim to know the end of a script whose link dropped', async () => {
        const marker = file(`begun-${String(detached)}`);
        const running = fail(run(`touch '${marker}'; sleep 3`, { detached }));
        await until('the script runs', () => existsSync(marker));
        lone.host.dropSshConnections();
        const error = await running;
        assert.ok(error instanceof UnknownOutcomeError, String(error));
      });
    });
  }

  it('lets a detached script go on when the link drops, and leaves no file of it behind', async () => {
    const begun = file('begun');
    const done = file('done');
    const text = `touch '${begun}'; sleep 0.5; touch '${done}'`;
    const running = fail(run(text, { detached: true }));
    await until('the script runs', () => existsSync(begun));
    lone.host.dropSshConnections();
    assert.ok((await running) instanceof UnknownOutcomeError);
    await until('the script ends', () => existsSync(done));
    await until('its folder is gone', () => leftovers(lone).length === 0);
  });

  it('removes the text of a detached script from the disk as soon as it runs', async () => {
    const { stdout } = await run('ls "$(dirname "$0")"', { detached: true });
    assert.equal(stdout, 'err\nout\n');
  });

  it('uses one connection for several scripts, and another when that died unnoticed', async () => {
    assert.equal((await run('echo 1')).stdout, '1\n');
    lone.host.dropSshConnections();
    assert.equal((await run('echo 2')).stdout, '2\n');
  });

  it('leaves no rejection to end the worker when a host hangs while an older connection is put away', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      await run('true');
      lone.host.dropSshConnections();
      await delay(200);
      lone.host.hang(true);
      const opening = fail(run('true', { timeoutMs: 20_000 }));
      // The first connection is put away after five idle seconds, while the second is still being opened.
      await delay(5_500);
      lone.host.hang(false);
      assert.ok((await opening) instanceof HostUnreachableError);
      await delay(100);
    } finally {
      process.off('unhandledRejection', note);
    }
    assert.deepEqual(unhandled, []);
  });

  it('runs scripts on one host side by side', async () => {
    const results = await Promise.all([1, 2, 3, 4, 5].map((n) => run(`echo ${String(n)}`)));
    assert.deepEqual(results.map(({ stdout }) => stdout.trim()).sort(), ['1', '2', '3', '4', '5']);
  });

  it('does not end for one caller because another gave up while the connection was being opened', async () => {
    const abort = new AbortController();
    const first = fail(run('echo 1', {}, abort.signal));
    const second = run('echo 2');
    abort.abort(new Error('enough'));
    assert.equal((await first).message, 'enough');
    assert.equal((await second).stdout, '2\n');
  });

  it('names host and endpoint when nobody answers', async () => {
    await lone.host.sshDown();
    try {
      const error = await fail(run('true'));
      assert.ok(error instanceof HostUnreachableError, String(error));
      assert.equal(error.host, 'h1');
      assert.match(error.message, /127\.27\.1\.1:2222/);
      assert.match(error.remedy, /whether the host is up/);
    } finally {
      await lone.host.sshUp();
    }
  });

  it('says that the login was refused', async () => {
    lone.host.refuseLogins(true);
    try {
      const error = await fail(run('true'));
      assert.ok(error instanceof LoginRefusedError, String(error));
      assert.equal(error.host, 'h1');
      assert.match(error.message, /h1 refuses the login of operator/);
      assert.match(error.remedy, /public key is authorised/);
    } finally {
      lone.host.refuseLogins(false);
    }
  });

  it('says that the login was refused when there is no key to offer', async () => {
    const error = await fail(run('true', {}, never, { identity: `file:${file('nowhere')}` }));
    assert.ok(error instanceof LoginRefusedError, String(error));
    assert.match(error.message, /nowhere/);
  });

  describe('with known_hosts', () => {
    const withKnownHosts = (text: string): Partial<SshConfig> => {
      const path = file('known_hosts_of_test');
      writeFileSync(path, text);
      return { knownHosts: path };
    };
    const pinned = (): string[] => readFileSync(lone.keys.knownHostsFile, 'utf8').trim().split(' ');
    const refused = async (text: string): Promise<HostKeyError> => {
      const error = await fail(run('true', {}, never, withKnownHosts(text)));
      assert.ok(error instanceof HostKeyError, String(error));
      assert.match(error.message, /SHA256:[A-Za-z0-9+/]{43}/);
      assert.match(error.message, /known_hosts_of_test/);
      return error;
    };
    const accepted = async (text: string): Promise<void> => {
      assert.equal((await run('echo in', {}, never, withKnownHosts(text))).stdout, 'in\n');
    };

    it('refuses a host without an entry', async () => {
      await refused('');
    });

    it('refuses a host with another key', async () => {
      const other = lone.keys.hostKey('other').public.split(' ').slice(0, 2).join(' ');
      await refused(`${pinned()[0] ?? ''} ${other}\n`);
    });

    it('refuses an entry for another port', async () => {
      const [, type = '', key = ''] = pinned();
      await refused(`127.27.1.1 ${type} ${key}\n`);
    });

    it('refuses a key that was revoked', async () => {
      const line = pinned().join(' ');
      await refused(`${line}\n@revoked ${line}\n`);
    });

    it('takes a name out of a list, and a pattern', async () => {
      const [name = '', type = '', key = ''] = pinned();
      await accepted(`# comment\nother,${name} ${type} ${key} remark\n`);
      await accepted(`[127.27.*]:2222 ${type} ${key}\n`);
    });

    it('takes a hashed entry', async () => {
      const [name = '', type = '', key = ''] = pinned();
      const salt = randomBytes(20);
      const hash = createHmac('sha1', salt).update(name).digest('base64');
      await accepted(`|1|${salt.toString('base64')}|${hash} ${type} ${key}\n`);
    });
  });
});

/** Folders of detached scripts on the host. */
function leftovers(lone: LoneHost): string[] {
  return readdirSync(lone.host.path('tmp')).filter((name) => name.startsWith('zkferry.'));
}
