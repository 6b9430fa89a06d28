import assert from 'node:assert/strict';
import { renameSync, rmSync, utimesSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { AgentConfig, ClusterConfig, ServerConfig } from '../../src/domain/config.js';
import { CATALOGUE, type FindingId } from '../../src/domain/preflight/catalogue/index.js';
import { OPEN } from '../fakes/fake-znode-store.js';
import { PreflightLab } from './preflight-lab.js';

/** Checks that no change of this lab makes fire, and why. Each fires in test/unit/catalogue.test.ts. */
const NOT_HERE: Partial<Record<FindingId, string>> = {
  'server-standalone': 'the servers of the lab are ensembles',
  'server-is-observer': 'no observer runs before a migration',
  'server-not-serving': 'a session to a server without quorum would be waited for: see test/long',
  'zookeeper-version': 'no such old server is among the versions of the lab',
  'epoch-limit': 'it takes a million elections',
  'acls-unproved': 'it takes ZooKeeper 3.4',
  'check-source-acls': 'it is asked over the same connections as the tree',
  'check-target-acls': 'the same',
  'mesos-version': 'the miniature Mesos has one version',
  'older-mesos': 'the same',
  'late-agents-die': 'the same',
  'reboot-new-agent': 'the same',
  'registry-flag': 'the miniature keeps its registry in the replicated log',
  'log-not-recovered': 'a log of the miniature recovers before its master answers',
  'agent-recover': 'an agent that cleans up ends at once',
  'agent-resources-detected': 'the agents of the lab are told their resources',
  'agent-inactive': 'a leading master drops an agent of the lab before it calls it inactive',
  'tools-missing': 'all hosts of the lab share the tools of this machine',
  'endpoints-unchecked': 'the same',
  'master-url-changed': 'every process of the lab shows its URL on the command line',
  'temporal-timers': 'it takes a Temporal server: see test/workflow/migration.test.ts',
};

const ELSEWHERE = { kind: 'file', path: '/etc/nothing/there' } as const;

describe('preflight on a running cluster', function () {
  this.timeout(120_000);
  let stage: PreflightLab;
  let config: ClusterConfig;
  let agents: AgentConfig[];

  before(async () => {
    stage = await PreflightLab.start();
    ({ config } = stage);
    const { plan } = await stage.activities.surveyAndPlan({ config });
    agents = plan.agents.map(({ agent }) => agent);
  });
  after(() => stage.stop());

  const server = (from: readonly ServerConfig[], index: number, change: Partial<ServerConfig>): ServerConfig[] =>
    from.map((one, at) => (at === index ? { ...one, ...change } : one));
  const name = (index: number): string => agents[index]?.name ?? '';
  const host = (agent: string) =>
    stage.lab.host(stage.lab.json.agents.find((one) => one.host === agent)?.name ?? agent);

  it('blocks nothing of a healthy cluster, whichever way it is to go', async () => {
    for (const one of [config, stage.dual]) {
      const findings = await stage.survey(one);
      assert.deepEqual(
        findings.filter(({ verdict }) => verdict === 'block'),
        [],
      );
      if (one === config)
        stage.expect(findings, [
          ['epoch-raise', null],
          ['budget', null],
        ]);
      stage.expect(findings, [
        ['removal-limit', 'master1'],
        ['executor-reregistration', name(0)],
        ['agent-not-strict', name(0)],
      ]);
    }
  });

  it('names what the configuration has forgotten or made up', async () => {
    const [framework] = config.frameworks;
    const [m1, m2] = config.masters;
    const ghost = agents[0];
    assert.ok(framework && m1 && m2 && ghost);
    const { timeouts } = config.policy;
    const findings = await stage.survey({
      ...config,
      masters: [m1, { ...m2, unit: 'nonesuch' }],
      agents: { ...config.agents, discover: false, hosts: [ghost, { ...ghost, name: 'ghost', httpPort: 1 }] },
      frameworks: [
        { ...framework, stop: 'unit' },
        { ...framework, name: 'ghost', instances: [] },
      ],
      target: { allowRestart: true, servers: server(config.target.servers, 0, { dataDir: '/srv/zookeeper' }) },
      observers: server(config.observers, 0, { sshPort: 1 }),
      policy: {
        ...config.policy,
        timeouts: { ...timeouts, sessionMs: 1_000, agentMs: 3_600_000, frameworkMs: 700_000_000 },
      },
    });
    stage.expect(
      findings,
      [
        ['masters-even', null],
        ['log-ensemble-size', 'master1'],
        ['unknown-contender', null],
        ['unit-missing', 'master2'],
        ['unit-not-running', 'master2'],
        ['unknown-agent', name(1)],
        ['agent-not-registered', 'ghost'],
        ['unknown-framework', null],
        ['framework-not-registered', null],
        ['framework-stop', null],
        ['framework-failover-short', null],
        ['agent-recovery-timeout', name(0)],
        ['session-timeout', 'master1'],
        ['session-minimum', 'target1'],
        ['data-folder', 'target1'],
        ['check-host', 'observer1'],
        ['unknown-client', config.masters[2]?.address ?? ''],
      ].map(([id, at]) => [id as FindingId, id === 'unknown-client' ? '127.0.0.1' : (at ?? null)] as const),
    );
  });

  it('names what the configuration points at in vain', async () => {
    await stage.inEnsemble('target', (session) =>
      session.create('/closed', Buffer.alloc(0), [{ permissions: 31, scheme: 'digest', id: 'nobody:x' }], 'persistent'),
    );
    const taken = config.source.servers[0];
    assert.ok(taken);
    const findings = await stage.survey({
      ...config,
      electionPath: '/closed',
      credentials: { ...config.credentials, mesos: 'env:ZKFERRY_TEST_UNSET' },
      source: { servers: server(config.source.servers, 2, { clientPort: 1 }) },
      target: { ...config.target, allowRestart: false },
      observers: server(config.observers, 0, { address: taken.address, root: taken.root }),
      masters: config.masters.map((one, at) => (at === 2 ? { ...one, httpPort: 1 } : one)),
      agents: { ...config.agents, template: { ...config.agents.template, masterUrl: ELSEWHERE } },
      policy: { ...config.policy, timeouts: { ...config.policy.timeouts, sessionMs: 120_000 } },
    });
    await stage.inEnsemble('target', (session) => session.remove('/closed'));
    stage.expect(
      findings,
      [
        ['no-election', null],
        ['election-refused', null],
        ['unknown-subtree', null],
        ['master-url-not-source', 'master1'],
        ['runs-elsewhere', 'master1'],
        ['master-url-unreadable', name(0)],
        ['check-credentials', null],
        ['check-master-version', 'master3'],
        ['check-master-flags', 'master3'],
        ['check-master-metrics', 'master3'],
        ['budget', null],
        ['session-maximum', 'target1'],
        ['epoch-low', null],
        ['check-zookeeper-server', 'source3'],
        ['check-clients-of-source', null],
        ['unreachable-endpoint', 'observer2'],
        ['observer-running', 'observer1'],
        ['port-taken', 'observer1'],
        ['observer-has-data', 'observer1'],
      ].map(([id, at]) => [id as FindingId, at ?? null] as const),
    );
  });

  it('sees that two ensembles are none, and that no master leads', async () => {
    const findings = await stage.survey({
      ...stage.dual,
      credentials: { ...config.credentials, publisher: 'env:ZKFERRY_TEST_UNSET' },
      source: { servers: [...config.source.servers, ...config.target.servers] },
      masters: config.masters.slice(0, 1).map((one) => ({ ...one, httpPort: 1 })),
    });
    stage.expect(findings, [
      ['ensemble-leaders', null],
      ['leading-master', null],
      ['check-leading-master', null],
      ['check-publisher-key', null],
      ['contenders-in-source', null],
    ]);
  });

  it('reads both trees', async () => {
    const closed = [{ permissions: 1, scheme: 'world', id: 'anyone' }];
    await stage.inEnsemble('source', (source) =>
      stage.inEnsemble('target', async (target) => {
        await source.create('/marathon', Buffer.alloc(0), OPEN, 'persistent');
        await source.create('/mesos/notes', Buffer.alloc(0), OPEN, 'persistent');
        await source.create('/mesos/info_0000000900', Buffer.from('x'), OPEN, 'persistent');
        await source.create(`/zkferry-${config.cluster}`, Buffer.from('{"migration":"other"}'), OPEN, 'persistent');
        await target.create(`/zkferry-marker-${config.cluster}`, Buffer.from('target other'), OPEN, 'persistent');
        await target.create('/mesos', Buffer.alloc(0), OPEN, 'persistent');
        await target.create('/mesos/json.info_0000000001', Buffer.from('{}'), OPEN, 'persistent');
        await target.setAcl('/mesos', closed, 0);
        try {
          stage.expect(await stage.survey(stage.dual), [
            ['unknown-subtree', null],
            ['election-strangers', null],
            ['contender-not-mirrored', null],
            ['target-has-contenders', null],
            ['parents-acl', null],
            ['locked', null],
            ['residue', 'target'],
          ]);
          const { plan } = await stage.activities.surveyAndPlan({ config: stage.dual });
          const again = await stage.activities.replan({ config: stage.dual, plan, migration: 'this one' });
          stage.expect(stage.remember(again.findings), [
            ['native-contender', null],
            ['master-url-not-target', name(0)],
            ['lock-lost', null],
          ]);
        } finally {
          await target.setAcl('/mesos', OPEN, 1);
          for (const path of ['/marathon', '/mesos/notes', '/mesos/info_0000000900', `/zkferry-${config.cluster}`])
            await source.remove(path);
          for (const path of ['/mesos/json.info_0000000001', '/mesos', `/zkferry-marker-${config.cluster}`])
            await target.remove(path);
        }
      }),
    );
  });

  it('names before the window whoever was not moved, and what is gone', async () => {
    const { plan } = await stage.activities.surveyAndPlan({ config });
    const [agent] = plan.agents;
    assert.ok(agent);
    const lost = { ...plan, agents: [...plan.agents, { ...agent, id: 'another-id' }] };
    const again = await stage.activities.replan({ config, plan: lost, migration: 'this one' });
    const left = await stage.activities.findStragglers({ config, plan, twice: false });
    stage.expect(stage.remember([...again.findings, ...left.findings]), [
      ['epoch-not-above', null],
      ['master-url-not-observers', 'master1'],
      ['agent-gone', name(0)],
      ['lock-lost', null],
      ['left-on-source', 'master1'],
    ]);
  });

  it('looks at units, files and folders of every host', async () => {
    const { lab } = stage;
    const [m1, m2, m3, a1, o2, o3, t3] = [
      lab.host('master1'),
      lab.host('master2'),
      lab.host('master3'),
      host(name(0)),
      lab.host('observer2'),
      lab.host('observer3'),
      lab.host('target3'),
    ];
    const drop = (unit: string, text: string) => [`etc/systemd/system/${unit}.service.d/50-test.conf`, text] as const;
    const sleeper = '[Service]\nExecStart=/bin/sleep 600\n\n[Install]\nWantedBy=multi-user.target\n';
    const written = [
      [m1, 'etc/mesos-master/zk', 'zk://127.0.0.1:2181/mesos'],
      [m1, 'var/lib/zkferry/lab/generation', 'other 1'],
      [m1, 'etc/systemd/system/puppet.service', sleeper],
      [m2, 'etc/systemd/system/marathon.service', sleeper],
      [m3, ...drop('mesos-master', '[Service]\nRestart=no\n')],
      [a1, ...drop('mesos-slave', '[Service]\nKillMode=control-group\n')],
      [a1, 'etc/systemd/system/mesos-master.service', sleeper],
      [a1, 'etc/mesos-slave/attributes', 'lab:changed'],
      [o3, 'usr/bin/df', '#!/bin/sh\necho x; echo "a b c 1000 e f"\n'],
    ] as const;
    const attributes = a1.read('etc/mesos-slave/attributes');
    for (const [at, path, text] of written) at.write(path, text, path.startsWith('usr/') ? 0o755 : 0o644);
    const soon = Date.now() / 1000 + 60;
    utimesSync(a1.path('etc/mesos-slave/attributes'), soon, soon);
    for (const at of [m1, m2, m3, a1]) at.supervisor.daemonReload();
    m2.supervisor.setEnabled('marathon', true);
    a1.supervisor.setEnabled('mesos-master', true);
    await m1.supervisor.service('puppet').start();
    const zooCfg = t3.path('etc/zookeeper/conf/zoo.cfg');
    renameSync(zooCfg, `${zooCfg}.away`);
    renameSync(o2.path('etc'), o2.path('etc.away'));
    try {
      stage.expect(await stage.survey(config), [
        ['master-url-twice', 'master1'],
        ['residue', 'master1'],
        ['configuration-management', 'master1'],
        ['shared-master-url', 'master2'],
        ['no-restart', 'master3'],
        ['kill-mode', name(0)],
        ['stray-master', name(0)],
        ['agent-flags-changed', name(0)],
        ['disk-full', 'observer3'],
        ['no-privilege', 'observer2'],
        ['settings-unknown', 'target3'],
      ]);
    } finally {
      renameSync(o2.path('etc.away'), o2.path('etc'));
      renameSync(`${zooCfg}.away`, zooCfg);
      await m1.supervisor.service('puppet').stop();
      m2.supervisor.setEnabled('marathon', false);
      a1.supervisor.setEnabled('mesos-master', false);
      for (const [at, path] of written) rmSync(at.path(path));
      rmSync(m1.path('var/lib/zkferry'), { recursive: true });
      a1.write('etc/mesos-slave/attributes', attributes);
      const before = Date.now() / 1000 - 600;
      utimesSync(a1.path('etc/mesos-slave/attributes'), before, before);
      for (const at of [m1, m2, m3, a1]) at.supervisor.daemonReload();
    }
  });

  it('reads what the servers run with, from their answers, files and processes', async () => {
    const { lab } = stage;
    const targets = ['target1', 'target2', 'target3'].map((one) => lab.host(one));
    const file = 'etc/zookeeper/conf/zoo.cfg';
    for (const target of targets) {
      target.write(file, `${target.read(file)}\nmaxSessionTimeout=10000\nmaxClientCnxns=3\nskipACL=yes\n`);
      await target.supervisor.service('zookeeper').restart();
    }
    const source3 = lab.host('source3');
    const program = 'usr/bin/zookeeper-server';
    source3.write(program, source3.read(program).replace(/^exec (\S+)/m, 'exec $1 -Djute.maxbuffer=4194304'), 0o755);
    await source3.supervisor.service('zookeeper').restart();
    // Servers of a lab serve again about two seconds after their start.
    for (let tries = 0; ; tries += 1) {
      const findings = await stage.survey(stage.dual);
      if (tries < 5 && findings.some(({ id }) => id === 'server-not-serving' || id === 'check-zookeeper-server')) {
        await delay(1_000);
        continue;
      }
      stage.expect(findings, [
        ['publisher-session', 'target2'],
        ['connection-limit', 'target2'],
        ['acls-not-enforced', null],
        ['jute-maxbuffer', 'target1'],
      ]);
      break;
    }
    // Not started with these: some would keep it from its ensemble. The file alone tells.
    const target1 = lab.host('target1');
    const lines = [
      'localSessionsEnabled=true',
      'reconfigEnabled=true',
      'DigestAuthenticationProvider.digestAlg=SHA-256',
    ];
    target1.write(file, `${target1.read(file)}${lines.join('\n')}\n`);
    const soon = Date.now() / 1000 + 60;
    utimesSync(target1.path(file), soon, soon);
    const withLogin = { ...config, credentials: { ...config.credentials, source: config.credentials.publisher } };
    stage.expect(await stage.survey(withLogin), [
      ['setting-crashes-mesos', 'target1'],
      ['reconfig-differs', null],
      ['digest-algorithm', null],
      ['settings-changed', 'target1'],
    ]);
  });

  it('sees masters, agents and schedulers that go astray', async () => {
    const { lab } = stage;
    const master = lab.host('master3');
    const target = config.target.servers.map(({ address, clientPort }) => `${address}:${String(clientPort)}`).join(',');
    master.write('etc/mesos/zk', `zk://${target}/mesos\n`);
    const second = lab.host('framework2');
    const unit = 'etc/systemd/system/lab-framework.service';
    const text = second.read(unit);
    assert.match(text, /failover_timeout_secs=604800/);
    second.write(
      unit,
      text
        .replace('--name=lab-framework-2', '--name=lab-framework')
        .replace('--failover_timeout_secs=604800', '--failover_timeout_secs=0')
        .replace('--checkpoint=true', '--checkpoint=false'),
    );
    second.supervisor.daemonReload();
    await second.supervisor.service('lab-framework').stop();
    rmSync(second.path('var/lib/lab-framework'), { recursive: true });
    second.makeFolder('var/lib/lab-framework');
    host(name(1)).supervisor.service('mesos-slave').kill('SIGSTOP', 'main');
    await Promise.all([
      second.supervisor.service('lab-framework').start(),
      master.supervisor.service('mesos-master').restart(),
    ]);
    await delay(4_000);
    const [m1] = config.masters;
    assert.ok(m1);
    const findings = await stage.survey(stage.dual);
    host(name(1)).supervisor.service('mesos-slave').kill('SIGCONT', 'main');
    stage.expect(findings, [
      ['master-not-on-source', 'master3'],
      ['runs-elsewhere', 'master3'],
      ['check-agent-state', name(1)],
      ['framework-twice', null],
      ['framework-disconnected', null],
      ['framework-checkpoint', null],
      ['framework-failover-timeout', null],
      ['master-link', 'master3'],
    ]);
    stage.expect(await stage.survey({ ...config, masters: [m1] }), [['quorum-flag', 'master1']]);
  });

  it('has made every check of the catalogue fire, but for those of which it says why not', () => {
    const silent = Object.keys(CATALOGUE).filter((id) => !stage.fired.has(id as FindingId));
    assert.deepEqual(silent.sort(), Object.keys(NOT_HERE).sort());
  });
});
