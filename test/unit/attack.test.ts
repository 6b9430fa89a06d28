import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { createEnsembleActivities } from '../../activities/ensembles/index.js';
import { createHostActivities } from '../../activities/hosts/index.js';
import { createProofActivities } from '../../activities/proofs/index.js';
import type { Ports } from '../../activities/ports.js';
import { awaitProof } from '../../activities/reach/await-proof.js';
import { FakeEnsemble, FakeZnodeStore, OPEN } from '../fakes/fake-znode-store.js';
import { LocalShell } from '../fakes/local-shell.js';
import { aConfig } from '../fakes/plans.js';

describe('suspected breaks, activities', function () {
  this.timeout(30_000);

  describe('trees', () => {
    const config = aConfig();
    const as = (servers: typeof config.source.servers, port: number) =>
      servers.map((s, n) => ({ ...s, address: `10.0.${String(port)}.${String(n)}` }));
    const cluster = { ...config, source: { servers: as(config.source.servers, 1) }, target: { ...config.target, servers: as(config.target.servers, 2) } };
    const addresses = (servers: typeof config.source.servers) => servers.map(({ address, clientPort }) => `${address}:${String(clientPort)}`);

    function world() {
      const source = new FakeEnsemble(addresses(cluster.source.servers));
      const target = new FakeEnsemble(addresses(cluster.target.servers));
      for (const path of ['/mesos', '/mesos/log_replicas']) source.put(path, Buffer.alloc(0), OPEN, 0n);
      const probe = {
        state: () => Promise.resolve({ mode: 'leader', version: '3.8.4', zxid: 1n }),
        sessions: () => Promise.resolve([...target.sessions.keys()].map((id) => `0x${id.toString(16)}`)),
      };
      const ports = { store: new FakeZnodeStore([source, target]), probe, secrets: () => Promise.resolve(null) };
      return { source, target, ensembles: createEnsembleActivities(ports as unknown as Ports) };
    }

    it('U1 a migration that never got the lock removes nothing of the one that holds it', async () => {
      const { target, ensembles } = world();
      await ensembles.acquireLock({ config: cluster, migration: 'A' });
      await ensembles.prepareTrees({ config: cluster, migration: 'A' });
      await assert.rejects(ensembles.acquireLock({ config: cluster, migration: 'B' }), { code: 'FERRY_LOCKED' });
      await ensembles.cleanTrees({ config: cluster, migration: 'B', removeParents: true });
      assert.ok(target.entries.has('/mesos') && target.entries.has('/mesos/log_replicas'), [...target.entries.keys()].join(' '));
    });

    it('U2 parents that were there before the migration are there after its rollback', async () => {
      const { target, ensembles } = world();
      for (const path of ['/mesos', '/mesos/log_replicas']) target.put(path, Buffer.alloc(0), OPEN, 0n);
      await ensembles.acquireLock({ config: cluster, migration: 'A' });
      await ensembles.prepareTrees({ config: cluster, migration: 'A' });
      await ensembles.cleanTrees({ config: cluster, migration: 'A', removeParents: true });
      assert.ok(target.entries.has('/mesos'), [...target.entries.keys()].join(' '));
    });
  });

  it('U3 a look that is cut off by the end of the patience is "not proved", naming the host', async () => {
    const look = (signal: AbortSignal) =>
      new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    await assert.rejects(awaitProof({ host: 'a1', what: 'it is back', until: Date.now() + 100, everyMs: 10 }, look), {
      code: 'FERRY_NOT_PROVED',
    });
  });

  it('U6 an agent that the registry knows and nobody expected is told, not left out', async () => {
    const [m1] = aConfig().masters;
    assert.ok(m1);
    const mesos = {
      metrics: () => Promise.resolve({ 'master/elected': 1 }),
      agents: () => Promise.resolve({ agents: [{ id: 'a1-id', active: true }], recoveredAgentIds: ['joined-in-the-last-second'] }),
    };
    const proofs = createProofActivities({ mesos, secrets: () => Promise.resolve(null) } as unknown as Ports);
    const config = { ...aConfig(), masters: [m1] };
    const report = await proofs.awaitAgentsBack({ config, expectedIds: ['a1-id'], patienceMs: 500 });
    assert.match(JSON.stringify(report), /joined-in-the-last-second/);
  });

  it('U8 a first write that comes after the end leaves nothing behind', async () => {
    const root = mkdtempSync('/tmp/atk-');
    for (const dir of ['usr/bin', 'var/lib', 'etc/systemd/system']) mkdirSync(`${root}/${dir}`, { recursive: true });
    writeFileSync(`${root}/usr/bin/systemctl`, '#!/bin/sh\n');
    chmodSync(`${root}/usr/bin/systemctl`, 0o755);
    const [agent] = aConfig().agents.hosts.map((one) => ({ ...one, root }));
    assert.ok(agent);
    const hosts = createHostActivities({ shell: new LocalShell(), secrets: () => Promise.resolve(null) } as unknown as Ports);
    const access = { ssh: aConfig().ssh, credentials: aConfig().credentials };
    const step = (generation: number) => ({ access, fence: { cluster: 'c', migration: 'm', generation } });
    const late = () => hosts.adoptHost({ ...step(1), host: agent });
    await late();
    await hosts.releaseHost({ ...step(2), host: agent, units: [agent.unit] });
    // The first attempt, in the hand of a worker that was frozen meanwhile.
    await late().catch(() => undefined);
    assert.equal(execFileSync('sh', ['-c', `ls ${root}/var/lib`], { encoding: 'utf8' }), '');
  });

  it('U4 a start that is still connecting at its deadline is called off', async () => {
    let sentAfterDeadline = false;
    const deadline = Date.now() + 100;
    const shell = {
      run: async (_h: unknown, _s: unknown, _script: unknown, signal: AbortSignal) => {
        await delay(300); // a slow handshake
        if (!signal.aborted) sentAfterDeadline = true;
        signal.throwIfAborted();
        return { exitCode: 0, stdout: '', stderr: '' };
      },
    };
    const hosts = createHostActivities({ shell, secrets: () => Promise.resolve(null) } as unknown as Ports);
    const [master] = aConfig().masters;
    assert.ok(master);
    const access = { ssh: aConfig().ssh, credentials: aConfig().credentials };
    await hosts
      .liftHold({ access, fence: { cluster: 'c', migration: 'm', generation: 1 }, host: master, unit: 'u', start: true, deadline })
      .catch(() => undefined);
    assert.equal(sentAfterDeadline, false, 'the start was sent after the turn-back point');
  });

  it('U7 an observer whose config cannot be put back is not reported as removed, nor its kept copy deleted', async function () {
    const root = mkdtempSync('/tmp/atk-');
    const conf = `${root}/etc/zookeeper/conf`;
    for (const dir of ['usr/bin', 'var/lib/zookeeper', 'etc/zookeeper/conf', 'etc/systemd/system']) mkdirSync(`${root}/${dir}`, { recursive: true });
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', conf]);
    } catch {
      this.skip();
    }
    try {
      writeFileSync(`${conf}/zoo.cfg`, 'dataDir=/var/lib/zookeeper\n# of the operator\n');
      writeFileSync(
        `${root}/usr/bin/systemctl`,
        `#!/bin/sh
case "$*" in
  *ControlGroup*) echo ActiveState=inactive; echo MainPID=0; echo ControlGroup= ;;
  *DropInPaths*) echo "DropInPaths=${root}/etc/systemd/system/zookeeper.service.d/90-zkferry.conf" ;;
  *NeedDaemonReload*) echo NeedDaemonReload=no ;;
  *MainPID*) echo MainPID=0 ;;
  *ActiveState*) echo ActiveState=inactive ;;
esac
`,
      );
      chmodSync(`${root}/usr/bin/systemctl`, 0o755);
      const config = aConfig();
      const [observer] = config.observers.map((o) => ({ ...o, root }));
      assert.ok(observer);
      const hosts = createHostActivities({ shell: new LocalShell(), secrets: () => Promise.resolve(null) } as unknown as Ports);
      const access = { ssh: config.ssh, credentials: config.credentials };
      const step = (generation: number) => ({ access, fence: { cluster: 'c', migration: 'm', generation } });
      const sides = {
        source: { servers: config.source.servers, reconfigEnabled: false },
        target: { servers: config.target.servers, reconfigEnabled: false },
      };
      await hosts.adoptHost({ ...step(1), host: observer });
      await hosts.installObserver({ ...step(2), ...sides, observer, ensemble: 'source' });
      execFileSync('mount', ['-o', 'remount,ro', conf]);
      const outcome = await hosts.removeObserver({ ...step(3), observer }).then(() => 'removed', (e: Error) => e.message);
      const now = execFileSync('cat', [`${conf}/zoo.cfg`], { encoding: 'utf8' });
      const kept = execFileSync('sh', ['-c', `ls ${root}/var/lib/zkferry/c`], { encoding: 'utf8' });
      assert.ok(outcome !== 'removed' || now.includes('# of the operator') && !now.includes('server.'), `${outcome}; kept: ${kept}; zoo.cfg now: ${now}`);
      assert.match(kept, /zoo\.cfg-zookeeper/);
    } finally {
      execFileSync('umount', [conf]);
    }
  });

  it('U5 stops a unit on a full disk', async function () {
    const root = mkdtempSync('/tmp/atk-');
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', root]);
    } catch {
      this.skip();
    }
    try {
      for (const dir of ['usr/bin', 'var/lib', 'etc/systemd/system']) mkdirSync(`${root}/${dir}`, { recursive: true });
      writeFileSync(
        `${root}/usr/bin/systemctl`,
        `#!/bin/sh
down=/dev/shm/atk-down-$PPID
case "$*" in
  *ControlGroup*) if [ -e /dev/shm/atk-down ]; then echo ActiveState=inactive; else echo ActiveState=active; fi; echo MainPID=0; echo ControlGroup= ;;
  *DropInPaths*) echo "DropInPaths=${root}/etc/systemd/system/zookeeper.service.d/90-zkferry.conf" ;;
  *NeedDaemonReload*) echo NeedDaemonReload=no ;;
  *MainPID*) echo MainPID=0 ;;
  *ActiveState*) echo ActiveState=inactive ;;
  stop*) : > /dev/shm/atk-down ;;
esac
`,
      );
      chmodSync(`${root}/usr/bin/systemctl`, 0o755);
      execFileSync('rm', ['-f', '/dev/shm/atk-down']);
      const [observer] = aConfig().observers.map((o) => ({ ...o, root }));
      assert.ok(observer);
      const hosts = createHostActivities({ shell: new LocalShell(), secrets: () => Promise.resolve(null) } as unknown as Ports);
      const access = { ssh: aConfig().ssh, credentials: aConfig().credentials };
      const step = (generation: number) => ({ access, fence: { cluster: 'c', migration: 'm', generation } });
      await hosts.adoptHost({ ...step(1), host: observer });
      await hosts.prepareHold({ ...step(2), host: observer, unit: 'zookeeper' });
      // The observer of target syncs, and fills the disk.
      execFileSync('sh', ['-c', `dd if=/dev/zero of=${root}/fill bs=1k 2>/dev/null; true`]);
      const report = await hosts.stopHeld({ ...step(3), host: observer, unit: 'zookeeper', graceMs: 200, deadline: null });
      assert.ok(report.tookMs >= 0);
    } finally {
      execFileSync('sh', ['-c', `umount ${root}; rm -f /dev/shm/atk-down; rmdir ${root}`]);
    }
  });
});
