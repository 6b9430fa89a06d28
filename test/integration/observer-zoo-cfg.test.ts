import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freeSubnet } from '../../lab/free-subnet.js';
import { zookeeperCommand } from '../../lab/zookeeper/command.js';
import { type Ensemble, startEnsemble } from '../../lab/zookeeper/ensemble.js';
import { serverMode } from '../../lab/zookeeper/four-letter-word.js';
import type { ServerConfig } from '../../src/domain/config.js';
import { observerZooCfg } from '../../src/domain/zoo-cfg.js';

describe('the zoo.cfg of an observer', function () {
  this.timeout(90_000);
  let dir: string;
  let subnet: string;
  let ensemble: Ensemble | undefined;
  let observer: ChildProcess | undefined;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'zkferry-observer-'));
    subnet = await freeSubnet();
  });
  afterEach(async () => {
    if (observer?.exitCode === null) {
      const gone = once(observer, 'exit');
      observer.kill('SIGKILL');
      await gone;
    }
    await ensemble?.stop();
    ensemble = observer = undefined;
  });
  after(() => rm(dir, { recursive: true, force: true }));

  const server = (id: number, host: number, root: string): ServerConfig => ({
    name: `server-${String(id)}`,
    address: `${subnet}.${String(host)}`,
    sshPort: 22,
    sshUser: 'ops',
    root,
    id,
    clientPort: 2181,
    quorumPort: 2888,
    electionPort: 3888,
    unit: 'zookeeper',
    configFile: '/zoo.cfg',
    dataDir: '/data',
    dataLogDir: null,
    owner: null,
  });

  async function startObserver(version: string, reconfigEnabled: boolean, root: string): Promise<ServerConfig> {
    const self = server(101, 9, root);
    const participants = [1, 2, 3].map((id) => server(id, id, ''));
    await mkdir(join(root, 'data'), { recursive: true });
    await writeFile(join(root, 'data', 'myid'), '101\n');
    await writeFile(join(root, 'zoo.cfg'), observerZooCfg({ observer: self, participants, reconfigEnabled }));
    const log = join(root, 'zookeeper.log');
    const { command, args, env } = zookeeperCommand({ version, configFile: join(root, 'zoo.cfg'), logFile: log });
    observer = spawn(command, args, { stdio: 'ignore', env: { ...process.env, ...env } });
    return self;
  }

  /** An unlisted observer of a reconfigurable ensemble serves as a follower without a vote. */
  const cases = [
    { version: '3.4.14', reconfigEnabled: false, mode: 'observer' },
    { version: '3.8.4', reconfigEnabled: false, mode: 'observer' },
    { version: '3.8.4', reconfigEnabled: true, mode: 'follower' },
  ];
  for (const { version, reconfigEnabled, mode } of cases) {
    it(`joins a real ${version} ensemble with reconfigEnabled=${String(reconfigEnabled)} that does not list it`, async () => {
      const root = join(dir, `${version}-${String(reconfigEnabled)}`);
      ensemble = await startEnsemble({
        dir: join(root, 'ensemble'),
        version,
        addresses: [1, 2, 3].map((host) => `${subnet}.${String(host)}`),
        extra: { reconfigEnabled: String(reconfigEnabled) },
      });
      const self = await startObserver(version, reconfigEnabled, join(root, 'observer'));
      const until = performance.now() + 30_000;
      let seen: string | null = null;
      while (seen === null && performance.now() < until) {
        await delay(100);
        seen = await serverMode(self.address, self.clientPort).catch(() => null);
      }
      assert.equal(seen, mode);
    });
  }
});
