import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { HostActivities } from '../../activities/contract.js';
import { createHostActivities } from '../../activities/hosts/index.js';
import type { Ports } from '../../activities/ports.js';
import { SshShell } from '../../src/adapters/ssh-shell.js';
import type { AgentConfig, FrameworkInstanceConfig, MasterUrlPlace, ServerConfig } from '../../src/domain/config.js';
import { DeadlineError, FencedError, HostStepError, UnknownOutcomeError } from '../../src/domain/host-errors.js';
import type { MasterUrl } from '../../src/domain/plan.js';
import type { HostShell } from '../../src/ports/host-shell.js';
import { resolveSecret } from '../../src/config/credentials.js';
import { LoneHost, until } from './lone-host.js';

const url: MasterUrl = { servers: [{ address: '10.0.0.9', port: 2181 }], path: '/mesos', credentialsOf: 'source' };
const otherUrl: MasterUrl = { ...url, servers: [{ address: '10.0.0.8', port: 2181 }] };

for (const systemdVersion of [252, 257]) {
  describe(`the host activities with systemd ${String(systemdVersion)}`, function () {
    this.timeout(60_000);
    let lone: LoneHost;
    let shell: SshShell;
    let hosts: HostActivities;

    beforeEach(async () => {
      lone = await LoneHost.start(`127.27.2.${String(systemdVersion - 250)}`, systemdVersion);
      shell = new SshShell(resolveSecret);
      hosts = activitiesOver(shell);
    });
    afterEach(async () => {
      shell.close();
      await lone.stop();
    });

    const activitiesOver = (over: HostShell, secret: string | null = null): HostActivities =>
      createHostActivities({ shell: over, secrets: () => Promise.resolve(secret) } as unknown as Ports);
    const fails = async <T extends Error>(work: Promise<unknown>, kind: new (...args: never[]) => T): Promise<T> => {
      const error: unknown = await work.then(
        () => assert.fail('it succeeded'),
        (cause: unknown) => cause,
      );
      assert.ok(error instanceof kind, String(error));
      return error;
    };
    const adopt = (generation: number, migration = 'm1') =>
      hosts.adoptHost({ ...lone.step(generation, migration), host: lone.config });
    const generation = () => readFileSync(join(lone.state, 'generation'), 'utf8');
    const stop = (n: number, graceMs = 2_000) =>
      hosts.stopHeld({ ...lone.step(n), host: lone.config, unit: 'u', graceMs, deadline: null });
    const lift = (n: number, start: boolean, deadline: number | null = null) =>
      hosts.liftHold({ ...lone.step(n), host: lone.config, unit: 'u', start, deadline });
    const release = (n: number, units = ['u']) => hosts.releaseHost({ ...lone.step(n), host: lone.config, units });

    describe('the fence', () => {
      it('lets nobody act on a host that was not adopted', async () => {
        lone.unit('u', 'exec sleep 1000');
        const pid = await lone.running('u');
        await fails(stop(1), FencedError);
        assert.equal(lone.host.mainPid('u'), pid);
        assert.ok(!existsSync(lone.state));
      });

      it('lets a lower generation change nothing', async () => {
        lone.unit('u', 'exec sleep 1000');
        const pid = await lone.running('u');
        await adopt(5);
        const before = lone.files();
        const error = await fails(stop(4), FencedError);
        assert.equal(error.code, 'FERRY_FENCED');
        assert.deepEqual(lone.files(), before);
        assert.equal(lone.host.mainPid('u'), pid);
      });

      it('lets another migration change nothing, and names the one in force when it adopts', async () => {
        lone.unit('u', 'exec sleep 1000');
        await lone.running('u');
        await adopt(5);
        const before = lone.files();
        await fails(
          hosts.stopHeld({
            ...lone.step(9, 'm2'),
            host: lone.config,
            unit: 'u',
            graceMs: 1_000,
            deadline: null,
          }),
          FencedError,
        );
        const error = await fails(adopt(9, 'm2'), HostStepError);
        assert.match(error.message, /m1/);
        assert.equal(error.retryable, false);
        assert.deepEqual(lone.files(), before);
      });

      it('passes to a migration that takes over, which fences off every step of the one of before', async () => {
        lone.unit('u', 'exec sleep 1000');
        const pid = await lone.running('u');
        await adopt(5);
        await lift(7, false);
        const takeOver = (n: number, from: string) =>
          hosts.adoptHost({ ...lone.step(n, 'm2'), host: lone.config, from: [from, 'm00'] });
        await fails(takeOver(1_007, 'm0'), HostStepError);
        await fails(takeOver(7, 'm1'), HostStepError);
        assert.equal(generation(), 'm1 7\n');
        await takeOver(1_007, 'm1');
        await takeOver(1_007, 'm1');
        assert.equal(generation(), 'm2 1007\n');
        await fails(stop(2_000), FencedError);
        await fails(adopt(2_000), HostStepError);
        assert.equal(lone.host.mainPid('u'), pid);
      });

      it('remembers the highest generation it acted for', async () => {
        lone.unit('u', 'exec sleep 1000');
        await lone.running('u');
        await adopt(1);
        await stop(7);
        assert.equal(generation(), 'm1 7\n');
        await fails(lift(6, true), FencedError);
        assert.equal(lone.host.mainPid('u'), null);
      });

      it('keeps a frozen step of an earlier stage from doing anything when it wakes up', async () => {
        lone.unit('u', 'exec sleep 1000');
        await lone.running('u');
        await adopt(1);
        await stop(2);
        // Somebody holds the lock, so that the step to come waits right before the fence.
        const lock = await hold(join(lone.state, 'lock'));
        const late = lift(2, true).then(
          () => 'acted',
          (error: unknown) => (error as Error).constructor.name,
        );
        let frozen: number[] = [];
        await until('the step waits for the lock', () => (frozen = waitingFor(lone, 'flock')).length > 0);
        for (const pid of frozen) process.kill(pid, 'SIGSTOP');
        // A signal takes its time; one that still waits when the lock falls free would take it.
        await until('the step stands still', () =>
          frozen.every((pid) => / T /.test(read(`/proc/${String(pid)}/stat`))),
        );
        lock.kill('SIGKILL');
        await stop(3);
        for (const pid of frozen) process.kill(pid, 'SIGCONT');
        assert.equal(await late, 'FencedError');
        assert.equal(lone.host.mainPid('u'), null);
        assert.ok(existsSync(join(lone.state, 'held-u')));
      });

      it('names host and remedy when the state folder cannot be made', async () => {
        lone.host.write('var/lib/zkferry', 'in the way');
        const error = await fails(adopt(1), HostStepError);
        assert.equal(error.host, 'h1');
        assert.match(error.message, /cannot create .*zkferry/);
        assert.notEqual(error.remedy, '');
      });
    });

    describe('the hold', () => {
      it('keeps a unit down against its own restart, a start by hand and a reboot', async () => {
        lone.unit('u', 'exec sleep 1000');
        lone.host.supervisor.setEnabled('u', true);
        const pid = await lone.running('u');
        await adopt(1);
        await hosts.prepareHold({ ...lone.step(2), host: lone.config, unit: 'u' });
        await hosts.holdUnit({ ...lone.step(3), host: lone.config, unit: 'u', deadline: null });
        assert.equal(lone.host.mainPid('u'), pid, 'holding alone stops nothing');
        process.kill(pid, 'SIGKILL');
        await until('the process is gone', () => lone.host.mainPid('u') === null);
        await lone.host.supervisor.start('u');
        await delay(300);
        assert.equal(lone.host.mainPid('u'), null);
        await lone.host.reboot();
        await delay(200);
        assert.equal(lone.host.mainPid('u'), null);
        await lift(4, true);
        await until('it runs again', () => lone.host.mainPid('u') !== null);
      });

      it('stops with proof, by SIGKILL when a process ignores SIGTERM', async () => {
        lone.unit(
          'u',
          'trap "" TERM\nwhile :; do sleep 0.1; done',
          'Restart=always\nRestartSec=50ms\nTimeoutStopSec=600',
        );
        const pid = await lone.running('u');
        await adopt(1);
        const began = performance.now();
        await stop(2, 300);
        assert.ok(performance.now() - began < 8_000);
        assert.ok(!existsSync(`/proc/${String(pid)}`));
        assert.equal(lone.host.supervisor.service('u').activeState === 'active', false);
      });

      it('holds a unit that was never prepared, too', async () => {
        lone.unit('u', 'exec sleep 1000');
        lone.host.supervisor.setEnabled('u', true);
        await lone.running('u');
        await adopt(1);
        await stop(2);
        await lone.host.reboot();
        await delay(200);
        assert.equal(lone.host.mainPid('u'), null);
      });

      it('takes effect although a crash came between the drop-in and the reload', async () => {
        lone.unit('u', 'exec sleep 1000');
        const pid = await lone.running('u');
        await adopt(1);
        await hosts.prepareHold({ ...lone.step(2), host: lone.config, unit: 'u' });
        const dropIn = 'etc/systemd/system/u.service.d/90-zkferry.conf';
        const text = lone.host.read(dropIn);
        rmSync(lone.host.path(dropIn));
        lone.host.supervisor.daemonReload();
        lone.host.write(dropIn, text);
        await hosts.holdUnit({ ...lone.step(3), host: lone.config, unit: 'u', deadline: null });
        process.kill(pid, 'SIGKILL');
        await until('the process is gone', () => lone.host.mainPid('u') === null);
        await delay(300);
        assert.equal(lone.host.mainPid('u'), null);
      });

      it('starts nothing at or after the deadline, but still stops', async () => {
        lone.unit('u', 'exec sleep 1000');
        await lone.running('u');
        await adopt(1);
        const past = Date.now() - 1;
        await hosts.stopHeld({ ...lone.step(2), host: lone.config, unit: 'u', graceMs: 1_000, deadline: past });
        await fails(lift(3, true, past), DeadlineError);
        assert.ok(existsSync(join(lone.state, 'held-u')));
      });

      it('does the same when two run at once', async () => {
        lone.unit('u', 'exec sleep 1000');
        await lone.running('u');
        await adopt(1);
        await Promise.all([stop(2), stop(2)]);
        assert.equal(lone.host.mainPid('u'), null);
        await Promise.all([lift(3, true), lift(3, true)]);
        await until('it runs', () => lone.host.mainPid('u') !== null);
      });
    });

    describe('the release', () => {
      it('leaves the host as it was found', async () => {
        lone.unit('u', 'exec sleep 1000');
        await lone.running('u');
        const before = lone.files();
        await adopt(1);
        await hosts.prepareHold({ ...lone.step(2), host: lone.config, unit: 'u' });
        await stop(3);
        await lift(4, true);
        await until('it runs', () => lone.host.mainPid('u') !== null);
        await release(5);
        assert.deepEqual(lone.files(), before);
        await release(5);
        assert.deepEqual(lone.files(), before);
      });

      it('refuses while a unit is held down', async () => {
        lone.unit('u', 'exec sleep 1000');
        await lone.running('u');
        await adopt(1);
        await stop(2);
        assert.match((await fails(release(3), HostStepError)).message, /u is still held/);
      });

      it('keeps what other units of the same machine need', async () => {
        lone.unit('u', 'exec sleep 1000');
        lone.unit('v', 'exec sleep 1000');
        const before = lone.files();
        await adopt(1);
        for (const unit of ['u', 'v']) await hosts.prepareHold({ ...lone.step(2), host: lone.config, unit });
        await release(3, ['u']);
        assert.ok(!lone.exists('etc/systemd/system/u.service.d'));
        assert.ok(lone.exists('etc/systemd/system/v.service.d/90-zkferry.conf'));
        await hosts.holdUnit({ ...lone.step(4), host: lone.config, unit: 'v', deadline: null });
        await lift(5, false).catch(() => undefined);
        await hosts.liftHold({ ...lone.step(5), host: lone.config, unit: 'v', start: false, deadline: null });
        await release(6, ['v', 'u']);
        assert.deepEqual(lone.files(), before);
      });
    });

    describe('repointing', () => {
      const place: MasterUrlPlace = { kind: 'envFile', path: '/etc/default/u', key: 'MASTER' };
      const agent = (masterUrl: MasterUrlPlace = place): AgentConfig => ({
        ...lone.config,
        httpPort: 5051,
        unit: 'u',
        masterUrl,
      });
      const instance = (): FrameworkInstanceConfig => ({ ...lone.config, unit: 'u', masterUrl: place });
      const repoint = (n: number, to: MasterUrl | null, over = hosts) =>
        over.repointAgent({ ...lone.step(n), agent: agent(), url: to });
      const original = '# by hand\nOTHER=1\nexport MASTER=`cat /etc/mesos/zk`  # shared\n';
      /** What each process of the unit read, in order. */
      const starts = (): string[] =>
        existsSync(lone.host.path('starts')) ? lone.host.read('starts').trim().split('\n') : [];

      beforeEach(async () => {
        lone.host.write('etc/default/u', original, 0o640);
        lone.unit(
          'u',
          `grep MASTER= '${lone.host.path('etc/default/u')}' >> '${lone.host.path('starts')}'\nexec sleep 1000`,
        );
        await lone.running('u');
        await until('it has read its file', () => starts().length === 1);
        await adopt(1);
      });

      it('writes the URL and restarts, once', async () => {
        const before = lone.host.mainPid('u');
        const first = await repoint(2, url);
        assert.equal(first.changed, true);
        assert.equal(first.mainPidBefore, before);
        assert.equal(first.mainPid, lone.host.mainPid('u'));
        assert.notEqual(first.mainPid, before);
        assert.ok(Math.abs(Date.parse(first.restartedAt) - Date.now()) < 5_000);
        assert.equal(lone.host.read('etc/default/u'), '# by hand\nOTHER=1\nexport MASTER=zk://10.0.0.9:2181/mesos\n');
        const second = await repoint(2, url);
        assert.equal(second.changed, false);
        assert.equal(second.mainPid, first.mainPid);
        assert.equal(starts().length, 2);
      });

      it('puts the file back byte for byte, mode included, and restarts', async () => {
        await repoint(2, url);
        await repoint(3, otherUrl);
        const report = await repoint(4, null);
        assert.equal(report.changed, true);
        assert.equal(lone.host.read('etc/default/u'), original);
        assert.equal(statSync(lone.host.path('etc/default/u')).mode & 0o777, 0o640);
        assert.equal(starts().length, 4);
        assert.equal((await repoint(4, null)).changed, false);
        assert.equal(starts().length, 4);
      });

      it('restarts nothing when there is nothing to put back', async () => {
        const pid = lone.host.mainPid('u');
        assert.deepEqual(
          { ...(await repoint(2, null)), restartedAt: '' },
          {
            changed: false,
            mainPidBefore: pid,
            mainPid: pid,
            restartedAt: '',
          },
        );
      });

      /** Lets a step end right where a script says `before`, as a power cut would. */
      const crashBefore = (before: RegExp): HostActivities =>
        activitiesOver({
          run: (host, ssh, script, signal) =>
            shell.run(
              host,
              ssh,
              { ...script, text: script.text.replace(before, (line) => `kill -9 $$\n${line}`) },
              signal,
            ),
        });

      it('heals a crash between the edit and the restart', async () => {
        await fails(repoint(2, url, crashBefore(/^old=$/m)), HostStepError);
        assert.match(lone.host.read('etc/default/u'), /10\.0\.0\.9/);
        assert.equal(starts().length, 1);
        assert.equal((await repoint(2, url)).changed, true);
        assert.match(starts()[1] ?? '', /10\.0\.0\.9/);
      });

      it('heals a crash right before the restart', async () => {
        await fails(repoint(2, url, crashBefore(/^if \[ "\$now" = "\$old" \]/m)), HostStepError);
        assert.equal(starts().length, 1);
        await repoint(2, url);
        assert.match(starts()[1] ?? '', /10\.0\.0\.9/);
      });

      it('goes back after a crash right behind the restart', async () => {
        await fails(repoint(2, url, crashBefore(/^unlock$/m)), HostStepError);
        await until('it has restarted', () => starts().length === 2);
        const report = await repoint(3, null);
        assert.equal(report.changed, true);
        assert.equal(lone.host.read('etc/default/u'), original);
        assert.equal(starts().length, 3);
        assert.match(starts()[2] ?? '', /cat \/etc\/mesos\/zk/);
      });

      it('goes on when the link drops in the middle', async () => {
        // The step is in the middle, neither before nor behind it, while somebody else holds its lock.
        const lock = await hold(join(lone.state, 'lock'));
        const cut = fails(repoint(2, url), UnknownOutcomeError);
        await until('the step waits for the lock', () => waitingFor(lone, 'flock').length > 0);
        lone.host.dropSshConnections();
        await cut;
        lock.kill('SIGKILL');
        // As Temporal would: again until it holds, for the first one is still at work.
        for (let tries = 1; !(await repoint(2, url).catch(() => null)); tries += 1) assert.ok(tries < 20);
        assert.match(lone.host.read('etc/default/u'), /10\.0\.0\.9/);
        assert.match(starts().at(-1) ?? '', /10\.0\.0\.9/);
        assert.equal(starts().length, 2);
      });

      it('restarts once when two run at once', async () => {
        await Promise.allSettled([repoint(2, url), repoint(2, url)]);
        await repoint(2, url);
        assert.equal(starts().length, 2);
      });

      it('starts a process that was down', async () => {
        await lone.host.supervisor.stop('u');
        const report = await repoint(2, url);
        assert.equal(report.mainPidBefore, null);
        assert.match(starts()[1] ?? '', /10\.0\.0\.9/);
      });

      it('kills a scheduler rather than stop it, and starts it again without its restart delay', async () => {
        lone.host.write(
          'usr/bin/u',
          `${lone.host.read('usr/bin/u').replace('exec sleep 1000', `trap 'echo TERM >> "${lone.host.path('starts')}"; exit' TERM; while :; do sleep 0.1; done`)}`,
          0o755,
        );
        lone.host.write(
          'etc/systemd/system/u.service',
          lone.host.read('etc/systemd/system/u.service').replace('RestartSec=50ms', 'RestartSec=20'),
        );
        await lone.host.supervisor.stop('u');
        lone.host.supervisor.daemonReload();
        await lone.running('u');
        await until('it has read its file', () => starts().length === 2);
        const began = performance.now();
        await hosts.repointFramework({ ...lone.step(2), instance: instance(), stop: 'sigkill', url });
        // Before 254, `start` waits for the restart delay to end.
        if (systemdVersion >= 254) assert.ok(performance.now() - began < 10_000);
        assert.deepEqual(
          starts().map((line) => (line === 'TERM' ? line : 'start')),
          ['start', 'start', 'start'],
        );
      });

      it('starts a scheduler again whose unit would not restart by itself', async () => {
        lone.host.write(
          'etc/systemd/system/u.service',
          lone.host.read('etc/systemd/system/u.service').replace('Restart=always', 'Restart=no'),
        );
        lone.host.supervisor.daemonReload();
        await hosts.repointFramework({ ...lone.step(2), instance: instance(), stop: 'sigkill', url });
        assert.match(starts()[1] ?? '', /10\.0\.0\.9/);
      });

      it('follows a link to the file and leaves it a link', async () => {
        rmSync(lone.host.path('etc/default/u'));
        lone.host.write('etc/real', original);
        symlinkSync(lone.host.path('etc/real'), lone.host.path('etc/default/u'));
        await repoint(2, url);
        assert.match(lone.host.read('etc/real'), /10\.0\.0\.9/);
        await repoint(3, null);
        assert.equal(lone.host.read('etc/real'), original);
        assert.equal(lone.files()['etc/default/u'], 'special');
      });

      it('believes the process rather than the file', async () => {
        const text = 'zk://10.0.0.9:2181/mesos';
        lone.host.write('usr/bin/u', `#!/bin/sh\nexec '${lone.host.path('usr/bin/real')}' "--master=${text}"\n`, 0o755);
        lone.host.write('usr/bin/real', '#!/bin/sh\nwhile :; do sleep 0.1; done\n', 0o755);
        lone.host.write('etc/default/u', `MASTER=${text}\n`);
        await lone.host.supervisor.stop('u');
        const pid = await lone.running('u');
        await until('the program shows its own arguments', () => read(`/proc/${String(pid)}/cmdline`).includes(text));
        const report = await repoint(2, url);
        assert.deepEqual([report.changed, report.mainPid], [false, pid]);
      });

      it('shows a password neither in arguments nor in what it reports', async () => {
        const own = activitiesOver(shell, 'user:hunter2');
        const seen: string[] = [];
        const watching = setInterval(() => {
          seen.push(argumentsOf(lone));
        }, 5);
        const report = await repoint(2, url, own);
        clearInterval(watching);
        assert.match(lone.host.read('etc/default/u'), /zk:\/\/user:hunter2@10\.0\.0\.9/);
        assert.doesNotMatch(JSON.stringify(report), /hunter2/);
        assert.ok(seen.length > 3);
        assert.doesNotMatch(seen.join('\n'), /hunter2/);
      });

      it('refuses a file that assigns the variable twice, without its content in the message', async () => {
        lone.host.write('etc/default/u', 'MASTER=zk://u:hunter2@a:1/m\nMASTER=zk://b:1/m\n');
        const before = lone.files();
        const error = await fails(repoint(2, url), HostStepError);
        assert.equal(error.retryable, false);
        assert.doesNotMatch(error.message, /hunter2/);
        assert.deepEqual(lone.files(), before);
      });

      it('never puts a visible file beside flag files', async () => {
        lone.host.write('etc/mesos-slave/master', 'zk://10.0.0.1:2181/mesos\n');
        const flag: MasterUrlPlace = { kind: 'file', path: '/etc/mesos-slave/master' };
        const crash = crashBefore(/mv -f "\$aside" "\$1"/);
        await fails(crash.repointAgent({ ...lone.step(2), agent: agent(flag), url }), Error);
        const visible = lone.files();
        assert.deepEqual(
          Object.keys(visible).filter((path) => /^etc\/mesos-slave\/[^.]/.test(path)),
          ['etc/mesos-slave/master'],
        );
        await hosts.repointAgent({ ...lone.step(2), agent: agent(flag), url });
        assert.equal(lone.host.read('etc/mesos-slave/master'), 'zk://10.0.0.9:2181/mesos\n');
      });

      it('leaves nothing behind', async () => {
        const before = lone.files();
        await repoint(2, url);
        await repoint(3, null);
        await release(4);
        const after = lone.files();
        // Only its own log of starts differs; the host had been adopted before the first look.
        Reflect.deleteProperty(after, 'starts');
        const notOurs = ([path]: [string, string]): boolean => path !== 'starts' && !path.includes('zkferry');
        assert.deepEqual(after, Object.fromEntries(Object.entries(before).filter(notOurs)));
      });

      it('says what is wrong when the file cannot be written', async function () {
        if (process.getuid?.() !== 0) this.skip();
        // A folder that is a full file system of its own.
        const folder = lone.host.path('etc/full');
        mkdirSync(folder);
        const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'tmpfs', folder]).status === 0;
        if (!mounted) this.skip();
        try {
          writeFileSync(join(folder, 'u'), 'MASTER=zk://10.0.0.1:2181/mesos\n');
          chmodSync(join(folder, 'u'), 0o640);
          writeFileSync(join(folder, 'rest'), Buffer.alloc(4096));
          const full: MasterUrlPlace = { kind: 'envFile', path: '/etc/full/u', key: 'MASTER' };
          const error = await fails(hosts.repointAgent({ ...lone.step(2), agent: agent(full), url }), HostStepError);
          assert.match(error.message, /cannot write .*etc\/full\/u.*No space left/s);
          assert.match(error.remedy, /make room on the file system/);
          assert.equal(error.host, 'h1');
          assert.equal(readFileSync(join(folder, 'u'), 'utf8'), 'MASTER=zk://10.0.0.1:2181/mesos\n');
          assert.equal(starts().length, 1);
        } finally {
          spawnSync('umount', [folder]);
        }
      });
    });

    describe('the epoch', () => {
      const server = (): ServerConfig => ({
        ...lone.config,
        id: 1,
        clientPort: 2181,
        quorumPort: 2888,
        electionPort: 3888,
        unit: 'u',
        configFile: '/etc/zookeeper/conf/zoo.cfg',
        dataDir: '/var/lib/zookeeper',
        dataLogDir: null,
        owner: null,
      });
      const accepted = 'var/lib/zookeeper/version-2/acceptedEpoch';
      const current = 'var/lib/zookeeper/version-2/currentEpoch';
      const write = (n: number, epoch: string) => hosts.writeEpoch({ ...lone.step(n), server: server(), epoch });

      beforeEach(async () => {
        lone.unit('u', 'exec sleep 1000');
        lone.host.write(accepted, '7');
        lone.host.write(current, '7');
        await lone.running('u');
        await adopt(1);
      });

      it('is not written while the server runs', async () => {
        assert.match((await fails(write(2, '107'), HostStepError)).message, /not stopped/);
        assert.equal(lone.host.read(accepted), '7');
      });

      it('is raised on a stopped server, as bare digits, and never lowered', async () => {
        await hosts.stopServer({ ...lone.step(2), server: server() });
        await write(3, '107');
        await write(3, '107');
        assert.equal(lone.host.read(accepted), '107');
        assert.equal(lone.host.read(current), '7');
        assert.match((await fails(write(4, '90'), HostStepError)).message, /107/);
        await hosts.startServer({ ...lone.step(5), server: server() });
        await until('it runs', () => lone.host.mainPid('u') !== null);
      });

      it('is put back when no new leader has formed, and only then', async () => {
        await hosts.stopServer({ ...lone.step(2), server: server() });
        await write(3, '107');
        await hosts.restoreEpoch({ ...lone.step(4), server: server() });
        assert.equal(lone.host.read(accepted), '7');
        await write(5, '107');
        lone.host.write(current, '108');
        assert.match(
          (await fails(hosts.restoreEpoch({ ...lone.step(6), server: server() }), HostStepError)).message,
          /108/,
        );
        assert.equal(lone.host.read(accepted), '107');
      });

      it('starts from nothing on a server without data, and goes back to nothing', async () => {
        rmSync(lone.host.path('var/lib/zookeeper/version-2'), { recursive: true });
        await hosts.stopServer({ ...lone.step(2), server: server() });
        await write(3, '107');
        assert.equal(lone.host.read(accepted), '107');
        await hosts.restoreEpoch({ ...lone.step(4), server: server() });
        assert.ok(!lone.exists(accepted));
      });
    });
  });
}

/** Holds a file's lock until it is killed. */
async function hold(path: string): Promise<ChildProcess> {
  const child = spawn('flock', [path, 'sh', '-c', 'echo held; exec sleep 1000'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  return Object.assign(child, { kill: () => process.kill(-(child.pid ?? 0), 'SIGKILL') });
}

/** Processes of the host's ssh sessions that belong to a script in which `name` runs now. */
function waitingFor(lone: LoneHost, name: string): number[] {
  const all = lone.host.processes();
  const names = all.map((pid) => ({ pid, comm: read(`/proc/${String(pid)}/comm`).trim() }));
  return names.some(({ comm }) => comm === name)
    ? names.filter(({ comm }) => comm === name || comm === 'sh').map(({ pid }) => pid)
    : [];
}

function argumentsOf(lone: LoneHost): string {
  return lone.host
    .processes()
    .map((pid) => read(`/proc/${String(pid)}/cmdline`).replaceAll('\0', ' '))
    .join('\n');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
