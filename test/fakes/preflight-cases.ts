import type { ClusterConfig } from '../../src/domain/config.js';
import type { CheckName, FindingId } from '../../src/domain/preflight/catalogue/index.js';
import type { Acl, Survey } from '../../src/domain/survey.js';
import {
  agentFlagsAre,
  agentsAre,
  clusterIs,
  contender,
  elsewhere,
  frameworkIs,
  hostIs,
  masterIs,
  olderMaster,
  placeIs,
  serverFileIs,
  serverIs,
  treeIs,
} from './survey-changes.js';

/** A change of a healthy survey, and the finding that it leads to. */
export type Case = readonly [
  id: FindingId,
  host: string | null,
  when: string,
  change: (survey: Survey, config: ClusterConfig) => Survey,
];

const failed =
  (check: CheckName) =>
  (survey: Survey): Survey => ({ ...survey, failures: [{ check, host: null, message: 'no answer', remedy: null }] });
const parentsAre = (target: readonly Acl[]) => (survey: Survey) =>
  treeIs('target', { parents: { '/mesos': target } })(
    treeIs('source', { parents: { '/mesos': [{ permissions: 31, scheme: 'world', id: 'anyone' }] } })(survey),
  );

/** What blocks, with the observers strategy. */
export const blocking: readonly Case[] = [
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
  ['plan-too-large', null, 'there are more agents than Temporal carries at once', agentsAre(4_000)],
  ['no-election', null, 'the election path is absent in source', treeIs('source', { electionPath: 'absent' })],
  ['election-refused', null, 'the election path may not be read', treeIs('target', { electionPath: 'refused' })],
  ['election-refused', null, 'nobody may be removed there', treeIs('source', { electionPath: 'read-only' })],
  [
    'election-refused',
    null,
    'nobody may be removed once it is made',
    treeIs('target', { electionPath: 'absent-read-only' }),
  ],
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
  ...(
    [
      'zookeeper-server',
      'source-tree',
      'target-tree',
      'leading-master',
      'agent-state',
      'credentials',
      'master-version',
      'master-flags',
      'master-metrics',
      'clients-of-source',
    ] as const
  ).map((check): Case => [`check-${check}`, null, `check ${check} could not be made`, failed(check)]),
  [
    'check-host',
    'm1',
    'a check could not be made',
    (survey) => ({ ...survey, failures: [{ check: 'host', host: 'm1', message: 'no route', remedy: null }] }),
  ],

  [
    'parents-acl',
    null,
    'a parent in target is closed to masters',
    parentsAre([{ permissions: 1, scheme: 'world', id: 'anyone' }]),
  ],
  [
    'digest-algorithm',
    null,
    'the ensembles digest passwords differently',
    (survey) =>
      serverIs('target', 1, { settings: { 'DigestAuthenticationProvider.digestAlg': 'SHA-256' } })(
        treeIs('source', { parents: { '/mesos': [{ permissions: 31, scheme: 'digest', id: 'masters:x' }] } })(survey),
      ),
  ],
  [
    'jute-maxbuffer',
    't2',
    'source takes larger requests',
    (survey) => serverIs('source', 0, { settings: { 'jute.maxbuffer': '4194304' } })(survey),
  ],
  [
    'data-folder',
    't3',
    'target keeps its data elsewhere',
    serverIs('target', 2, { settings: { dataDir: '/srv/zookeeper/version-2' } }),
  ],
  [
    'master-link',
    'm3',
    'a standby sees no leading master',
    (survey) => ({
      ...survey,
      masters: survey.masters.map((one) => (one.master.name === 'm3' ? { ...one, sees: null } : one)),
    }),
  ],
  [
    'agent-recovery-timeout',
    'a1',
    'executors would not wait for their agent',
    agentFlagsAre({ recovery_timeout: '5secs' }),
  ],
  [
    'stray-master',
    'a1',
    'a master that nobody configured may start on the host of an agent',
    hostIs('a1', { otherUnits: ['mesos-master'] }),
  ],
  [
    'master-url-twice',
    'm1',
    'a second file sets the master URL',
    hostIs('m1', { otherPlaces: ['/etc/mesos-master/zk'] }),
  ],
  [
    'agent-flags-changed',
    'a1',
    'a restart would read other flags',
    hostIs('a1', { changedFlags: ['/etc/mesos-slave/resources'] }),
  ],
];

/** What blocks with dual-publishing alone. */
export const blockingDual: readonly Case[] = [
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

  [
    'connection-limit',
    't1',
    'target takes too few connections of one address',
    serverIs('target', 0, { settings: { maxClientCnxns: '3' } }),
  ],
  ['check-source-acls', null, 'source cannot be asked about ACLs', failed('source-acls')],
  ['check-target-acls', null, 'target cannot be asked about ACLs', failed('target-acls')],
];

/** What warns, with the observers strategy. */
export const warning: readonly Case[] = [
  ['election-strangers', null, 'somebody else writes to the election path', treeIs('source', { strangers: ['notes'] })],
  ['settings-unknown', 't1', 'zoo.cfg cannot be read', serverFileIs('t1', { problem: 'it cannot be read' })],
  ['settings-changed', 's2', 'zoo.cfg was edited since the start', serverFileIs('s2', { changedSinceStart: true })],
  [
    'session-minimum',
    't3',
    'target keeps sessions for longer',
    serverIs('target', 2, { settings: { minSessionTimeout: '12000' } }),
  ],
  [
    'session-maximum',
    't3',
    'target ends sessions earlier',
    serverIs('target', 2, { settings: { maxSessionTimeout: '1000' } }),
  ],
  [
    'removal-limit',
    'm1',
    'no limit guards the agents',
    masterIs(0, { flags: { recovery_agent_removal_limit: '100%' } }),
  ],
  ['session-timeout', 'm1', 'a master has a longer session', masterIs(0, { flags: { zk_session_timeout: '10secs' } })],
  ['session-timeout', 'm2', 'a master is too old to honour its flag', olderMaster('1.2.3')],
  ['late-agents-die', 'm2', 'a master shuts late agents down', olderMaster('1.0.4')],
  ['agent-not-strict', 'a1', 'an agent passes recovery errors over', agentFlagsAre({ strict: 'false' })],
  [
    'executor-reregistration',
    'a1',
    'executors have too little time',
    agentFlagsAre({ executor_reregistration_timeout: '500ms' }),
  ],
  ['configuration-management', 'm1', 'something may put files back', hostIs('m1', { managers: ['puppet'] })],
  ['no-restart', 'm1', 'nobody starts a master again', hostIs('m1', { restart: 'no' })],
  ['kill-mode', 'a1', 'a restart kills what the agent started', hostIs('a1', { killMode: 'control-group' })],
  [
    'master-url-changed',
    'm1',
    'the file was edited since the start',
    placeIs('m1', { runsWith: null, changedSinceStart: true }),
  ],
  [
    'temporal-timers',
    null,
    'timers are late',
    (survey) => ({ ...survey, temporal: { timerLateMs: 900, known: false } }),
  ],
];

/** What only tells. */
export const telling: readonly Case[] = [
  ['settings-unknown', 's1', 'zoo.cfg of source cannot be read', serverFileIs('s1', { problem: 'it cannot be read' })],
  ['epoch-raise', null, 'target is to be raised', (survey) => survey],
  ['budget', null, 'there is a budget', (survey) => survey],
  ['older-mesos', 'm2', 'a master counts no replicas', olderMaster('1.3.2')],
  [
    'agent-resources-detected',
    null,
    'an agent detects its resources',
    clusterIs(({ agents }) => ({ agents: agents.map((one) => ({ ...one, flags: {} })) })),
  ],
  ['reboot-new-agent', null, 'an agent is old', agentFlagsAre({}, '1.3.0')],
  [
    'endpoints-unchecked',
    'a1',
    'there is no tool to try connections with',
    hostIs('a1', { endpoints: [{ endpoint: '10.1.0.7:2181', outcome: 'unchecked' }] }),
  ],
  [
    'temporal-timers',
    null,
    'timers are prompt',
    (survey) => ({ ...survey, temporal: { timerLateMs: 90, known: true } }),
  ],
];
