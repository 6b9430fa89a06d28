import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { faultLine } from '../../src/cli/read-config.js';
import { SAMPLE_CONFIG } from '../../src/cli/sample-config.js';
import { loadConfig, parseConfig } from '../../src/config/load-config.js';
import { parseInput } from '../../src/config/parse-input.js';
import { fixturePath } from './fixture-path.js';

const minimal = readFileSync(fixturePath('minimal-cluster.yaml'), 'utf8');

/** The minimal config with one text replaced, as errors `line path: message`. */
function errorsWith(from: string, to: string): string[] {
  assert.ok(minimal.includes(from), from);
  const loaded = parseConfig(minimal.replace(from, to), 'cluster.yaml');
  return loaded.ok ? [] : loaded.errors.map(({ line, path, message }) => `${String(line)} ${path}: ${message}`);
}

describe('loadConfig', () => {
  it('fills in the defaults of the systemd packages', () => {
    const loaded = parseConfig(minimal, '/srv/ferry/cluster.yaml');
    assert.ok(loaded.ok);
    assert.deepEqual(loaded.config, JSON.parse(readFileSync(fixturePath('minimal-cluster.json'), 'utf8')));
  });

  it('reports every mistake at once, with file, line and column', async () => {
    const loaded = await loadConfig(fixturePath('faulty-cluster.yaml'));
    assert.ok(!loaded.ok);
    const text = loaded.errors.map((fault) => faultLine({ ...fault, file: 'faulty-cluster.yaml' }));
    assert.deepEqual(text, readFileSync(fixturePath('faulty-cluster.txt'), 'utf8').trim().split('\n'));
  });

  it('never repeats a secret that was written in place of a reference', async () => {
    const loaded = await loadConfig(fixturePath('faulty-cluster.yaml'));
    assert.ok(!JSON.stringify(loaded).includes('S3CRET'));
    const broken = parseConfig('credentials: {source: "ferry:S3CRET\ncluster: x', 'cluster.yaml');
    assert.ok(!broken.ok && !JSON.stringify(broken).includes('S3CRET'));
  });

  it('accepts the commented sample, which shows the defaults', () => {
    const loaded = parseConfig(SAMPLE_CONFIG, '/srv/cluster.yaml');
    assert.deepEqual(loaded.ok ? [] : loaded.errors, []);
    assert.ok(loaded.ok);
    const { policy } = loaded.raw;
    const bare = parseConfig(SAMPLE_CONFIG.replace(/^policy:[^]*/m, ''), '/srv/cluster.yaml');
    assert.ok(policy !== undefined && bare.ok);
    assert.deepEqual(bare.config.policy, loaded.config.policy);
  });

  it('says that there is no file, or nothing in it', async () => {
    const missing = await loadConfig('/nonexistent/cluster.yaml');
    assert.ok(!missing.ok && /no such file/.test(missing.errors[0]?.message ?? ''));
    const empty = parseConfig('', 'cluster.yaml');
    assert.ok(!empty.ok && empty.errors.length === 1);
  });

  it('places mistakes of YAML itself', () => {
    const loaded = parseConfig('cluster: a\ncluster: b\n', 'cluster.yaml');
    assert.ok(!loaded.ok);
    assert.deepEqual([loaded.errors[0]?.line, loaded.errors[0]?.column], [2, 1]);
  });

  it('resolves the paths of references against the folder of the config', () => {
    const loaded = parseConfig(
      minimal
        .replace('identity: agent', 'identity: file:keys/id')
        .replace('/etc/ssh/ssh_known_hosts', '../known_hosts'),
      '/srv/ferry/cluster.yaml',
    );
    assert.ok(loaded.ok);
    assert.equal(loaded.config.ssh.identity, 'file:/srv/ferry/keys/id');
    assert.equal(loaded.raw.ssh.knownHosts, '/srv/known_hosts');
  });

  it('wants ids of observers above every id of both ensembles', () => {
    assert.match(errorsWith('id: 101', 'id: 3').join(), /observers\[0\]\.id: must be above every id/);
  });

  it("refuses the election path / and ZooKeeper's own", () => {
    assert.match(errorsWith('strategy: observers', 'strategy: observers\nelectionPath: /').join(), /electionPath/);
    assert.match(
      errorsWith('strategy: observers', 'strategy: observers\nelectionPath: /zookeeper/x').join(),
      /electionPath/,
    );
  });

  it('refuses the same name, address and port, unit or data folder twice', () => {
    assert.match(errorsWith('name: t1', 'name: s1').join(), /the name s1 is taken/);
    assert.match(errorsWith('10.0.2.1', '10.0.1.1').join(), /10\.0\.1\.1:2181 is also used by source\.servers\[0\]/);
    assert.match(errorsWith('10.0.2.1', '10.0.1.1').join(), /the same unit/);
    assert.match(errorsWith('10.0.2.1', '10.0.1.1').join(), /dataDir: the same path/);
  });

  it('lets servers share an address when ports, units and paths differ', () => {
    const other =
      '10.0.1.1, clientPort: 2182, quorumPort: 2889, electionPort: 3889, unit: zk-b, configFile: /b/zoo.cfg, dataDir: /b';
    assert.deepEqual(errorsWith('10.0.2.1', other), []);
  });

  it('refuses two processes of one host that read their master URL from one place (S4)', () => {
    const beside = (masterUrl: string) =>
      errorsWith('discover: true', `discover: false\n  hosts: [{ name: a1, address: 10.0.4.1${masterUrl} }]`);
    assert.match(beside('').join(), /agents\.hosts\[0\]\.masterUrl: masters\[0\] on the same host reads/);
    assert.deepEqual(beside(', masterUrl: { envFile: /etc/default/mesos-slave, key: MESOS_MASTER }'), []);
  });

  it('explains a key that was left empty', () => {
    assert.match(errorsWith('policy: {}', 'policy:').join(), /policy: is empty/);
  });

  it('takes discovered agents or listed ones, never both or none', () => {
    assert.match(
      errorsWith('discover: true', 'discover: true\n  hosts: [{address: a1}]').join(),
      /agents\.hosts: must not be given/,
    );
    assert.match(errorsWith('discover: true', 'discover: false').join(), /agents\.hosts: must name every agent/);
    assert.deepEqual(errorsWith('discover: true', 'discover: false\n  hosts: [{address: a1}]'), []);
  });

  it('rejects durations without a unit', () => {
    for (const bare of ['600', '"600"', '10 m', '-5s', '5x']) {
      assert.match(
        errorsWith('policy: {}', `policy: { soak: ${bare} }`).join(),
        /policy\.soak: must be a duration/,
        bare,
      );
    }
  });

  it('suggests the key that was meant, deep in a list', () => {
    const loaded = parseConfig(minimal.replace('address: 10.0.4.1', 'adress: 10.0.4.1'), 'cluster.yaml');
    assert.ok(!loaded.ok);
    assert.equal(
      loaded.errors.find(({ message }) => message.startsWith('unknown key'))?.suggestion,
      'did you mean address?',
    );
  });

  it('puts {host} into the root of every host', () => {
    const loaded = parseConfig(
      minimal.replace(
        'discover: true',
        'discover: false\n  root: "/lab/{host}/"\n  hosts: [{name: a1, address: 10.0.5.1}]',
      ),
      'cluster.yaml',
    );
    assert.ok(loaded.ok);
    assert.equal(loaded.config.agents.hosts[0]?.root, '/lab/a1');
    assert.equal(loaded.config.agents.template.root, '/lab/{host}');
  });

  describe('with strategy dual-publishing', () => {
    const dual = minimal
      .replace('strategy: observers', 'strategy: dual-publishing')
      .replace('policy: {}', 'credentials: { publisher: file:publisher.key }\npolicy: {}');
    const faults = (from: string, to: string): string[] => {
      assert.ok(dual.includes(from), from);
      const loaded = parseConfig(dual.replace(from, to), 'cluster.yaml');
      return loaded.ok ? [] : loaded.errors.map((fault) => faultLine({ ...fault, file: 'cluster.yaml' }));
    };
    const withoutObservers = dual.replace(/^observers:.*\n/m, '');

    it('needs no observers, and has no use for those that are listed', () => {
      for (const text of [dual, withoutObservers]) {
        const loaded = parseConfig(text, '/srv/ferry/cluster.yaml');
        assert.ok(loaded.ok, JSON.stringify(loaded));
        assert.deepEqual(loaded.config.observers, []);
        assert.equal(loaded.config.credentials.publisher, 'file:/srv/ferry/publisher.key');
        assert.deepEqual(parseInput(JSON.parse(JSON.stringify(loaded.raw))), { ok: true, config: loaded.config });
      }
    });

    it("needs the publisher's key, and says how to make one", () => {
      const missing =
        'credentials.publisher: is missing: dual-publishing needs a key of its own, the same on every worker (openssl rand -base64 32 > PATH, then file:PATH)';
      assert.deepEqual(faults('{ publisher: file:publisher.key }', '{ mesos: env:M }'), [
        `cluster.yaml:19:1 ${missing}`,
      ]);
      assert.deepEqual(faults('{ publisher: file:publisher.key }', '{ publisher: null }'), [
        `cluster.yaml:19:27 ${missing}`,
      ]);
      assert.deepEqual(faults('credentials: { publisher: file:publisher.key }\n', ''), [`cluster.yaml:1:1 ${missing}`]);
    });

    it('says of a key that is no reference only that', () => {
      const [only, ...others] = faults('file:publisher.key', 'S3CRET');
      assert.match(only ?? '', /^cluster\.yaml:19:27 credentials\.publisher: must be a reference/);
      assert.deepEqual(others, []);
    });

    it('refuses what there is nothing to do for afterwards', () => {
      assert.deepEqual(faults('policy: {}', 'policy: { settle: true, retireObservers: true }'), [
        'cluster.yaml:20:19 policy.settle: must be false with dual-publishing: everything is on target itself already',
        'cluster.yaml:20:42 policy.retireObservers: must be false with dual-publishing, which uses no observers',
      ]);
      assert.deepEqual(faults('policy: {}', 'policy: { retireObservers: true }').length, 1);
    });
  });

  it('wants observers, at least one, with strategy observers', () => {
    const [line = ''] = minimal.split('\n').filter((one) => one.startsWith('observers:'));
    assert.deepEqual(errorsWith(`${line}\n`, ''), ['1 observers: is missing: strategy observers needs at least one']);
    assert.deepEqual(errorsWith(line, 'observers: []'), ['8 observers: needs at least one server']);
  });
});
