import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, killAll, processesOfHost } from '../../lab/hosts/processes.js';
import { Supervisor } from '../../lab/hosts/supervisor.js';
import { runSystemctl } from '../../lab/hosts/systemctl.js';

describe('the supervisor of a lab host', function () {
  this.timeout(10_000);
  let root: string;
  let supervisor: Supervisor;
  let journal: string[];

  const surroundings = (systemdVersion: number) => ({
    host: 'h',
    root,
    systemdVersion,
    onStart: (unit: string) => void journal.push(`start ${unit}`),
    onExit: (unit: string, _pid: number, code: number | null, signal: string | null) =>
      void journal.push(`exit ${unit} ${signal ?? String(code)}`),
  });
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const unit = (name: string, service: string, unitSection = '') => {
    write(
      `etc/systemd/system/${name}.service`,
      `[Unit]\n${unitSection}\n[Service]\n${service}\n[Install]\nWantedBy=multi-user.target\n`,
    );
  };
  const systemctl = (line: string) => runSystemctl(supervisor, line.split(' '));
  const until = async (what: string, holds: () => boolean) => {
    for (const end = performance.now() + 5_000; !holds(); await delay(5)) {
      if (performance.now() > end) assert.fail(`${what}: never; journal ${JSON.stringify(journal)}`);
    }
  };

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'zkferry-supervisor-'));
    journal = [];
    supervisor = new Supervisor(surroundings(257));
  });
  afterEach(async () => {
    await Promise.all([supervisor.cutPower(), killAll(() => processesOfHost(root))]);
    rmSync(root, { recursive: true, force: true });
  });

  it('starts a unit, says who runs, and stops it with SIGTERM', async () => {
    unit('a', 'ExecStart=/bin/sleep 1000');
    assert.equal((await systemctl('start a')).code, 0);
    const shown = await systemctl('show a -p ActiveState,SubState,MainPID');
    assert.match(shown.stdout, /^MainPID=[1-9]\d*\nActiveState=active\nSubState=running\n$/);
    assert.equal((await systemctl('stop a')).code, 0);
    assert.deepEqual(journal, ['start a.service', 'exit a.service SIGTERM']);
    assert.deepEqual(await systemctl('is-active a'), { code: 3, stdout: 'inactive\n', stderr: '' });
    assert.equal((await systemctl('show -p Result --value a')).stdout, 'success\n');
  });

  it('restarts a crashed unit after its delay, and counts', async () => {
    unit('a', 'ExecStart=/bin/sleep 1000\nRestart=always\nRestartSec=200ms');
    await supervisor.start('a');
    const service = supervisor.service('a');
    const before = service.mainPid;
    await systemctl('kill -s KILL --kill-who=main a');
    await until('auto-restart', () => service.subState === 'auto-restart');
    assert.deepEqual(await systemctl('is-active a'), { code: 3, stdout: 'activating\n', stderr: '' });
    await until('running', () => service.subState === 'running');
    assert.notEqual(service.mainPid, before);
    assert.equal(service.restarts, 1);
  });

  it('cancels a pending restart when the unit is stopped', async () => {
    unit('a', 'ExecStart=/bin/sh -c "exit 1"\nRestart=always\nRestartSec=1h');
    await supervisor.start('a');
    await until('auto-restart', () => supervisor.service('a').subState === 'auto-restart');
    assert.equal((await systemctl('stop a')).code, 0);
    assert.equal(supervisor.service('a').activeState, 'inactive');
    assert.deepEqual(journal, ['start a.service', 'exit a.service 1']);
  });

  it('on-failure leaves a unit down that ended well', async () => {
    unit('a', 'ExecStart=/bin/true\nRestart=on-failure\nRestartSec=0');
    await supervisor.start('a');
    await until('dead', () => supervisor.service('a').subState === 'dead');
    assert.deepEqual(journal, ['start a.service', 'exit a.service 0']);
  });

  it('skips a start whose condition does not hold, and calls that success', async () => {
    unit('a', 'ExecStart=/bin/sleep 1000', `ConditionPathExists=!${root}/held`);
    write('held', '');
    assert.deepEqual(await systemctl('start a'), { code: 0, stdout: '', stderr: '' });
    assert.equal((await systemctl('show a -p ActiveState,ConditionResult --value')).stdout, 'inactive\nno\n');
    rmSync(join(root, 'held'));
    await systemctl('start a');
    assert.equal(supervisor.service('a').activeState, 'active');
  });

  const crashWhileHeld = async (service: string, unitSection = '') => {
    unit('a', `ExecStart=/bin/sleep 1000\nRestart=always\nRestartSec=50ms\n${service}`, unitSection);
    await supervisor.start('a');
    write('held', '');
    await systemctl('kill -s KILL --kill-who=main a');
    await until('restarted or given up', () => journal.length === 3 || supervisor.service('a').subState === 'dead');
  };

  it('looks at conditions before an automatic restart up to systemd 253', async () => {
    supervisor = new Supervisor(surroundings(252));
    await crashWhileHeld('', `ConditionPathExists=!${root}/held`);
    assert.equal(supervisor.service('a').activeState, 'inactive');
  });

  it('does not look at them again before an automatic restart from systemd 254 on', async () => {
    await crashWhileHeld('', `ConditionPathExists=!${root}/held`);
    assert.equal(supervisor.service('a').activeState, 'active');
  });

  it('asks ExecCondition before every start in any release', async () => {
    await crashWhileHeld(`ExecCondition=/bin/sh -c 'test ! -e ${root}/held'`);
    assert.equal(supervisor.service('a').activeState, 'inactive');
    assert.equal(supervisor.service('a').result, 'exec-condition');
    assert.deepEqual(await systemctl('start a'), { code: 0, stdout: '', stderr: '' });
    assert.equal(supervisor.service('a').activeState, 'inactive');
  });

  it('start during the restart delay starts at once from 254 on and waits before', async () => {
    for (const [version, expected] of [
      [257, 'active'],
      [252, 'activating'],
    ] as const) {
      supervisor = new Supervisor(surroundings(version));
      unit(
        `v${String(version)}`,
        `ExecStart=/bin/sh -c 'test -e ${root}/ok && exec sleep 1000'\nRestart=always\nRestartSec=1h`,
      );
      const service = supervisor.service(`v${String(version)}`);
      rmSync(join(root, 'ok'), { force: true });
      await service.start();
      await until('auto-restart', () => service.subState === 'auto-restart');
      write('ok', '');
      await systemctl(`start --no-block v${String(version)}`);
      assert.equal(service.activeState, expected);
      await Promise.all([supervisor.cutPower(), killAll(() => processesOfHost(root))]);
    }
  });

  it('kills what does not stop in time', async () => {
    unit(
      'a',
      `ExecStart=/bin/sh -c 'trap "" TERM; touch ${root}/up; while :; do sleep 0.05; done'\nTimeoutStopSec=200ms`,
    );
    await supervisor.start('a');
    await until('up', () => existsSync(join(root, 'up')));
    await systemctl('stop a');
    assert.deepEqual(journal, ['start a.service', 'exit a.service SIGKILL']);
    assert.equal((await systemctl('show -p ActiveState,Result a')).stdout, 'Result=timeout\nActiveState=failed\n');
  });

  const withChild = async (killMode: string) => {
    unit(
      'a',
      `ExecStart=/bin/sh -c 'setsid sleep 1000 & echo $! >${root}/child; exec sleep 1000'\nKillMode=${killMode}`,
    );
    await supervisor.start('a');
    const file = join(root, 'child');
    await until('child', () => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n'));
    const main = supervisor.service('a').mainPid;
    await until('both run', () => processesOfHost(root).length === 2);
    const child = processesOfHost(root).find((pid) => pid !== main) ?? 0;
    await systemctl('stop a');
    return isAlive(child);
  };

  it('leaves other processes of the unit alone with KillMode=process', async () => {
    assert.equal(await withChild('process'), true);
  });

  it('ends detached processes too with KillMode=control-group', async () => {
    assert.equal(await withChild('control-group'), false);
  });

  it('ends detached processes too with KillMode=mixed', async () => {
    assert.equal(await withChild('mixed'), false);
  });

  it('gives up after too many starts, until the failure is reset', async () => {
    unit('a', 'ExecStart=/bin/false\nRestart=always\nRestartSec=0');
    await supervisor.start('a');
    await until('failed', () => supervisor.service('a').subState === 'failed');
    assert.equal(supervisor.service('a').result, 'start-limit-hit');
    assert.equal(journal.filter((line) => line.startsWith('start')).length, 5);
    const refused = await systemctl('start a');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /Job for a\.service failed/);
    await systemctl('reset-failed a');
    assert.equal((await systemctl('start a')).code, 0);
  });

  it('counts starts from the first one on, however long the lab has been up', async () => {
    // A window of 10 s that began with the process would end in the middle.
    performance.now = () => (journal.length === 0 ? 9_000 : 10_500);
    try {
      unit('a', 'ExecStart=/bin/false\nRestart=always\nRestartSec=0');
      await supervisor.start('a');
      await until('failed', () => supervisor.service('a').subState === 'failed');
      assert.equal(journal.filter((line) => line.startsWith('start')).length, 5);
    } finally {
      Reflect.deleteProperty(performance, 'now');
    }
  });

  it('lets a later stop cancel a restart that still waits', async () => {
    // Not one long sleep: the SIGTERM goes to the whole control group.
    const ending = `while [ ! -e ${root}/go ]; do sleep 0.02; done; exit 0`;
    unit('a', `ExecStart=/bin/sh -c 'trap "${ending}" TERM; touch ${root}/up; while :; do sleep 0.02; done'`);
    await supervisor.start('a');
    await until('up', () => existsSync(join(root, 'up')));
    const restarting = systemctl('restart a');
    await until('stopping', () => supervisor.service('a').activeState === 'deactivating');
    const stopping = systemctl('stop a');
    const restarted = await restarting;
    writeFileSync(join(root, 'go'), '');
    const stopped = await stopping;
    assert.deepEqual([restarted.code, restarted.stderr], [1, 'Job for a.service canceled.\n']);
    assert.equal(stopped.code, 0);
    assert.equal(supervisor.service('a').activeState, 'inactive');
  });

  it('takes a file for unchanged whose time is ahead of the clock', async () => {
    unit('a', 'ExecStart=/bin/sleep 1000');
    const ahead = new Date(Date.now() + 60_000);
    utimesSync(join(root, 'etc/systemd/system/a.service'), ahead, ahead);
    assert.equal((await systemctl('start a')).stderr, '');
    assert.equal((await systemctl('show a -p NeedDaemonReload --value')).stdout, 'no\n');
  });

  it('uses changed files only after daemon-reload', async () => {
    unit('a', 'ExecStart=/bin/sleep 1000\nEnvironment=X=1');
    await supervisor.start('a');
    write('etc/systemd/system/a.service.d/90.conf', '[Service]\nRestart=always\n');
    assert.equal((await systemctl('show a -p Restart,NeedDaemonReload --value')).stdout, 'no\nyes\n');
    await systemctl('daemon-reload');
    assert.equal((await systemctl('show a -p Restart,NeedDaemonReload --value')).stdout, 'always\nno\n');
  });

  it('hands the environment over from the unit and its file, read at every start', async () => {
    write('env', '# comment\nB="two words"\n');
    unit(
      'a',
      `Environment=A=1 "C=x y"\nEnvironmentFile=${root}/env\nExecStart=/bin/sh -c 'echo "$A|$B|$C" >>${root}/out; exec sleep 1000'`,
    );
    const out = join(root, 'out');
    await supervisor.start('a');
    await until('written', () => existsSync(out) && readFileSync(out, 'utf8') === '1|two words|x y\n');
    write('env', 'B=changed\n');
    await supervisor.restart('a');
    await until('written again', () => readFileSync(out, 'utf8') === '1|two words|x y\n1|changed|x y\n');
  });

  it('answers for unknown units as systemd does', async () => {
    assert.deepEqual(await systemctl('start nope'), {
      code: 5,
      stdout: '',
      stderr: 'Failed to start nope.service: Unit nope.service not found.\n',
    });
    assert.deepEqual(await systemctl('stop nope'), {
      code: 5,
      stdout: '',
      stderr: 'Failed to stop nope.service: Unit nope.service not loaded.\n',
    });
    assert.equal(
      (await systemctl('show nope -p LoadState,ActiveState')).stdout,
      'LoadState=not-found\nActiveState=inactive\n',
    );
    assert.deepEqual(await systemctl('is-active nope'), { code: 4, stdout: 'inactive\n', stderr: '' });
  });

  it('starts enabled units at boot and only those', async () => {
    unit('on', 'ExecStart=/bin/sleep 1000');
    unit('off', 'ExecStart=/bin/sleep 1000');
    await systemctl('enable on');
    assert.deepEqual((await systemctl('is-enabled on off')).stdout, 'enabled\ndisabled\n');
    await supervisor.boot();
    assert.deepEqual(journal, ['start on.service']);
    await systemctl('disable on');
    assert.deepEqual(await systemctl('is-enabled on'), { code: 1, stdout: 'disabled\n', stderr: '' });
  });
});
