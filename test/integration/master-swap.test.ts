import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { createHostActivities } from '../../activities/hosts/index.js';
import type { Ports } from '../../activities/ports.js';
import { SshShell } from '../../src/adapters/ssh-shell.js';
import { resolveSecret } from '../../src/config/credentials.js';
import type { MasterConfig } from '../../src/domain/config.js';
import { FencedError, HostStepError, UnknownOutcomeError } from '../../src/domain/host-errors.js';
import type { MasterUrl } from '../../src/domain/plan.js';
import type { HostScript, HostShell } from '../../src/ports/host-shell.js';
import { LoneHost, until } from './lone-host.js';

const target: MasterUrl = { servers: [{ address: '10.0.0.9', port: 2181 }], path: '/mesos', credentialsOf: 'target' };
const original = '# by hand\nMESOS_QUORUM=2\nMESOS_ZK=zk://10.0.0.1:2181/mesos\n';
const swapped = '# by hand\nMESOS_QUORUM=2\nMESOS_ZK=zk://ops:hunter2@10.0.0.9:2181/mesos\n';

describe("the swap of a master's URL", function () {
  this.timeout(60_000);
  let lone: LoneHost;
  let shell: SshShell;
  let sent: HostScript[];

  const file = 'etc/default/u';
  const activities = (over: HostShell) =>
    createHostActivities({ shell: over, secrets: () => Promise.resolve('ops:hunter2') } as unknown as Ports);
  const recording: HostShell = {
    run: (host, ssh, script, signal) => {
      sent.push(script);
      return shell.run(host, ssh, script, signal);
    },
  };
  const master = (): MasterConfig => ({
    ...lone.config,
    httpPort: 5050,
    unit: 'u',
    masterUrl: { kind: 'envFile', path: `/${file}`, key: 'MESOS_ZK' },
  });
  const hosts = () => activities(recording);
  const park = (n: number, over = hosts()) => over.parkMasterUrl({ ...lone.step(n), master: master(), url: target });
  const swap = (n: number, to: 'source' | 'target', over = hosts(), mayRun = false) =>
    over.swapMasterUrl({ ...lone.step(n), master: master(), to, mayRun });
  const stop = (n: number) =>
    hosts().stopHeld({ ...lone.step(n), host: lone.config, unit: 'u', graceMs: 2_000, deadline: null });
  const start = async (n: number) => {
    await hosts().liftHold({ ...lone.step(n), host: lone.config, unit: 'u', start: true, deadline: null });
    await until('it runs', () => lone.host.mainPid('u') !== null);
  };
  const release = (n: number) => hosts().releaseHost({ ...lone.step(n), host: lone.config, units: ['u'] });
  /** Lets a step end right where a script says `before`, as a power cut would. */
  const crashBefore = (before: string) =>
    activities({
      run: (host, ssh, script, signal) => {
        const body = script.text.lastIndexOf(before);
        const text = body < 0 ? script.text : `${script.text.slice(0, body)}kill -9 $$\n${script.text.slice(body)}`;
        return shell.run(host, ssh, { ...script, text }, signal);
      },
    });
  const refuses = async (work: Promise<unknown>, reason: RegExp): Promise<HostStepError> => {
    const error: unknown = await work.then(
      () => assert.fail('it succeeded'),
      (cause: unknown) => cause,
    );
    assert.ok(error instanceof HostStepError, String(error));
    assert.match(error.message, reason);
    assert.equal(error.retryable, false);
    return error;
  };

  beforeEach(async () => {
    sent = [];
    lone = await LoneHost.start('127.27.2.9');
    shell = new SshShell(resolveSecret);
    lone.host.write(file, original, 0o640);
    lone.unit('u', 'exec sleep 1000');
    await lone.running('u');
  });
  afterEach(async () => {
    shell.close();
    await lone.stop();
  });

  it('changes nothing that a process reads while it is parked, and leaves nothing behind', async () => {
    const before = lone.files();
    const pid = lone.host.mainPid('u');
    await hosts().adoptHost({ ...lone.step(1), host: lone.config });
    await park(2);
    await park(2);
    assert.equal(lone.host.read(file), original);
    const report = await hosts().repointMaster({ ...lone.step(3), master: master(), url: null });
    assert.equal(report.changed, false, 'what was only parked has nothing to be restored');
    assert.equal(lone.host.mainPid('u'), pid);
    await release(4);
    assert.deepEqual(lone.files(), before);
  });

  it('puts target in place of source and source back, byte for byte and mode included, any number of times', async () => {
    const before = lone.files();
    await hosts().adoptHost({ ...lone.step(1), host: lone.config });
    await park(2);
    await stop(3);
    for (const round of [4, 6]) {
      assert.deepEqual(await swap(round, 'target'), { changed: true });
      assert.deepEqual(await swap(round, 'target'), { changed: false });
      assert.equal(lone.host.read(file), swapped);
      await park(round);
      assert.equal(lone.host.read(file), swapped, 'parking again touches nothing');
      assert.deepEqual(await swap(round + 1, 'source'), { changed: true });
      assert.deepEqual(await swap(round + 1, 'source'), { changed: false });
      assert.equal(lone.host.read(file), original);
    }
    assert.equal(statSync(lone.host.path(file)).mode & 0o777, 0o640);
    assert.equal(lone.host.mainPid('u'), null, 'it starts nothing');
    await start(8);
    await release(9);
    assert.deepEqual(lone.files(), before);
  });

  it('can be undone by repointing as well', async () => {
    await hosts().adoptHost({ ...lone.step(1), host: lone.config });
    await park(2);
    await stop(3);
    await swap(4, 'target');
    await start(5);
    const report = await hosts().repointMaster({ ...lone.step(6), master: master(), url: null });
    assert.equal(report.changed, true);
    assert.equal(lone.host.read(file), original);
  });

  it('is refused while the master runs, or could start by itself', async () => {
    await hosts().adoptHost({ ...lone.step(1), host: lone.config });
    await park(2);
    await refuses(swap(3, 'target'), /u is not held down/);
    await hosts().holdUnit({ ...lone.step(4), host: lone.config, unit: 'u', deadline: null });
    await refuses(swap(4, 'target'), /u is not stopped \(active\)/);
    assert.equal(lone.host.read(file), original);
  });

  it('is fenced: one of an earlier stage changes nothing', async () => {
    await hosts().adoptHost({ ...lone.step(1), host: lone.config });
    await park(2);
    await stop(5);
    await assert.rejects(swap(4, 'target'), FencedError);
    assert.equal(lone.host.read(file), original);
  });

  it('goes on where a power cut ended it', async () => {
    const before = lone.files();
    await hosts().adoptHost({ ...lone.step(1), host: lone.config });
    for (const before of ['keep "$file"', 'mv -f "$new" "$staged"']) {
      await assert.rejects(park(2, crashBefore(before)), HostStepError);
    }
    await park(2);
    await stop(3);
    for (const to of ['target', 'source'] as const) {
      for (const before of ['discard "$state/applied-$unit"', 'mv -f "$aside"', 'if [ "$to" = source ] &&']) {
        await assert.rejects(swap(4, to, crashBefore(before)), UnknownOutcomeError);
      }
      await swap(4, to);
      assert.equal(lone.host.read(file), to === 'target' ? swapped : original);
    }
    await start(5);
    await release(6);
    assert.deepEqual(lone.files(), before);
  });

  it('overwrites no change that somebody has made meanwhile, until it is parked again', async () => {
    await hosts().adoptHost({ ...lone.step(1), host: lone.config });
    await park(2);
    const edited = original.replace('QUORUM=2', 'QUORUM=3');
    lone.host.write(file, edited, 0o640);
    await stop(3);
    await refuses(swap(4, 'target'), /has changed since it was parked/);
    await park(5);
    await swap(6, 'target');
    assert.equal(lone.host.read(file), swapped.replace('QUORUM=2', 'QUORUM=3'));
    await swap(7, 'source');
    assert.equal(lone.host.read(file), edited);
  });

  it('keeps what it found when somebody edits the file after the swap and it is parked once more', async () => {
    await hosts().adoptHost({ ...lone.step(1), host: lone.config });
    await park(2);
    await stop(3);
    await swap(4, 'target');
    await start(5);
    lone.host.write(file, swapped.replace('10.0.0.9:2181', 'zk9:2181'), 0o640);
    await park(6);
    await stop(7);
    await swap(8, 'source');
    assert.equal(lone.host.read(file), original);
  });

  it('has nothing to do where only the answer to the start was lost', async () => {
    await hosts().adoptHost({ ...lone.step(1), host: lone.config });
    await park(2);
    await stop(3);
    await swap(4, 'target');
    await start(5);
    const pid = lone.host.mainPid('u');
    assert.deepEqual(await swap(6, 'target', hosts(), true), { changed: false });
    await refuses(swap(6, 'source', hosts(), true), /u is not held down/);
    await start(6);
    assert.equal(lone.host.mainPid('u'), pid);
  });

  it('is refused where target stood in the file before it was parked', async () => {
    lone.host.write(file, swapped, 0o640);
    await hosts().adoptHost({ ...lone.step(1), host: lone.config });
    const error = await refuses(park(2), /names target before it was parked/);
    assert.match(error.remedy, /source's URL/);
    await stop(3);
    await refuses(swap(4, 'target'), /was not parked/);
  });

  it('goes back to source where nothing was ever parked, by finding nothing to do', async () => {
    await hosts().adoptHost({ ...lone.step(1), host: lone.config });
    await stop(2);
    assert.deepEqual(await swap(3, 'source'), { changed: false });
  });

  it('lets others read the password in no file of its own', async () => {
    await hosts().adoptHost({ ...lone.step(1), host: lone.config });
    await park(2);
    await stop(3);
    await swap(4, 'target');
    const readable = Object.entries(lone.files()).filter(
      ([, text]) => text.includes('hunter2') && (parseInt(text.slice(0, 3), 8) & 0o007) !== 0,
    );
    assert.deepEqual(readable, []);
    for (const { name, text } of sent) if (name === 'swap-master-url') assert.doesNotMatch(text, /hunter2/);
  });
});
