import type { AgentConfig, ClusterConfig, HostConfig, ServerConfig } from '../../src/domain/config.js';
import type { Plan, PlannedAgent } from '../../src/domain/plan.js';

function host(name: string): HostConfig {
  return { name, address: `10.0.0.${name.length}`, sshPort: 22, sshUser: 'operator', root: '' };
}

function server(name: string, id: number): ServerConfig {
  return {
    ...host(name),
    id,
    clientPort: 2181,
    quorumPort: 2888,
    electionPort: 3888,
    unit: 'zookeeper',
    configFile: '/etc/zookeeper/conf/zoo.cfg',
    dataDir: '/var/lib/zookeeper',
    dataLogDir: null,
    owner: null,
  };
}

export function anAgent(name: string): PlannedAgent {
  const agent: AgentConfig = {
    ...host(name),
    httpPort: 5051,
    unit: 'mesos-slave',
    masterUrl: { kind: 'file', path: '/etc/mesos/zk' },
  };
  return { agent, id: `${name}-id` };
}

/** A small cluster; `change` overrides whole top-level keys. */
export function aConfig(agents = 3, change: Partial<ClusterConfig> = {}): ClusterConfig {
  const { httpPort, unit, masterUrl, sshPort, sshUser, root } = anAgent('a').agent;
  return {
    schemaVersion: 1,
    cluster: 'test',
    strategy: 'observers',
    electionPath: '/mesos',
    source: { servers: [server('s1', 1), server('s2', 2), server('s3', 3)] },
    target: { servers: [server('t1', 1), server('t2', 2), server('t3', 3)], allowRestart: true },
    observers: [server('o1', 101), server('o2', 102), server('o3', 103)],
    masters: ['m1', 'm2', 'm3'].map((name) => ({
      ...host(name),
      httpPort: 5050,
      unit: 'mesos-master',
      masterUrl: { kind: 'file', path: '/etc/mesos/zk' },
    })),
    agents: {
      discover: false,
      hosts: Array.from({ length: agents }, (_, n) => anAgent(`a${n + 1}`).agent),
      template: { httpPort, unit, masterUrl, sshPort, sshUser, root },
    },
    frameworks: [
      {
        name: 'marathon',
        instances: [{ ...host('f1'), unit: 'marathon', masterUrl: { kind: 'file', path: '/etc/mesos/zk' } }],
        stop: 'sigkill',
        acceptTaskLoss: false,
      },
    ],
    ssh: { port: 22, user: 'operator', identity: 'agent', passphrase: null, knownHosts: '/dev/null', sudo: false },
    credentials: { source: null, target: null, mesos: null, publisher: null },
    policy: {
      budgetMs: null,
      agentPing: null,
      forecastShare: 0.6,
      reserveMs: null,
      canary: 1,
      batchGrowth: 2,
      maxBatch: 10,
      failureBudget: 0,
      soakMs: 10,
      settle: false,
      retireObservers: false,
      acceptClients: [],
      acceptAgents: [],
      subtrees: {},
      acceptFrozenWorker: false,
      timeouts: {
        commandMs: 10_000,
        agentMs: 10_000,
        masterMs: 10_000,
        frameworkMs: 10_000,
        serverMs: 10_000,
        sessionMs: 3_000,
        mirrorMs: 1_000,
      },
      takeOver: null,
      hooks: [],
      searchAttributes: true,
    },
    ...change,
  };
}

export function aPlan(
  config: ClusterConfig,
  newcomers: readonly PlannedAgent[] = [],
  change: Partial<Plan> = {},
): Plan {
  const url = (name: 'source' | 'target') => ({
    servers: config[name].servers.map(({ address, clientPort }) => ({ address, port: clientPort })),
    path: config.electionPath,
    credentialsOf: name,
  });
  return {
    schemaVersion: 1,
    cluster: config.cluster,
    strategy: config.strategy,
    urls: {
      source: url('source'),
      observers: config.observers.length === 0 ? null : url('source'),
      target: url('target'),
    },
    agents: [...config.agents.hosts.map((agent) => ({ agent, id: `${agent.name}-id` })), ...newcomers],
    frameworks: config.frameworks.map((framework) => ({ framework, id: `${framework.name}-id` })),
    quorum: 2,
    raiseEpoch: true,
    reconfigEnabled: { source: false, target: false },
    budget: { budgetMs: config.policy.budgetMs ?? 75_000, derivation: 'a test' },
    steps: [],
    pointOfNoReturn: 'a recovered leader in target',
    ...change,
  };
}
