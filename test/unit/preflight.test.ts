import assert from 'node:assert/strict';
import type { ClusterConfig } from '../../src/domain/config.js';
import { preflight } from '../../src/domain/preflight.js';
import type { ClusterSurvey, HostSurvey, ServerSurvey, Survey, TreeSurvey } from '../../src/domain/survey.js';
import { aDualConfig, aDualSurvey, aSpreadConfig, aSurvey } from '../fakes/surveys.js';

type Case = readonly [
  id: string,
  host: string | null,
  when: string,
  change: (survey: Survey, config: ClusterConfig) => Survey,
];

const hostIs =
  (name: string, change: Partial<HostSurvey>) =>
  (survey: Survey): Survey => {
    const host = survey.hosts[name];
    assert.ok(host);
    return { ...survey, hosts: { ...survey.hosts, [name]: { ...host, ...change } } };
  };
const placeIs =
  (name: string, change: Partial<NonNullable<HostSurvey['place']>>) =>
  (survey: Survey): Survey => {
    const place = survey.hosts[name]?.place;
    assert.ok(place);
    return hostIs(name, { place: { ...place, ...change } })(survey);
  };
const serverIs =
  (ensemble: 'source' | 'target', index: number, change: Partial<ServerSurvey>) =>
  (survey: Survey): Survey => ({
    ...survey,
    [ensemble]: {
      ...survey[ensemble],
      servers: survey[ensemble].servers.map((server, at) => (at === index ? { ...server, ...change } : server)),
    },
  });
const treeIs =
  (ensemble: 'source' | 'target', change: Partial<TreeSurvey>) =>
  (survey: Survey): Survey => {
    const { tree } = survey[ensemble];
    assert.ok(tree);
    return { ...survey, [ensemble]: { ...survey[ensemble], tree: { ...tree, ...change } } };
  };
const masterIs =
  (index: number, change: { [Key in 'flags' | 'metrics']?: object } & { version?: string }) =>
  (survey: Survey): Survey => ({
    ...survey,
    masters: survey.masters.map((one, at) =>
      at !== index
        ? one
        : {
            ...one,
            ...change,
            flags: { ...one.flags, ...change.flags },
            metrics: { ...one.metrics, ...change.metrics },
          },
    ),
  });
const clusterIs =
  (change: (cluster: ClusterSurvey) => Partial<ClusterSurvey>) =>
  (survey: Survey): Survey => {
    assert.ok(survey.cluster);
    return { ...survey, cluster: { ...survey.cluster, ...change(survey.cluster) } };
  };
const frameworkIs = (change: Partial<ClusterSurvey['frameworks'][number]>) =>
  clusterIs(({ frameworks }) => ({ frameworks: frameworks.map((one) => ({ ...one, ...change })) }));
const contender = (master: string | null) => ({
  znode: '/mesos/json.info_0000000001',
  pid: 'master@10.9.9.9:5050',
  master,
});
const elsewhere = { servers: [{ address: '10.9.9.9', port: 2181 }], path: '/mesos' };

const blocking: readonly Case[] = [
  ['server-not-serving', 's2', 'a server has no quorum', serverIs('source', 1, { mode: 'not-serving', epoch: null })],
  ['server-standalone', 't1', 'a server runs standalone', serverIs('target', 0, { mode: 'standalone' })],
  ['server-is-observer', 's2', 'an observer is listed as a participant', serverIs('source', 1, { mode: 'observer' })],
  ['zookeeper-version', 't3', 'a server is older than anything tried', serverIs('target', 2, { version: '3.3.6' })],
  ['ensemble-leaders', null, 'two servers lead', serverIs('source', 1, { mode: 'leader' })],
  [
    'setting-crashes-mesos',
    't2',
    'target has local sessions',
    serverIs('target', 1, { settings: { localSessionsEnabled: 'true' } }),
  ],
  [
    'setting-crashes-mesos',
    't2',
    'target enforces quotas',
    serverIs('target', 1, { settings: { 'zookeeper.enforceQuota': 'true' } }),
  ],
  [
    'reconfig-differs',
    null,
    'servers disagree on reconfigEnabled',
    serverIs('target', 1, { settings: { reconfigEnabled: 'true' } }),
  ],
  ['no-election', null, 'the election path is absent in source', treeIs('source', { electionPath: 'absent' })],
  ['election-refused', null, 'the election path may not be read', treeIs('target', { electionPath: 'refused' })],
  [
    'target-has-contenders',
    null,
    'somebody already stands in target',
    treeIs('target', { contenders: [contender('m1')] }),
  ],
  [
    'unknown-contender',
    null,
    'an unknown master stands in source',
    treeIs('source', { contenders: [contender(null)] }),
  ],
  ['unknown-subtree', null, 'nobody decided about a subtree', treeIs('source', { roots: ['/mesos', '/marathon'] })],
  ['locked', null, 'another migration holds the lock', treeIs('source', { lock: '{"migration":"other"}' })],
  ['residue', 'target', 'a marker is left', treeIs('target', { marker: 'target other' })],
  ['residue', 'target', 'a publisher is left', treeIs('target', { ours: ['/zkferry-publisher-test'] })],
  ['residue', 'source', 'a door is left', treeIs('source', { ours: ['/zkferry-door-test'] })],
  ['residue', 'm2', 'a state folder is left', hostIs('m2', { residue: ['/var/lib/zkferry/test'] })],
  ['epoch-limit', null, 'the epoch cannot be raised', serverIs('source', 0, { epoch: '999999' })],
  ['mesos-version', 'm1', 'a master is too old', masterIs(0, { version: '0.28.2' })],
  ['quorum-flag', 'm3', 'the quorum does not fit', masterIs(2, { flags: { quorum: '1' } })],
  ['registry-flag', 'm3', 'the registry is in memory', masterIs(2, { flags: { registry: 'in_memory' } })],
  ['log-not-recovered', 'm2', 'a log has not recovered', masterIs(1, { metrics: { 'registrar/log/recovered': 0 } })],
  [
    'log-ensemble-size',
    'm2',
    'a master misses a replica',
    masterIs(1, { metrics: { 'registrar/log/ensemble_size': 2 } }),
  ],
  ['leading-master', null, 'two masters claim to lead', masterIs(1, { metrics: { 'master/elected': 1 } })],
  ['leading-master', null, 'no master claims to lead', masterIs(0, { metrics: { 'master/elected': 0 } })],
  ['budget', null, 'ping flags cannot be read', masterIs(1, { flags: { agent_ping_timeout: 'soon' } })],
  [
    'agent-inactive',
    'a1',
    'an agent is inactive',
    clusterIs(({ agents }) => ({ agents: agents.map((a) => ({ ...a, active: a.agent.name !== 'a1' })) })),
  ],
  [
    'unknown-agent',
    'x1',
    'an agent is not configured',
    clusterIs(() => ({ unknownAgents: [{ id: 'i', hostname: 'x1' }] })),
  ],
  ['agent-not-registered', 'a9', 'a configured agent is not there', clusterIs(() => ({ unregisteredAgents: ['a9'] }))],
  ['agents-recovering', null, 'agents have not come back', clusterIs(() => ({ recoveredAgentIds: ['i'] }))],
  [
    'agent-recover',
    'a1',
    'a restart would kill executors',
    clusterIs(({ agents }) => ({
      agents: agents.map((a) => (a.agent.name === 'a1' ? { ...a, flags: { recover: 'cleanup' } } : a)),
    })),
  ],
  ['unknown-framework', null, 'a framework is not configured', frameworkIs({ name: 'chronos' })],
  ['framework-not-registered', null, 'a configured framework is not there', clusterIs(() => ({ frameworks: [] }))],
  [
    'framework-twice',
    null,
    'a name is registered twice',
    clusterIs(({ frameworks }) => ({ frameworks: [...frameworks, ...frameworks] })),
  ],
  ['framework-disconnected', null, 'a scheduler is away', frameworkIs({ connected: false })],
  ['framework-checkpoint', null, 'tasks would die with their agent', frameworkIs({ checkpoint: false })],
  ['framework-failover-timeout', null, 'tasks would die with their scheduler', frameworkIs({ failoverTimeoutMs: 0 })],
  [
    'framework-failover-short',
    null,
    'the failover time is shorter than the patience',
    frameworkIs({ failoverTimeoutMs: 1_000 }),
  ],
  ['unit-missing', 'm1', 'a unit is not there', hostIs('m1', { loadState: 'not-found' })],
  ['unit-not-running', 'a1', 'an agent does not run', hostIs('a1', { activeState: 'failed' })],
  ['no-privilege', 'o1', 'the ssh user may not write', hostIs('o1', { mayWrite: false })],
  ['tools-missing', 's1', 'a tool is missing', hostIs('s1', { missingTools: ['flock'] })],
  ['disk-full', 'o1', 'the disk is full', hostIs('o1', { freeKb: 1_000 })],
  [
    'unreachable-endpoint',
    'a1',
    'a firewall swallows new connections',
    hostIs('a1', { endpoints: [{ endpoint: '10.1.0.7:2181', outcome: 'blocked' }] }),
  ],
  ['shared-master-url', 'a1', 'another process reads the same file', hostIs('a1', { otherUnits: ['mesos-master'] })],
  [
    'master-url-unreadable',
    'a1',
    'the place cannot be read',
    placeIs('a1', { url: null, problem: 'it cannot be read' }),
  ],
  ['master-url-not-source', 'm1', 'the file names another ensemble', placeIs('m1', { url: elsewhere })],
  ['runs-elsewhere', 'm1', 'the process uses another value than the file', placeIs('m1', { runsWith: elsewhere })],
  ['observer-running', 'o1', 'a server runs where the observer is to be', hostIs('o1', { activeState: 'active' })],
  ['port-taken', 'o1', 'the client port is taken', hostIs('o1', { listening: [{ ip: '0.0.0.0', port: 2181 }] })],
  [
    'observer-has-data',
    'o1',
    'foreign data lies there',
    hostIs('o1', { foreignData: ['/var/lib/zookeeper/version-2'] }),
  ],
  [
    'unknown-client',
    '10.7.7.7',
    'a client of source is unknown',
    (survey) => ({ ...survey, clients: [{ client: '10.7.7.7:4711', sessionId: '0x9', owner: null }] }),
  ],
  [
    'check-host',
    'm1',
    'a check could not be made',
    (survey) => ({ ...survey, failures: [{ check: 'host', host: 'm1', message: 'no route', remedy: null }] }),
  ],
];

describe('preflight', () => {
  const config = aSpreadConfig();
  const ids = (survey: Survey, verdict: string, changed = config): string[] =>
    preflight(changed, survey)
      .filter((finding) => finding.verdict === verdict)
      .map(({ id, host }) => `${id} ${String(host)}`);

  it('finds nothing to block or warn about in a healthy cluster', () => {
    assert.deepEqual(ids(aSurvey(config), 'block'), []);
    assert.deepEqual(ids(aSurvey(config), 'warn'), []);
  });

  for (const [id, host, when, change] of blocking) {
    it(`blocks with ${id} when ${when}`, () => {
      const findings = preflight(config, change(aSurvey(config), config));
      const found = findings.filter((one) => one.verdict === 'block' && one.id === id);
      assert.ok(
        found.some((one) => one.host === host),
        JSON.stringify(findings.filter((one) => one.verdict === 'block')),
      );
      for (const { seen, why, remedy } of found)
        assert.ok(seen !== '' && why !== '' && remedy !== null && remedy !== '');
    });
  }

  it('blocks with masters-even when a master is missing in the configuration', () => {
    const even = { ...config, masters: config.masters.slice(0, 2) };
    assert.ok(ids(aSurvey(config), 'block', even).includes('masters-even null'));
  });

  it('shows every blocker at once and puts them first', () => {
    const broken = hostIs('m1', { mayWrite: false })(frameworkIs({ checkpoint: false })(aSurvey(config)));
    const verdicts = preflight(config, broken).map(({ verdict }) => verdict);
    assert.deepEqual(verdicts.slice(0, 2), ['block', 'block']);
    assert.ok(!verdicts.slice(2).includes('block'));
  });

  it('lets what a person has accepted by name pass', () => {
    const framework = config.frameworks[0];
    assert.ok(framework);
    const accepting: ClusterConfig = {
      ...config,
      frameworks: [{ ...framework, acceptTaskLoss: true }],
      policy: {
        ...config.policy,
        acceptAgents: ['a1'],
        acceptClients: ['10.7.7.7'],
        subtrees: { '/marathon': 'copied' },
      },
    };
    const survey = [
      frameworkIs({ checkpoint: false, failoverTimeoutMs: 0 }),
      clusterIs(({ agents }) => ({ agents: agents.map((a) => ({ ...a, active: a.agent.name !== 'a1' })) })),
      treeIs('source', { roots: ['/mesos', '/marathon'] }),
      (one: Survey): Survey => ({ ...one, clients: [{ client: '10.7.7.7:4711', sessionId: '0x9', owner: null }] }),
    ].reduce((one, change) => change(one), aSurvey(config));
    assert.deepEqual(ids(survey, 'block', accepting), []);
  });

  it('warns that clients heal slowly when the epoch is low and may not be raised', () => {
    const fixed = { ...config, target: { ...config.target, allowRestart: false } };
    assert.deepEqual(ids(aSurvey(config), 'warn', fixed), ['epoch-low null']);
  });

  it('says nothing about epochs when target is well above source', () => {
    const high = [0, 1, 2].reduce<Survey>((one, at) => serverIs('target', at, { epoch: '200' })(one), aSurvey(config));
    assert.ok(!preflight(config, high).some(({ id }) => id.startsWith('epoch')));
  });
});

const blockingDual: readonly Case[] = [
  [
    'contenders-in-source',
    null,
    'a master does not stand',
    (survey) => treeIs('source', { contenders: survey.source.tree?.contenders.slice(1) ?? [] })(survey),
  ],
  [
    'contenders-in-source',
    null,
    'a master stands twice',
    (survey) =>
      treeIs('source', {
        contenders: [
          ...(survey.source.tree?.contenders ?? []),
          { ...contender('m1'), znode: '/mesos/json.info_0000000009' },
        ],
      })(survey),
  ],
  [
    'target-has-contenders',
    null,
    'what stands in target looks like a mirror before anything is mirrored',
    (survey) => treeIs('target', { contenders: survey.source.tree?.contenders.slice(0, 1) ?? [] })(survey),
  ],
  [
    'contender-not-mirrored',
    null,
    'a contender is none that can be mirrored',
    treeIs('source', { unmirrored: [{ name: 'info_0000000005', why: 'it is not named as Mesos names one' }] }),
  ],
  ['master-url-not-source', 'm2', 'the file of a master names target', placeIs('m2', { url: elsewhere })],
  [
    'master-not-on-source',
    'm2',
    'a master itself says that it uses another ensemble',
    masterIs(1, { flags: { zk: 'zk://user:hunter2@10.9.9.9:2181/mesos' } }),
  ],
  [
    'acls-not-enforced',
    null,
    'target ignores ACLs',
    (survey) => ({ ...survey, target: { ...survey.target, acls: 'ignored' } }),
  ],
  [
    'acls-not-enforced',
    null,
    'source ignores ACLs',
    (survey) => ({ ...survey, source: { ...survey.source, acls: 'ignored' } }),
  ],
  [
    'publisher-session',
    't2',
    'target allows only short sessions',
    serverIs('target', 1, { settings: { maxSessionTimeout: '10000' } }),
  ],
  [
    'unreachable-endpoint',
    'a2',
    'an agent is refused by a server of target',
    hostIs('a2', { endpoints: [{ endpoint: '10.1.0.5:2181', outcome: 'refused' }] }),
  ],
  [
    'check-publisher-key',
    null,
    "the publisher's key cannot be used",
    (survey) => ({
      ...survey,
      failures: [{ check: 'publisher-key', host: null, message: 'it is too short', remedy: 'make a longer one' }],
    }),
  ],
];

describe('preflight of dual-publishing', () => {
  const config = aDualConfig();
  const found = (survey: Survey, verdict: string): string[] =>
    preflight(config, survey)
      .filter((finding) => finding.verdict === verdict)
      .map(({ id, host }) => `${id} ${String(host)}`);

  it('finds nothing to block or warn about in a healthy cluster', () => {
    assert.deepEqual(found(aDualSurvey(config), 'block'), []);
    assert.deepEqual(found(aDualSurvey(config), 'warn'), []);
  });

  for (const [id, host, when, change] of blockingDual) {
    it(`blocks with ${id} when ${when}`, () => {
      const findings = preflight(config, change(aDualSurvey(config), config)).filter(
        ({ verdict }) => verdict === 'block',
      );
      const named = findings.filter((one) => one.id === id);
      assert.ok(
        named.some((one) => one.host === host),
        JSON.stringify(findings),
      );
      for (const { seen, why, remedy } of named)
        assert.ok(seen !== '' && why !== '' && remedy !== null && remedy !== '');
      assert.doesNotMatch(JSON.stringify(findings), /hunter2/);
    });
  }

  it('says nothing about epochs, whatever they are', () => {
    for (const epoch of ['0', '999999']) {
      const survey = serverIs('source', 0, { epoch })(aDualSurvey(config));
      assert.ok(!preflight(config, survey).some(({ id }) => id.startsWith('epoch')));
    }
  });

  it('says when the enforcement of ACLs is still to be proved', () => {
    const survey = aDualSurvey(config);
    const old: Survey = { ...survey, target: { ...survey.target, acls: 'unproved' } };
    assert.ok(found(old, 'info').includes('acls-unproved null'));
    assert.deepEqual(found(old, 'block'), []);
  });

  it('warns when target would keep the znodes of dead masters longer than source', () => {
    const survey = serverIs('target', 2, { settings: { minSessionTimeout: '12000' } })(aDualSurvey(config));
    assert.deepEqual(found(survey, 'warn'), ['session-minimum t3']);
  });

  it('asks nothing of this of the other strategy', () => {
    const other = aSpreadConfig();
    const ids = preflight(other, aSurvey(other)).map(({ id }) => id);
    for (const id of ['contenders-in-source', 'acls-unproved', 'master-not-on-source']) assert.ok(!ids.includes(id));
  });
});
