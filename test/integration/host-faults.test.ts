import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createHostActivities } from '../../activities/hosts/index.js';
import type { Ports } from '../../activities/ports.js';
import { freeSubnet } from '../../lab/free-subnet.js';
import { isAlive } from '../../lab/hosts/processes.js';
import { SshShell } from '../../src/adapters/ssh-shell.js';
import {
  HostStepError,
  HostUnreachableError,
  NotStoppedError,
  UnknownOutcomeError,
} from '../../src/domain/host-errors.js';
import { LoneHost, until } from './lone-host.js';

describe('faults of a lab host', function () {
  this.timeout(60_000);
  let lone: LoneHost;
  let shell: SshShell;

  before(async () => {
    lone = await LoneHost.start(`${await freeSubnet()}.1`);
    shell = new SshShell(() => Promise.resolve(null));
  });
  after(async () => {
    shell.close();
    await lone.stop();
  });

  const run = (text: string, { detached = false, timeoutMs = 10_000 } = {}) =>
    shell.run(lone.config, lone.access.ssh, { name: 'step', text, detached, timeoutMs }, new AbortController().signal);
  const says = async (text: string) => (await run(text)).stdout.trim();
  const hosts = () => createHostActivities({ shell } as Partial<Ports> as Ports);
  const adopt = (generation: number) => hosts().adoptHost({ ...lone.step(generation), host: lone.config });

  it('loses the reply of so many commands that ran to their end', async () => {
    lone.host.loseReplies(2);
    for (const file of ['one', 'two']) {
      await assert.rejects(run(`echo done > ${lone.host.path(`tmp/${file}`)}; echo unheard`), UnknownOutcomeError);
      assert.equal(lone.host.read(`tmp/${file}`), 'done\n');
    }
    assert.equal(await says('echo heard'), 'heard');
  });

  it('drops a connection under a command: what is attached ends, what is detached goes on', async () => {
    const [begun, ended] = [lone.host.path('tmp/begun'), lone.host.path('tmp/ended')];
    const text = `echo $$ > ${begun}; sleep 0.6; echo x > ${ended}`;
    lone.host.dropMidCommand(1, 200);
    assert.equal(await says('echo quick'), 'quick', 'a command that ends before is not hit');
    await assert.rejects(run(text), UnknownOutcomeError);
    const pid = Number(lone.host.read('tmp/begun'));
    await until('hung up', () => !isAlive(pid));
    assert.equal(existsSync(ended), false);

    lone.host.dropMidCommand(1, 200);
    await assert.rejects(run(text, { detached: true }), UnknownOutcomeError);
    await until('the detached script ended', () => existsSync(ended));
    assert.equal(await says('echo healed'), 'healed');
  });

  it('is slow: a command starts late and answers late, its output unharmed', async () => {
    const round = 'x'.repeat(100_000);
    lone.host.slowDown(300);
    const began = performance.now();
    const { stdout, stderr, exitCode } = await run(`printf %s ${round}; echo oops >&2; exit 7`);
    assert.deepEqual({ length: stdout.length, stderr, exitCode }, { length: 100_000, stderr: 'oops\n', exitCode: 7 });
    assert.ok(performance.now() - began >= 600, 'both ways are slow');
    lone.host.slowDown(0);
    const again = performance.now();
    await run('true');
    assert.ok(performance.now() - again < 300);
  });

  it('runs nothing late for a client that is gone by then', async () => {
    lone.host.slowDown(500);
    await assert.rejects(run(`: > ${lone.host.path('tmp/late')}`, { timeoutMs: 200 }));
    lone.host.dropSshConnections();
    lone.host.slowDown(0);
    await new Promise((resolve) => setTimeout(resolve, 600));
    assert.equal(lone.exists('tmp/late'), false);
  });

  it('has a full disk: reading works, no step writes or says that it has', async () => {
    await adopt(1);
    lone.unit('sleeper', 'exec sleep 1000');
    lone.host.write('etc/there', 'before\n');
    lone.host.fillDisk(true);
    assert.equal(await says(`cat ${lone.host.path('etc/there')}; systemctl is-active sleeper`), 'before\ninactive');
    const there = lone.host.path('etc/there');
    const { exitCode, stderr } = await run(`echo after > ${there}.new && mv -f ${there}.new ${there}`);
    assert.notEqual(exitCode, 0);
    assert.equal(lone.host.read('etc/there'), 'before\n', stderr);
    const step = { ...lone.step(2), host: lone.config, unit: 'sleeper', deadline: null };
    await assert.rejects(hosts().holdUnit(step), (error: Error) => error instanceof HostStepError && error.retryable);
    await assert.rejects(hosts().prepareHold(step), (error: Error) => {
      assert.ok(error instanceof HostStepError, error.stack);
      assert.match(error.remedy, /make room/);
      return true;
    });
    assert.equal(lone.exists('var/lib/zkferry/alone/held-sleeper'), false);
    lone.host.fillDisk(false);
    await hosts().holdUnit(step);
    assert.equal(lone.exists('var/lib/zkferry/alone/held-sleeper'), true);
  });

  it('keeps one file as it is, and lets every other be replaced', async () => {
    lone.host.write('etc/mesos/zk', 'zk://source\n');
    lone.host.write('etc/mesos/other', 'a\n');
    const file = lone.host.path('etc/mesos/zk');
    const other = lone.host.path('etc/mesos/other');
    lone.host.protectFile('etc/mesos/zk', true);
    for (const text of [
      `echo new > ${file}.new && mv -f ${file}.new ${file}`,
      `mv ${file} ${file}.away`,
      `cp -p ${other} ${file}`,
      `cd ${lone.host.path('etc')}/mesos && rm -f zk`,
      `mkdir -p ${lone.host.path('tmp/x')} && echo n > ${lone.host.path('tmp/x/zk')} && mv ${lone.host.path('tmp/x/zk')} ${lone.host.path('etc/mesos')}`,
    ]) {
      const { exitCode, stderr } = await run(text);
      assert.equal(exitCode, 1, text);
      assert.match(stderr, /Read-only file system/);
    }
    assert.equal(lone.host.read('etc/mesos/zk'), 'zk://source\n');
    assert.equal(await says(`cp ${file} ${file}.kept && mv ${file}.kept ${other} && cat ${other}`), 'zk://source');
    lone.host.protectFile('etc/mesos/zk', false);
    assert.equal(await says(`echo new > ${file}.new && mv -f ${file}.new ${file} && cat ${file}`), 'new');
    assert.equal(lone.exists('usr/bin/mv'), false);
  });

  it('has a unit that dies whenever it is started, a reboot included, until that is mended', async () => {
    lone.unit('lame', 'exec sleep 1000', 'Restart=always\nRestartSec=10ms');
    await lone.host.refuseToStart('lame', true);
    void lone.host.supervisor.start('lame');
    const given = () => lone.host.supervisor.service('lame').result;
    await until('given up', () => given() === 'start-limit-hit');
    await lone.host.reboot();
    void lone.host.supervisor.start('lame');
    await until('given up again', () => given() === 'start-limit-hit');
    await lone.host.refuseToStart('lame', false);
    assert.equal(lone.host.supervisor.service('lame').activeState, 'active');
  });

  it('has a unit that takes no signal: it is never reported as stopped, and dies once it is free', async () => {
    await adopt(3);
    lone.unit('stuck', 'exec sleep 1000');
    const pid = await lone.running('stuck');
    lone.host.refuseToStop('stuck', true);
    const step = { ...lone.step(3), host: lone.config, unit: 'stuck', graceMs: 100, deadline: null };
    await assert.rejects(hosts().stopHeld(step), NotStoppedError);
    assert.equal(isAlive(pid), true);
    assert.equal(await says('systemctl show -p ActiveState --value stuck'), 'deactivating');
    lone.host.refuseToStop('stuck', false);
    await hosts().stopHeld(step);
    assert.equal(isAlive(pid), false);
  });

  it('answers at all again after everything', async () => {
    await lone.host.sshDown();
    await assert.rejects(run('true'), HostUnreachableError);
    await lone.host.sshUp();
    assert.equal(await says('echo here'), 'here');
  });
});
