import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { LabJson, LabServer } from '../../lab/contract.js';
import { isAlive, processesOfLab } from '../../lab/hosts/processes.js';
import { LabFolderError, LabInUseError, LabSizeError, startLab, type Lab } from '../../lab/lab.js';
import { PinnedSession } from '../../lab/watchers/pinned-session.js';
import { resolveSecret } from '../../src/config/credentials.js';
import { loadConfig } from '../../src/config/load-config.js';

/** Null while nothing answers. */
const getJson = async (url: string): Promise<Record<string, unknown> | null> => {
  try {
    return (await (await fetch(url)).json()) as Record<string, unknown>;
  } catch {
    return null;
  }
};

/** Empty once the process is gone. */
const commandLine = (pid: number): string => {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8');
  } catch {
    return '';
  }
};

describe('a lab', function () {
  this.timeout(180_000);
  let parent: string;
  let dir: string;
  let lab: Lab;

  before(async () => {
    parent = mkdtempSync(join(tmpdir(), 'zkferry-lab-'));
    dir = join(parent, 'lab');
    writeFileSync(join(parent, 'mine.txt'), 'mine');
    const credentials = { source: 'mesos:old-secret', target: 'mesos:new-secret' };
    lab = await startLab({ dir, agents: 2, watchers: false, strategy: 'dual-publishing', credentials });
  });
  after(async () => {
    if (existsSync(dir)) await lab.stop();
    rmSync(parent, { recursive: true, force: true });
  });

  const taskPids = () => {
    const marks = lab.hosts.get('agent1');
    return (marks?.processes() ?? []).filter((pid) => commandLine(pid).includes('task.sh'));
  };
  const until = async (what: string, holds: () => Promise<boolean> | boolean) => {
    for (const end = performance.now() + 60_000; !(await holds()); await delay(50)) {
      if (performance.now() > end) assert.fail(`${what}: never`);
    }
  };

  it('lists every host with the pid of its service in lab.json', () => {
    const json = JSON.parse(readFileSync(join(dir, 'lab.json'), 'utf8')) as LabJson;
    assert.deepEqual(json, lab.json);
    assert.deepEqual([json.source.length, json.target.length, json.observers.length], [3, 3, 3]);
    assert.deepEqual([json.masters.length, json.agents.length, json.frameworks.length], [3, 2, 1]);
    const running = [...json.source, ...json.target, ...json.masters, ...json.agents, ...json.frameworks];
    for (const { pid, name } of running) assert.ok(pid !== null && existsSync(`/proc/${String(pid)}`), `${name} runs`);
    for (const { pid, name } of json.observers) assert.equal(pid, null, `${name} does not run yet`);
  });

  it('writes a cluster.yaml that validates and names its files', async () => {
    const loaded = await loadConfig(lab.clusterFile);
    assert.ok(loaded.ok, JSON.stringify(loaded));
    const { config } = loaded;
    assert.equal(config.agents.template.root, join(dir, 'hosts', '{host}'));
    const agent = lab.json.agents[0];
    assert.equal(
      readFileSync(join(dir, 'hosts', agent?.host ?? '', 'etc/mesos/zk'), 'utf8'),
      lab.host('agent1').read('etc/mesos/zk'),
    );
    assert.deepEqual([config.strategy, config.observers], ['dual-publishing', []]);
  });

  it('lets one word choose the strategy, since cluster.yaml holds what either needs', async () => {
    const other = join(parent, 'observers.yaml');
    writeFileSync(
      other,
      readFileSync(lab.clusterFile, 'utf8').replace('strategy: dual-publishing', 'strategy: observers'),
    );
    const loaded = await loadConfig(other);
    assert.ok(loaded.ok, JSON.stringify(loaded));
    assert.deepEqual([loaded.config.observers.length, loaded.config.credentials.publisher?.slice(0, 5)], [3, 'file:']);
    assert.ok(loaded.config.observers.every(({ id }) => id > 100));
  });

  it('keeps secrets in files of their owner alone: logins of both ensembles and a random key of the publisher', async () => {
    const loaded = await loadConfig(lab.clusterFile);
    assert.ok(loaded.ok);
    const { source, target, publisher } = loaded.config.credentials;
    const secrets = await Promise.all([source, target, publisher].map(resolveSecret));
    assert.deepEqual(secrets.slice(0, 2), ['mesos:old-secret', 'mesos:new-secret']);
    assert.ok((secrets[2] ?? '').length >= 32 && /[^A]/.test(secrets[2] ?? ''));
    for (const name of ['source', 'target', 'publisher']) {
      assert.equal(statSync(join(dir, 'credentials', name)).mode & 0o777, 0o600, name);
    }
  });

  it('runs on credentials in source from the start, and leaves the making of target’s parents to the migration', async () => {
    for (const name of ['master1', 'agent1'])
      assert.match(lab.host(name).read('etc/mesos/zk'), /^zk:\/\/mesos:old-secret@/);
    const children = async (server: LabServer | undefined, path: string) => {
      const session = new PinnedSession({
        address: server?.host ?? '',
        port: 2181,
        localAddress: lab.json.watchers.address,
      });
      try {
        await until('a session', () => session.isConnected);
        return (await session.children(path))?.names ?? null;
      } finally {
        await session.close();
      }
    };
    const contenders = (await children(lab.json.source[0], '/mesos')) ?? [];
    assert.equal(contenders.filter((name) => name.startsWith('json.info_')).length, 3);
    assert.deepEqual(await children(lab.json.target[0], '/'), ['zookeeper']);
  });

  it('keeps an agent’s tasks through a restart of the agent, and loses them with its host', async () => {
    const before = taskPids();
    assert.equal(before.length, 2);
    await lab.host('agent1').supervisor.restart('mesos-slave');
    // while it waits for its agent, a task runs a timer beside itself
    const after = taskPids();
    assert.deepEqual(
      before.filter((pid) => !after.includes(pid)),
      [],
    );
    await lab.host('agent1').powerOff();
    assert.deepEqual(lab.host('agent1').processes(), []);
    for (const pid of before) assert.equal(isAlive(pid), false);
    await lab.host('agent1').powerOn();
    const address = lab.json.agents[0]?.host ?? '';
    await until('agent registered again', async () => {
      const metrics = await getJson(`http://${address}:5051/metrics/snapshot`);
      return metrics?.['slave/registered'] === 1;
    });
  });

  it('refuses a second lab in the same folder, a folder of somebody else’s, and what does not fit', async () => {
    await assert.rejects(startLab({ dir }), LabInUseError);
    const foreign = join(parent, 'foreign');
    mkdirSync(join(foreign, 'hosts'), { recursive: true });
    await assert.rejects(startLab({ dir: foreign }), LabFolderError);
    assert.ok(existsSync(join(foreign, 'hosts')));
    await assert.rejects(startLab({ dir: join(parent, 'big'), agents: 10_000 }), LabSizeError);
  });

  it('leaves nothing behind when it stops', async () => {
    const pids = processesOfLab(dir);
    assert.ok(pids.length >= 12, `${String(pids.length)} processes`);
    await lab.stop();
    assert.deepEqual(processesOfLab(dir), []);
    assert.equal(existsSync(dir), false);
    assert.equal(readFileSync(join(parent, 'mine.txt'), 'utf8'), 'mine');
  });
});
