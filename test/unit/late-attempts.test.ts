import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { HostActivities, HostStep, MasterSwapActivities } from '../../activities/contract.js';
import { createHostActivities } from '../../activities/hosts/index.js';
import type { Ports } from '../../activities/ports.js';
import type { AgentConfig, HostConfig, ServerConfig } from '../../src/domain/config.js';
import { DeadlineError, FencedError } from '../../src/domain/host-errors.js';
import type { HostScript } from '../../src/ports/host-shell.js';

/**
 * Every step that may change a host, each as an attempt that comes too late (S2): after a later stage
 * of the same direction or of the other one, after another migration has adopted the host, and after
 * the host was released. The scripts run in a real shell; systemctl only writes down what it is told.
 */
describe('a late attempt', function () {
  this.timeout(60_000);
  let root: string;
  let host: HostConfig;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'zkferry-late-'));
    host = { name: 'h1', address: '10.0.0.1', sshPort: 22, sshUser: 'o', root };
    write('etc/default/u', 'ZK=zk://10.0.0.1:2181/mesos\n');
    write('d/version-2/snapshot.1', 'data');
    write('d/zkferry-ensemble', 'source m1\n');
    write('etc/zoo.cfg', 'dataDir=/d\n');
    for (const side of ['source', 'target']) write(`etc/zoo.cfg.zkferry-${side}`, `${side}\n`);
    write('bin/systemctl', SYSTEMCTL, 0o755);
    write('log', '');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  type Hosts = HostActivities & MasterSwapActivities;
  type Attempt = (hosts: Hosts, step: HostStep) => Promise<unknown>;
  const server = (): ServerConfig => ({
    ...host,
    id: 101,
    clientPort: 2181,
    quorumPort: 2888,
    electionPort: 3888,
    unit: 'u',
    configFile: '/etc/zoo.cfg',
    dataDir: '/d',
    dataLogDir: null,
    owner: null,
  });
  const agent = (): AgentConfig => ({
    ...host,
    httpPort: 5051,
    unit: 'u',
    masterUrl: { kind: 'envFile', path: '/etc/default/u', key: 'ZK' },
  });
  const url = { servers: [{ address: '10.0.0.9', port: 2181 }], path: '/mesos', credentialsOf: 'target' } as const;
  const sides = () => ({
    source: { servers: [{ ...server(), id: 1 }], reconfigEnabled: false },
    target: { servers: [{ ...server(), id: 2 }], reconfigEnabled: false },
  });
  const deadline = null;
  const attempts: Readonly<Record<string, Attempt>> = {
    'installObserver onto source': (h, s) =>
      h.installObserver({ ...s, ...sides(), observer: server(), ensemble: 'source' }),
    'installObserver onto target': (h, s) =>
      h.installObserver({ ...s, ...sides(), observer: server(), ensemble: 'target' }),
    stopObserver: (h, s) => h.stopObserver({ ...s, observer: server(), deadline }),
    removeObserver: (h, s) => h.removeObserver({ ...s, observer: server() }),
    parkObserver: (h, s) => h.parkObserver({ ...s, ...sides(), observer: server() }),
    'flipObserver to source': (h, s) => h.flipObserver({ ...s, observer: server(), to: 'source', deadline }),
    'flipObserver to target': (h, s) => h.flipObserver({ ...s, observer: server(), to: 'target', deadline }),
    discardSetAside: (h, s) => h.discardSetAside({ ...s, observer: server() }),
    prepareHold: (h, s) => h.prepareHold({ ...s, host, unit: 'u' }),
    holdUnit: (h, s) => h.holdUnit({ ...s, host, unit: 'u', deadline }),
    stopHeld: (h, s) => h.stopHeld({ ...s, host, unit: 'u', graceMs: 100, deadline }),
    'liftHold and start': (h, s) => h.liftHold({ ...s, host, unit: 'u', start: true, deadline }),
    'liftHold alone': (h, s) => h.liftHold({ ...s, host, unit: 'u', start: false, deadline }),
    repointAgent: (h, s) => h.repointAgent({ ...s, agent: agent(), url }),
    'repointAgent back': (h, s) => h.repointAgent({ ...s, agent: agent(), url: null }),
    repointMaster: (h, s) => h.repointMaster({ ...s, master: agent(), url }),
    'repointMaster back': (h, s) => h.repointMaster({ ...s, master: agent(), url: null }),
    'repointFramework by signal': (h, s) => h.repointFramework({ ...s, instance: agent(), stop: 'sigkill', url }),
    'repointFramework back': (h, s) => h.repointFramework({ ...s, instance: agent(), stop: 'unit', url: null }),
    parkMasterUrl: (h, s) => h.parkMasterUrl({ ...s, master: agent(), url }),
    'swapMasterUrl to source': (h, s) => h.swapMasterUrl({ ...s, master: agent(), to: 'source' }),
    'swapMasterUrl to target': (h, s) => h.swapMasterUrl({ ...s, master: agent(), to: 'target' }),
    stopServer: (h, s) => h.stopServer({ ...s, server: server() }),
    writeEpoch: (h, s) => h.writeEpoch({ ...s, server: server(), epoch: '107' }),
    restoreEpoch: (h, s) => h.restoreEpoch({ ...s, server: server() }),
    startServer: (h, s) => h.startServer({ ...s, server: server() }),
    releaseHost: (h, s) => h.releaseHost({ ...s, host, units: ['u'] }),
  };
  const situations = {
    'of an earlier stage': () => adopted('m1 7'),
    'of another migration': () => adopted('m2 1'),
    'on a released host': () => undefined,
  };

  for (const [what, attempt] of Object.entries(attempts)) {
    for (const [situation, arrange] of Object.entries(situations)) {
      it(`${situation} changes nothing: ${what}`, async () => {
        arrange();
        const before = files();
        const error: unknown = await attempt(hosts(), step(6)).then(
          () => null,
          (cause: unknown) => cause,
        );
        // Released, there may be nothing left to do, nor is there to release where another migration is; that is no error.
        const nothingToDo =
          situation === 'on a released host' || (situation !== 'of an earlier stage' && what === 'releaseHost');
        if (error !== null || !nothingToDo) assert.ok(error instanceof FencedError, String(error));
        assert.deepEqual(files(), before);
        assert.equal(readFileSync(join(root, 'log'), 'utf8'), '');
      });
    }
  }

  it('would have been let through in time, every one of them', async () => {
    for (const [what, attempt] of Object.entries(attempts)) {
      adopted('m1 5');
      // Some then wait for a process that no real systemd starts here.
      const error: unknown = await attempt(hosts(1_000), step(6)).catch((cause: unknown) => cause);
      assert.ok(!(error instanceof FencedError), `${what}: ${String(error)}`);
    }
  });

  it('starts nothing when its deadline has passed while it waited for the lock (S1)', async () => {
    adopted('m1 5');
    // Another step has the lock for a second.
    const lock = join(root, 'var/lib/zkferry/c/lock');
    const other = spawn('flock', [lock, 'sh', '-c', 'echo held; exec sleep 1']);
    await once(other.stdout, 'data');
    const error: unknown = await hosts()
      .liftHold({ ...step(6), host, unit: 'u', start: true, deadline: Date.now() + 500 })
      .then(
        () => null,
        (cause: unknown) => cause,
      );
    assert.ok(error instanceof DeadlineError, String(error));
    assert.ok(existsSync(join(root, 'var/lib/zkferry/c/held-u')));
    assert.equal(readFileSync(join(root, 'log'), 'utf8'), '');
  });

  function step(generation: number): HostStep {
    return {
      access: {
        ssh: { port: 22, user: 'o', identity: 'agent', passphrase: null, knownHosts: '/k', sudo: false },
        credentials: { source: null, target: null, mesos: null, publisher: null },
      },
      fence: { cluster: 'c', migration: 'm1', generation },
    };
  }

  /** As a migration leaves it in the middle of its window. */
  function adopted(generation: string): void {
    const state = 'var/lib/zkferry/c';
    write(`${state}/generation`, `${generation}\n`);
    write(`${state}/lock`, '');
    write(`${state}/held-u`, 'held\n');
    write(`${state}/found-u`, 'enabled\n');
    write(`${state}/staged-u`, 'ZK=zk://10.0.0.9:2181/mesos\n');
  }

  function hosts(timeout = 20_000): Hosts {
    const run = (_host: unknown, _ssh: unknown, script: HostScript) => {
      const env = { ...process.env, PATH: `${root}/bin:${process.env['PATH'] ?? ''}`, LOG: `${root}/log` };
      const options = { input: script.text, encoding: 'utf8', env, timeout } as const;
      const { status, stdout, stderr } = spawnSync('/bin/sh', ['-s'], options);
      return Promise.resolve({ exitCode: status ?? -1, stdout, stderr });
    };
    return createHostActivities({ shell: { run }, secrets: () => Promise.resolve(null) } as unknown as Ports);
  }

  function write(path: string, text: string, mode = 0o644): void {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    chmodSync(join(root, path), mode);
  }

  function files(): Record<string, string> {
    const found: Record<string, string> = {};
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      found[path] = entry.isFile() ? readFileSync(path, 'utf8') : '';
    }
    return found;
  }
});

/** A unit that is down; tells of every other command than a look. */
const SYSTEMCTL = `#!/bin/sh
case $1 in
  show)
    for word; do case $word in
      ActiveState) echo ActiveState=inactive ;;
      MainPID) echo MainPID=0 ;;
      ControlGroup) echo ControlGroup= ;;
      NeedDaemonReload) echo NeedDaemonReload=no ;;
    esac; done ;;
  is-enabled) echo enabled ;;
  *) echo "$*" >> "$LOG" ;;
esac
`;
