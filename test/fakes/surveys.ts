import type { ClusterConfig, HostConfig } from '../../src/domain/config.js';
import type { HostSurvey, ServerSurvey, Survey } from '../../src/domain/survey.js';
import { aConfig } from './plans.js';

/** A config in which every host has an address of its own. */
export function aSpreadConfig(): ClusterConfig {
  const config = aConfig(2);
  let next = 0;
  const spread = <T extends HostConfig>(hosts: readonly T[]): T[] =>
    hosts.map((host) => ({ ...host, address: `10.1.0.${String(++next)}` }));
  return {
    ...config,
    source: { servers: spread(config.source.servers) },
    target: { ...config.target, servers: spread(config.target.servers) },
    observers: spread(config.observers),
    masters: spread(config.masters),
    agents: { ...config.agents, hosts: spread(config.agents.hosts) },
    frameworks: config.frameworks.map((framework) => ({ ...framework, instances: spread(framework.instances) })),
  };
}

/** What the survey of a healthy cluster sees. */
export function aSurvey(config: ClusterConfig): Survey {
  const clients = [...config.masters, ...config.agents.hosts, ...config.frameworks.flatMap((one) => one.instances)];
  const servers = [...config.source.servers, ...config.target.servers];
  return {
    source: { servers: serversOf(config, 'source', '3'), tree: aTree(['/mesos']), acls: 'unproved' },
    target: { servers: serversOf(config, 'target', '1'), tree: aTree([]), acls: 'unproved' },
    masters: config.masters.map((master, index) => ({
      master,
      version: '1.11.0',
      flags: {
        quorum: '2',
        registry: 'replicated_log',
        agent_ping_timeout: '15secs',
        max_agent_ping_timeouts: '5',
        recovery_agent_removal_limit: '10%',
        zk_session_timeout: '3secs',
      },
      metrics: {
        'master/elected': index === 0 ? 1 : 0,
        'registrar/log/recovered': 1,
        'registrar/log/ensemble_size': 3,
      },
      sees: `${config.masters[0]?.address ?? ''}:5050`,
    })),
    cluster: {
      leader: config.masters[0]?.name ?? '',
      agents: config.agents.hosts.map((agent) => ({
        agent,
        id: `${agent.name}-id`,
        active: true,
        version: '1.11.0',
        flags: { recover: 'reconnect', strict: 'true', resources: 'cpus:4' },
      })),
      unknownAgents: [],
      unregisteredAgents: [],
      recoveredAgentIds: [],
      frameworks: config.frameworks.map(({ name }) => ({
        id: `${name}-id`,
        name,
        active: true,
        connected: true,
        checkpoint: true,
        failoverTimeoutMs: 604_800_000,
      })),
    },
    hosts: {
      ...Object.fromEntries(clients.map((host) => [host.name, aHost(host.unit, placeOnSource(config))])),
      ...Object.fromEntries(servers.map((host) => [host.name, aHost(host.unit, null)])),
      ...Object.fromEntries(
        config.observers.map((host) => [host.name, { ...aHost(host.unit, null), activeState: 'inactive' }]),
      ),
    },
    clients: [{ client: '10.1.0.10:40001', sessionId: '0x1', owner: 'm1' }],
    temporal: null,
    failures: [],
  };
}

/** A config for dual-publishing, in which every host has an address of its own. */
export function aDualConfig(): ClusterConfig {
  const config = aSpreadConfig();
  return {
    ...config,
    strategy: 'dual-publishing',
    observers: [],
    credentials: { ...config.credentials, publisher: 'env:PUBLISHER_KEY' },
  };
}

/** What the survey of a healthy cluster sees when it is to move by dual-publishing. */
export function aDualSurvey(config: ClusterConfig): Survey {
  const survey = aSurvey(config);
  const tree = aTree(['/mesos']);
  const contenders = config.masters.map((master, index) => ({
    znode: `/mesos/json.info_000000000${String(index + 4)}`,
    pid: `master@${master.address}:${String(master.httpPort)}`,
    master: master.name,
  }));
  return {
    ...survey,
    source: { ...survey.source, acls: 'enforced', tree: tree && { ...tree, contenders } },
    target: { ...survey.target, acls: 'enforced' },
  };
}

function serversOf(config: ClusterConfig, ensemble: 'source' | 'target', epoch: string): ServerSurvey[] {
  return config[ensemble].servers.map(({ name }, index) => ({
    name,
    mode: index === 0 ? 'leader' : 'follower',
    version: '3.8.4',
    epoch,
    settings: { tickTime: '2000' },
  }));
}

function aTree(roots: string[]): Survey['source']['tree'] {
  const electionPath = roots.length > 0 ? 'readable' : 'absent';
  return {
    roots,
    electionPath,
    contenders: [],
    unmirrored: [],
    strangers: [],
    lock: null,
    marker: null,
    ours: [],
    parents: {},
  };
}

function aHost(unit: string, place: HostSurvey['place']): HostSurvey {
  return {
    unit,
    loadState: 'loaded',
    activeState: 'active',
    restart: 'always',
    killMode: 'process',
    mayWrite: true,
    missingTools: [],
    freeKb: 10_000_000,
    place,
    otherPlaces: [],
    changedFlags: [],
    managers: [],
    server: null,
    otherUnits: [],
    endpoints: [{ endpoint: '10.1.0.7:2181', outcome: 'refused' }],
    listening: [],
    foreignData: [],
    residue: [],
  };
}

function placeOnSource(config: ClusterConfig): HostSurvey['place'] {
  const servers = config.source.servers.map(({ address, clientPort }) => ({ address, port: clientPort }));
  const url = { servers, path: config.electionPath };
  return { path: '/etc/mesos/zk', url, problem: null, runsWith: url, changedSinceStart: false };
}
