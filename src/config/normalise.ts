import type {
  AgentConfig,
  AgentsConfig,
  ClusterConfig,
  FrameworkConfig,
  HookConfig,
  HostConfig,
  MasterConfig,
  MasterUrlPlace,
  PolicyConfig,
  ServerConfig,
} from '../domain/config.js';
import { DEFAULTS } from './defaults.js';
import { parseDuration } from './duration.js';
import type { RawConfig } from './schema.js';

type RawServer = RawConfig['source']['servers'][number];
type RawServerDefaults = NonNullable<RawConfig['source']['defaults']>;
type RawPlace = NonNullable<RawConfig['masters'][number]['masterUrl']>;
type RawSsh = RawConfig['ssh'];

/** Fills every default in. Takes only what the schema and the rules have accepted. */
export function normalise(raw: RawConfig): ClusterConfig {
  const { ssh } = raw;
  const serversOf = (section: { defaults?: RawServerDefaults | undefined; servers: RawServer[] }): ServerConfig[] =>
    section.servers.map((server) => serverFrom(server, section.defaults ?? {}, ssh));
  return {
    schemaVersion: 1,
    cluster: raw.cluster,
    strategy: raw.strategy,
    electionPath: raw.electionPath ?? DEFAULTS.electionPath,
    source: { servers: serversOf(raw.source) },
    target: { allowRestart: raw.target.allowRestart ?? false, servers: serversOf(raw.target) },
    // A config may list observers and choose the other strategy: then nothing touches their hosts.
    observers:
      raw.strategy === 'observers' ? (raw.observers ?? []).map((observer) => serverFrom(observer, {}, ssh)) : [],
    masters: raw.masters.map((master) => masterFrom(master, ssh)),
    agents: agentsFrom(raw.agents, ssh),
    frameworks: (raw.frameworks ?? []).map((framework) => frameworkFrom(framework, ssh)),
    ssh: {
      port: ssh.port ?? DEFAULTS.sshPort,
      user: ssh.user,
      identity: ssh.identity,
      passphrase: ssh.passphrase ?? null,
      knownHosts: ssh.knownHosts,
      sudo: ssh.sudo ?? false,
    },
    credentials: {
      source: raw.credentials?.source ?? null,
      target: raw.credentials?.target ?? null,
      mesos: raw.credentials?.mesos ?? null,
      publisher: raw.credentials?.publisher ?? null,
    },
    policy: policyFrom(raw.policy ?? {}),
  };
}

interface RawReach {
  sshPort?: number | undefined;
  sshUser?: string | undefined;
  root?: string | undefined;
}

function reachFrom(raw: RawReach, ssh: RawSsh): Omit<HostConfig, 'name' | 'address'> {
  return {
    sshPort: raw.sshPort ?? ssh.port ?? DEFAULTS.sshPort,
    sshUser: raw.sshUser ?? ssh.user,
    root: (raw.root ?? DEFAULTS.root).replace(/\/+$/, ''),
  };
}

function hostFrom(raw: RawReach & { name?: string | undefined; address: string }, ssh: RawSsh): HostConfig {
  const name = raw.name ?? raw.address;
  const reach = reachFrom(raw, ssh);
  return { name, address: raw.address, ...reach, root: reach.root.replaceAll('{host}', name) };
}

function serverFrom(raw: RawServer, defaults: RawServerDefaults, ssh: RawSsh): ServerConfig {
  const merged = { ...DEFAULTS.server, ...defaults, ...raw };
  return {
    ...hostFrom(merged, ssh),
    id: merged.id,
    clientPort: merged.clientPort,
    quorumPort: merged.quorumPort,
    electionPort: merged.electionPort,
    unit: merged.unit,
    configFile: merged.configFile,
    dataDir: merged.dataDir,
    dataLogDir: merged.dataLogDir === merged.dataDir ? null : (merged.dataLogDir ?? null),
    owner: merged.owner ?? null,
  };
}

function masterFrom(raw: RawConfig['masters'][number], ssh: RawSsh): MasterConfig {
  return {
    ...hostFrom(raw, ssh),
    httpPort: raw.httpPort ?? DEFAULTS.master.httpPort,
    unit: raw.unit ?? DEFAULTS.master.unit,
    masterUrl: placeFrom(raw.masterUrl),
  };
}

function agentsFrom(raw: RawConfig['agents'], ssh: RawSsh): AgentsConfig {
  const { discover, hosts, ...shared } = raw;
  const kind = (from: typeof shared): Pick<AgentConfig, 'httpPort' | 'unit' | 'masterUrl'> => ({
    httpPort: from.httpPort ?? DEFAULTS.agent.httpPort,
    unit: from.unit ?? DEFAULTS.agent.unit,
    masterUrl: placeFrom(from.masterUrl),
  });
  return {
    discover,
    hosts: (hosts ?? []).map((host) => {
      const merged = { ...shared, ...host };
      return { ...hostFrom(merged, ssh), ...kind(merged) };
    }),
    template: { ...reachFrom(shared, ssh), ...kind(shared) },
  };
}

function frameworkFrom(raw: NonNullable<RawConfig['frameworks']>[number], ssh: RawSsh): FrameworkConfig {
  return {
    name: raw.name,
    instances: raw.instances.map((instance) => ({
      ...hostFrom(instance, ssh),
      unit: instance.unit,
      masterUrl: placeFrom(instance.masterUrl),
    })),
    stop: raw.stop,
    acceptTaskLoss: raw.acceptTaskLoss ?? false,
  };
}

function placeFrom(raw: RawPlace | undefined): MasterUrlPlace {
  if (raw?.envFile !== undefined) return { kind: 'envFile', path: raw.envFile, key: raw.key ?? '' };
  return { kind: 'file', path: raw?.file ?? DEFAULTS.masterUrlFile };
}

function policyFrom(raw: NonNullable<RawConfig['policy']>): PolicyConfig {
  const timeouts = { ...DEFAULTS.timeouts, ...raw.timeouts };
  return {
    budgetMs: msOrNull(raw.budget),
    agentPing: raw.agentPing ? { timeoutMs: ms(raw.agentPing.timeout), maxTimeouts: raw.agentPing.count } : null,
    forecastShare: raw.forecastShare ?? DEFAULTS.policy.forecastShare,
    reserveMs: msOrNull(raw.reserve),
    canary: raw.canary ?? DEFAULTS.policy.canary,
    batchGrowth: raw.batchGrowth ?? DEFAULTS.policy.batchGrowth,
    maxBatch: raw.maxBatch ?? DEFAULTS.policy.maxBatch,
    failureBudget: raw.failureBudget ?? DEFAULTS.policy.failureBudget,
    soakMs: ms(raw.soak ?? DEFAULTS.policy.soak),
    settle: raw.settle ?? DEFAULTS.policy.settle,
    retireObservers: raw.retireObservers ?? DEFAULTS.policy.retireObservers,
    acceptClients: raw.acceptClients ?? [],
    acceptAgents: raw.acceptAgents ?? [],
    subtrees: raw.subtrees ?? {},
    acceptFrozenWorker: raw.acceptFrozenWorker ?? DEFAULTS.policy.acceptFrozenWorker,
    timeouts: {
      commandMs: ms(timeouts.command),
      agentMs: ms(timeouts.agent),
      masterMs: ms(timeouts.master),
      frameworkMs: ms(timeouts.framework),
      serverMs: ms(timeouts.server),
      sessionMs: ms(timeouts.session),
      mirrorMs: ms(timeouts.mirror),
    },
    takeOver: raw.takeOver ?? null,
    hooks: (raw.hooks ?? []).map(hookFrom),
    searchAttributes: raw.searchAttributes ?? DEFAULTS.policy.searchAttributes,
  };
}

function hookFrom(raw: NonNullable<NonNullable<RawConfig['policy']>['hooks']>[number]): HookConfig {
  return {
    on: raw.on,
    run:
      raw.command === undefined
        ? { kind: 'webhook', url: raw.webhook ?? '', headers: raw.headers ?? {} }
        : { kind: 'command', argv: raw.command },
    timeoutMs: ms(raw.timeout ?? DEFAULTS.hook.timeout),
  };
}

function ms(text: string): number {
  const value = parseDuration(text);
  if (value === null) throw new TypeError('normalise takes only what the schema accepts');
  return value;
}

function msOrNull(text: string | null | undefined): number | null {
  return text === null || text === undefined ? null : ms(text);
}
