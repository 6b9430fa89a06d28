import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeSubnet } from '../../lab/free-subnet.js';
import { type Ensemble, startEnsemble } from '../../lab/zookeeper/ensemble.js';
import { serverMode } from '../../lab/zookeeper/four-letter-word.js';

describe('a lab ensemble', function () {
  this.timeout(60_000);
  let dir: string;
  let subnet: string;
  let ensemble: Ensemble | undefined;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'zkferry-ensemble-'));
    subnet = await freeSubnet();
  });
  afterEach(async () => {
    await ensemble?.stop();
    ensemble = undefined;
  });
  after(() => rm(dir, { recursive: true, force: true }));

  const modesOf = (servers: Ensemble['servers']) =>
    Promise.all(servers.map((server) => serverMode(server.address, server.clientPort)));

  it('serves with one leader, survives the death of that leader, and takes it back', async () => {
    const addresses = [1, 2, 3].map((host) => `${subnet}.${host}`);
    ensemble = await startEnsemble({ dir: join(dir, 'three'), addresses });
    const modes = await modesOf(ensemble.servers);
    assert.deepEqual(modes.sort(), ['follower', 'follower', 'leader']);

    const first = await ensemble.leaderId();
    assert.ok(first !== null);
    await ensemble.stopServer(first, 'SIGKILL');
    await ensemble.awaitServing();
    const second = await ensemble.leaderId();
    assert.ok(second !== null && second !== first);

    await ensemble.startServer(first);
    assert.equal(await ensemble.leaderId(), second);
    assert.ok((await modesOf(ensemble.servers)).every((mode) => mode !== null));
  });

  it('leaves no process behind when it is stopped', async () => {
    ensemble = await startEnsemble({ dir: join(dir, 'one'), addresses: [`${subnet}.4`] });
    const pid = ensemble.servers[0]?.pid;
    assert.ok(pid);
    await ensemble.stop();
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
    assert.equal(ensemble.servers[0]?.pid, null);
  });

  it('says which server does not serve when the ensemble cannot form', async () => {
    const addresses = [`${subnet}.5`, `${subnet}.6`];
    const starting = startEnsemble({
      dir: join(dir, 'never'),
      addresses,
      jvmFlags: ['-Dzookeeper.DigestAuthenticationProvider.superDigest=x', '-XX:+NoSuchFlag'],
      patienceMs: 1_500,
    });
    await assert.rejects(starting, { code: 'FERRY_LAB_ENSEMBLE_NOT_READY', message: /1 not serving, 2 not serving/ });
  });

  for (const version of ['3.4.14', '3.9.5']) {
    it(`boots ZooKeeper ${version}`, async () => {
      const addresses = [7, 8, 9].map((host) => `${subnet}.${host}`);
      ensemble = await startEnsemble({ dir: join(dir, version), addresses, version, ids: [11, 12, 13] });
      assert.deepEqual((await modesOf(ensemble.servers)).sort(), ['follower', 'follower', 'leader']);
    });
  }
});
