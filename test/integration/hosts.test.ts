import assert from 'node:assert/strict';
import { execFile, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LabHost, sshPort } from '../../lab/hosts/host.js';
import { isAlive } from '../../lab/hosts/processes.js';
import { SshKeys } from '../../lab/hosts/ssh-keys.js';
import { SupervisorJournal } from '../../lab/hosts/supervisor-journal.js';
import { layOutMaster } from '../../lab/hosts/trees/mesos-tree.js';
import { layOutZookeeper } from '../../lab/hosts/trees/zookeeper-tree.js';
import { serverMode } from '../../lab/zookeeper/four-letter-word.js';
import { defaultZookeeperVersion } from '../../lab/zookeeper/versions.js';
import { freeSubnet } from '../../lab/free-subnet.js';

interface SshCall {
  readonly stdin?: string;
  readonly user?: string;
  readonly identity?: string;
  readonly knownHosts?: string;
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe('a host of the lab', function () {
  this.timeout(30_000);
  let dir: string;
  let address: string;
  let keys: SshKeys;
  let host: LabHost;

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'zkferry-hosts-'));
    address = `${await freeSubnet()}.1`;
    keys = new SshKeys(join(dir, 'ssh'));
    keys.writeKnownHosts([{ name: 'h1', address, port: sshPort }]);
    host = new LabHost({
      name: 'h1',
      address,
      root: join(dir, 'hosts/h1'),
      hostKey: keys.hostKey('h1').private,
      authorizedKey: keys.identity().public,
      journal: new SupervisorJournal(join(dir, 'journal/supervisor.jsonl')),
    });
    await host.powerOn();
  });
  after(async () => {
    await host.powerOff();
    rmSync(dir, { recursive: true, force: true });
  });

  /** The system's own client, as an operator has it. */
  const ssh = (command: string, given: SshCall = {}): Promise<Ended> & { child: ChildProcess } => {
    const { stdin = '', user = 'operator', identity = keys.identityFile, knownHosts = keys.knownHostsFile } = given;
    const options = [
      'BatchMode=yes',
      'StrictHostKeyChecking=yes',
      `UserKnownHostsFile=${knownHosts}`,
      'IdentitiesOnly=yes',
      'ConnectTimeout=2',
    ];
    const args = ['-F', 'none', '-p', String(sshPort), '-i', identity, ...options.flatMap((option) => ['-o', option])];
    let child: ChildProcess | undefined;
    const ended = new Promise<Ended>((resolve) => {
      child = execFile('ssh', [...args, `${user}@${address}`, command], (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
      });
      // A client that is refused may be gone before it has read anything; its exit code tells.
      child.stdin?.on('error', () => undefined).end(stdin);
    });
    return Object.assign(ended, { child: child as ChildProcess });
  };
  const until = async (what: string, holds: () => boolean | Promise<boolean>) => {
    for (const end = performance.now() + 15_000; !(await holds()); await delay(10)) {
      if (performance.now() > end) assert.fail(`${what}: never`);
    }
  };
  const readOr = (path: string) => (existsSync(host.path(path)) ? host.read(path) : '');

  it('runs real shell commands with their own streams and exit status', async () => {
    assert.deepEqual(await ssh('pwd; echo oops >&2; exit 7'), { code: 7, stdout: `${host.root}\n`, stderr: 'oops\n' });
    assert.equal((await ssh('sh -s', { stdin: 'echo "from $((40 + 2))"' })).stdout, 'from 42\n');
    assert.equal((await ssh('kill -9 $$')).code, 255);
  });

  it('carries a megabyte both ways unharmed', async () => {
    const stdin = 'x'.repeat(1_000_000);
    assert.equal((await ssh('wc -c; cat', { stdin })).stdout.trim(), '1000000');
    assert.equal((await ssh('cat', { stdin })).stdout, stdin);
  });

  it('lets nobody in but the operator with the right key', async () => {
    const other = new SshKeys(join(dir, 'other'));
    other.identity();
    assert.match((await ssh('true', { user: 'root' })).stderr, /Permission denied/);
    assert.match((await ssh('true', { identity: other.identityFile })).stderr, /Permission denied/);
    assert.equal((await ssh('true')).code, 0);
    assert.equal(statSync(keys.identityFile).mode & 0o777, 0o600);
  });

  it('shows the host key that known_hosts names', async () => {
    const other = new SshKeys(join(dir, 'other'));
    other.writeKnownHosts([{ name: 'h1', address, port: sshPort }]);
    assert.match((await ssh('true', { knownHosts: other.knownHostsFile })).stderr, /HOST IDENTIFICATION HAS CHANGED/);
    const [line] = readFileSync(keys.knownHostsFile, 'utf8').split('\n');
    assert.ok(line?.startsWith(`[${address}]:2222 ssh-ed25519 `), line);
  });

  it('hangs up what the session ran when the link drops, but not what left the session', async () => {
    const session = ssh('setsid sh -c "echo \\$\\$ >tmp/left; exec sleep 1000" & echo $$ >tmp/stays; exec sleep 1000');
    await until('both run', () => readOr('tmp/left') !== '' && readOr('tmp/stays') !== '');
    const [left, stays] = [Number(host.read('tmp/left')), Number(host.read('tmp/stays'))];
    session.child.kill('SIGKILL');
    await until('hung up', () => !isAlive(stays));
    assert.equal(isAlive(left), true);
    process.kill(left, 'SIGKILL');
  });

  it('offers systemctl on the PATH, quickly, with streams and status apart', async () => {
    host.write(
      'etc/systemd/system/demo.service',
      '[Service]\nExecStart=/bin/sleep 1000\nRestart=always\n[Install]\nWantedBy=multi-user.target\n',
    );
    const reply = await ssh('systemctl start demo && systemctl is-active demo; systemctl stop nope; echo $?');
    assert.deepEqual(reply, {
      code: 0,
      stdout: 'active\n5\n',
      stderr: 'Failed to stop nope.service: Unit nope.service not loaded.\n',
    });
    const { stdout } = await ssh(
      's=$(date +%s%N); for i in 1 2 3 4 5 6 7 8 9 10; do systemctl is-active --quiet demo; done; echo $(( ($(date +%s%N) - s) / 10000000 ))',
    );
    assert.ok(Number(stdout) < 200, `one call took ${stdout.trim()} ms`);
  });

  it('loses everything that ran when the power is cut, and starts enabled units at boot', async () => {
    await ssh(
      'systemctl enable demo 2>/dev/null; systemctl start demo; setsid sleep 1000 >/dev/null 2>&1 </dev/null & echo x >run/lost; echo x >tmp/kept',
    );
    const before = host.mainPid('demo');
    const session = ssh('sleep 1000');
    await until('session', () => host.processes().length >= 3);
    await host.powerOff();
    assert.deepEqual(host.processes(), []);
    assert.notEqual((await session).code, 0);
    assert.match((await ssh('true')).stderr, /Connection refused/);
    await host.powerOn();
    assert.ok(host.mainPid('demo') !== null && host.mainPid('demo') !== before);
    assert.equal(existsSync(host.path('run/lost')), false);
    assert.equal(host.read('tmp/kept'), 'x\n');
    const lines = readFileSync(join(dir, 'journal/supervisor.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; pid: number; signal: string });
    assert.ok(lines.some(({ event, pid, signal }) => event === 'exit' && pid === before && signal === 'SIGKILL'));
  });

  it('can refuse connections, refuse logins, and hang', async () => {
    await host.sshDown();
    assert.match((await ssh('true')).stderr, /Connection refused/);
    await host.sshUp();
    host.refuseLogins(true);
    assert.match((await ssh('true')).stderr, /Permission denied/);
    host.refuseLogins(false);
    host.hang(true);
    assert.match((await ssh('true')).stderr, /timed out/i);
    host.hang(false);
    assert.equal((await ssh('true')).code, 0);
  });

  it('runs a real ZooKeeper server as a unit, restarted after a crash', async () => {
    const servers = [{ id: 1, address }];
    layOutZookeeper(host, { version: defaultZookeeperVersion, participant: { id: 1, servers, tickTimeMs: 2000 } });
    await ssh('systemctl daemon-reload; systemctl start zookeeper');
    const serves = async () => (await serverMode(address, 2181)) !== null;
    await until('serves', serves);
    const before = host.mainPid('zookeeper');
    await ssh('systemctl kill -s KILL zookeeper');
    await until(
      'restarted',
      async () => host.mainPid('zookeeper') !== null && host.mainPid('zookeeper') !== before && (await serves()),
    );
    assert.equal((await ssh('systemctl stop zookeeper; systemctl is-active zookeeper')).stdout, 'inactive\n');
    assert.ok(host.read('var/log/zookeeper/zookeeper.log').includes('binding to port'));
  });

  it('hands a master its flags from the default files and one file per flag', async () => {
    layOutMaster(host, {
      zk: 'zk://127.0.0.9:2181/mesos',
      factor: 1,
      journal: join(dir, 'j.jsonl'),
      flags: { quorum: '1' },
    });
    host.write('usr/sbin/mesos-master', '#!/bin/sh\nprintf "%s\\n" "$@" >"$0.flags"\nexec sleep 1000\n', 0o755);
    host.write('etc/mesos-master/?no-hostname_lookup', '');
    await ssh('systemctl daemon-reload; systemctl restart mesos-master');
    const flags = () => readOr('usr/sbin/mesos-master.flags').split('\n');
    await until('started', () => flags().includes('--zk=zk://127.0.0.9:2181/mesos'));
    for (const flag of [
      '--port=5050',
      '--quorum=1',
      `--ip=${address}`,
      `--work_dir=${host.root}/var/lib/mesos`,
      '--no-hostname_lookup',
    ]) {
      assert.ok(flags().includes(flag), `${flag} in ${flags().join(' ')}`);
    }
    assert.equal((await ssh('systemctl show -p Restart,RestartUSec --value mesos-master')).stdout, 'always\n20s\n');
  });
});
