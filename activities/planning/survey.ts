import pLimit from 'p-limit';
import type { ClusterConfig } from '../../src/domain/config.js';
import { mayDelete } from '../../src/domain/digest-id.js';
import type { CheckName } from '../../src/domain/preflight/catalogue/index.js';
import { FerryError } from '../../src/domain/errors.js';
import { redactUrl } from '../../src/domain/master-url.js';
import type { PlannedAgent } from '../../src/domain/plan.js';
import type { CheckFailure, EnsembleSurvey, HostSurvey, MasterSurvey, Survey } from '../../src/domain/survey.js';
import { forTarget } from '../ensembles/acl.js';
import type { Ports } from '../ports.js';
import { publisherKey } from '../publishing/publisher-key.js';
import { httpBase } from '../reach/addresses.js';
import { scope } from '../reach/scope.js';
import { surveyClients } from './client-survey.js';
import { surveyCluster } from './cluster-survey.js';
import { surveyEnsemble } from './ensemble-survey.js';
import { type HostSubject, lookAtHost } from './host-look.js';

/** Ssh connections at once: enough to be quick, few enough for a bastion. */
const AT_ONCE = 8;

/** Runs a check; when it fails, that is a finding of this check, and no other one is hidden by it. */
export type Check = <T>(check: CheckName, host: string | null, run: () => Promise<T>) => Promise<T | null>;

/** Looks at everything and writes nothing. */
export async function surveyAll(ports: Ports, config: ClusterConfig): Promise<Survey> {
  const { signal, heartbeat } = scope();
  const failures: CheckFailure[] = [];
  const check: Check = async (name, host, run) => {
    try {
      heartbeat(`${name}${host === null ? '' : ` on ${host}`}`);
      return await run();
    } catch (error) {
      signal.throwIfAborted();
      const remedy = error instanceof FerryError ? error.remedy : null;
      failures.push({ check: name, host, message: redactUrl((error as Error).message), remedy });
      return null;
    }
  };
  // Resolved and forgotten: only whether it can be used is of interest here.
  if (config.strategy === 'dual-publishing') await check('publisher-key', null, () => publisherKey(ports, config));
  const source = await surveyEnsemble(ports, config, 'source', check);
  const found = await surveyEnsemble(ports, config, 'target', check);
  const target = await asItWillBe(ports, config, source, found, check);
  const masters = await surveyMasters(ports, config, check);
  const cluster = await check('leading-master', null, () => surveyCluster(ports, config, check));
  const agents: readonly PlannedAgent[] = cluster?.agents ?? [];
  const hosts = await surveyHosts(ports, config, agents, check);
  const clients = await check('clients-of-source', null, () => surveyClients(ports, config, agents));
  return {
    source: withFiles(source, hosts),
    target: withFiles(target, hosts),
    masters,
    cluster,
    hosts,
    clients,
    temporal: null,
    failures,
  };
}

/** An election path that target has not yet is made with source's ACL, which may keep out whoever is configured for target. */
async function asItWillBe(
  ports: Ports,
  config: ClusterConfig,
  { tree: source }: EnsembleSurvey,
  target: EnsembleSurvey,
  check: Check,
): Promise<EnsembleSurvey> {
  const acl = source?.parents[config.electionPath];
  if (acl === undefined || target.tree?.electionPath !== 'absent') return target;
  const isUsable = await check('target-tree', null, async () =>
    mayDelete(forTarget(config, acl), await ports.secrets(config.credentials.target)),
  );
  return isUsable === false ? { ...target, tree: { ...target.tree, electionPath: 'absent-read-only' } } : target;
}

/** `conf` tells little of what a server runs with; its file and its process tell the rest. */
function withFiles(ensemble: EnsembleSurvey, hosts: Survey['hosts']): EnsembleSurvey {
  return {
    ...ensemble,
    servers: ensemble.servers.map((server) => {
      const file = hosts[server.name]?.server ?? null;
      if (file === null) return server;
      const settings = { ...file.settings, ...server.settings };
      return { ...server, settings: Object.keys(settings).length === 0 ? null : settings };
    }),
  };
}

async function surveyMasters(ports: Ports, config: ClusterConfig, check: Check): Promise<MasterSurvey[]> {
  const credentials = await check('credentials', null, () => ports.secrets(config.credentials.mesos));
  const { signal } = scope();
  return Promise.all(
    config.masters.map(async (master) => {
      const base = httpBase(master);
      return {
        master,
        version: await check('master-version', master.name, () => ports.mesos.version(base, signal)),
        flags: await check('master-flags', master.name, () => ports.mesos.flags(base, credentials, signal)),
        metrics: await check('master-metrics', master.name, () => ports.mesos.metrics(base, credentials, signal)),
        // One that does not answer has told so already.
        sees: await ports.mesos.leaderSeenBy(base, signal).catch(() => undefined),
      };
    }),
  );
}

async function surveyHosts(
  ports: Ports,
  config: ClusterConfig,
  agents: readonly PlannedAgent[],
  check: Check,
): Promise<Record<string, HostSurvey>> {
  const { signal } = scope();
  const limit = pLimit(AT_ONCE);
  const found = await Promise.all(
    subjectsOf(config, agents).map((subject) =>
      limit(async () => {
        const { name } = subject.host;
        const seen = await check('host', name, () =>
          lookAtHost(ports.shell, config.ssh, config.cluster, subject, signal),
        );
        return seen === null ? [] : [[name, seen] as const];
      }),
    ),
  );
  return Object.fromEntries(found.flat());
}

function subjectsOf(config: ClusterConfig, agents: readonly PlannedAgent[]): HostSubject[] {
  const endpoint = ({
    address,
    clientPort,
  }: {
    address: string;
    clientPort: number;
  }): { address: string; port: number } => ({
    address,
    port: clientPort,
  });
  const reachesTarget = config.strategy === 'dual-publishing' || config.policy.settle;
  const clientReach = [...config.observers, ...(reachesTarget ? config.target.servers : [])].map(endpoint);
  const clients = [
    ...config.masters,
    ...agents.map(({ agent }) => agent),
    ...config.frameworks.flatMap(({ instances }) => instances),
  ];
  const servers = [...config.source.servers, ...config.target.servers];
  // An observer follows both ensembles over their quorum ports; participants elect over the third.
  const observerReach = servers.map(({ address, quorumPort }) => ({ address, port: quorumPort }));
  return [
    ...clients.map((host) => ({
      host,
      unit: host.unit,
      place: host.masterUrl,
      reach: clientReach,
      observer: null,
      server: null,
      role: roleOf(config, host.name),
    })),
    ...servers.map((host) => ({
      host,
      unit: host.unit,
      place: null,
      reach: [],
      observer: null,
      server: host,
      role: null,
    })),
    ...config.observers.map((host) => ({
      host,
      unit: host.unit,
      place: null,
      reach: [...observerReach, ...servers.map(endpoint)],
      observer: host,
      server: null,
      role: null,
    })),
  ];
}

function roleOf({ masters, frameworks }: ClusterConfig, name: string): HostSubject['role'] {
  if (masters.some((master) => master.name === name)) return 'master';
  return frameworks.some(({ instances }) => instances.some((one) => one.name === name)) ? null : 'slave';
}
