import { isIP } from 'node:net';
import { DEFAULTS } from './defaults.js';
import { parseDuration } from './duration.js';
import type { Problem } from './problem.js';
import type { Partly } from './prune.js';
import { placeProblems } from './rules-places.js';
import { hookProblems } from './rules-hooks.js';
import type { RawConfig } from './schema.js';

type Raw = Partly<RawConfig>;
type Path = Problem['path'];

/** What the schema cannot say: rules between fields. Parts that are missing are passed over. */
export function ruleProblems(raw: Raw): Problem[] {
  return [
    ...strategyProblems(raw),
    ...idProblems(raw),
    ...placeProblems(raw),
    ...agentProblems(raw),
    ...frameworkProblems(raw),
    ...policyProblems(raw),
    ...hookProblems(raw),
    ...electionPathProblems(raw),
  ];
}

/** What one strategy needs and the other has no use for. A key with a problem of its own is there, so it is passed over. */
function strategyProblems(raw: Raw): Problem[] {
  if (raw.strategy === 'observers') {
    if ('observers' in raw) return [];
    const message = 'is missing: strategy observers needs at least one';
    return [{ path: ['observers'], message, suggestion: 'or set strategy: dual-publishing' }];
  }
  if (raw.strategy !== 'dual-publishing') return [];
  const { credentials, policy } = raw;
  const problems: Problem[] = [];
  const isUnread = 'credentials' in raw && credentials === undefined;
  const isGiven = credentials !== undefined && 'publisher' in credentials && credentials.publisher !== null;
  if (!isUnread && !isGiven) {
    problems.push({
      path: ['credentials', 'publisher'],
      message: 'is missing: dual-publishing needs a key of its own, the same on every worker',
      suggestion: 'openssl rand -base64 32 > PATH, then file:PATH',
    });
  }
  if (policy?.settle === true) {
    const message = 'must be false with dual-publishing: everything is on target itself already';
    problems.push({ path: ['policy', 'settle'], message });
  }
  if (policy?.retireObservers === true) {
    const message = 'must be false with dual-publishing, which uses no observers';
    problems.push({ path: ['policy', 'retireObservers'], message });
  }
  return problems;
}

function idProblems(raw: Raw): Problem[] {
  const problems: Problem[] = [];
  const lists: readonly (readonly [Path, Raw['observers']])[] = [
    [['source', 'servers'], raw.source?.servers],
    [['target', 'servers'], raw.target?.servers],
    [['observers'], raw.observers],
  ];
  for (const [path, servers] of lists) {
    const seen = new Map<number, number>();
    for (const [index, server] of (servers ?? []).entries()) {
      if (server?.id === undefined) continue;
      const before = seen.get(server.id);
      if (before === undefined) seen.set(server.id, index);
      else
        problems.push({
          path: [...path, index, 'id'],
          message: `id ${String(server.id)} is already entry ${String(before)}'s`,
        });
    }
  }
  const taken = [...(raw.source?.servers ?? []), ...(raw.target?.servers ?? [])].flatMap((server) => server?.id ?? []);
  const highest = Math.max(0, ...taken);
  for (const [index, observer] of (raw.observers ?? []).entries()) {
    if (observer?.id === undefined || observer.id > highest) continue;
    problems.push({
      path: ['observers', index, 'id'],
      message: `must be above every id of source and target (highest: ${String(highest)}), or servers before 3.5 never let it join`,
      suggestion: `for example ${String(Math.max(101, highest + 1) + index)}`,
    });
  }
  return problems;
}

function agentProblems({ agents, policy }: Raw): Problem[] {
  if (agents?.discover === undefined) return [];
  const hosts = agents.hosts?.length ?? 0;
  if (agents.discover && hosts > 0) {
    return [
      {
        path: ['agents', 'hosts'],
        message: 'must not be given when discover is true: the leading master names the agents',
      },
    ];
  }
  if (!agents.discover && hosts === 0) {
    return [
      {
        path: ['agents', 'hosts'],
        message: 'must name every agent when discover is false',
        suggestion: 'or set discover: true',
      },
    ];
  }
  if (agents.discover) return [];
  const names = new Set(agents.hosts?.map((host) => host?.name ?? host?.address));
  return (policy?.acceptAgents ?? []).flatMap((name, index) =>
    name === undefined || names.has(name) || names.has(undefined)
      ? []
      : [{ path: ['policy', 'acceptAgents', index], message: `there is no agent ${JSON.stringify(name)}` }],
  );
}

function frameworkProblems({ frameworks = [] }: Raw): Problem[] {
  const seen = new Map<string, number>();
  return frameworks.flatMap((framework, index) => {
    if (framework?.name === undefined) return [];
    const before = seen.get(framework.name);
    seen.set(framework.name, before ?? index);
    if (before === undefined) return [];
    return [
      {
        path: ['frameworks', index, 'name'],
        message: `is already entry ${String(before)}'s: list its instances there`,
      },
    ];
  });
}

function policyProblems({ policy = {}, strategy, cluster }: Raw): Problem[] {
  const problems: Problem[] = [];
  const add = (field: string, message: string): unknown =>
    problems.push({ path: ['policy', ...field.split('.')], message });
  const ms = (text: string | null | undefined): number | null => (text ? parseDuration(text) : null);
  const budget = ms(policy.budget);
  const reserve = ms(policy.reserve);
  const ping = ms(policy.agentPing?.timeout);
  const count = policy.agentPing?.count;

  if (budget === 0) add('budget', 'must be longer than 0');
  if (ping === 0) add('agentPing.timeout', 'must be longer than 0');
  if (budget !== null && reserve !== null && reserve >= budget) add('reserve', 'must be shorter than the budget');
  if (budget && ping && count && budget > ping * count) {
    add('budget', 'must not exceed agentPing.timeout × agentPing.count: a budget can be lowered, never raised');
  }
  for (const [name, text] of Object.entries(policy.timeouts ?? {})) {
    if (ms(text) === 0) add(`timeouts.${name}`, 'must be longer than 0');
  }
  if (policy.takeOver && cluster !== undefined && !policy.takeOver.startsWith(`zkferry-${cluster}/`)) {
    add('takeOver', `must be a migration of this cluster: zkferry-${cluster}/<run>`);
  }
  const maxBatch = policy.maxBatch ?? DEFAULTS.policy.maxBatch;
  if (policy.canary !== undefined && policy.canary > maxBatch) {
    add('canary', `must not exceed maxBatch (${String(maxBatch)})`);
  }
  if (policy.retireObservers === true && policy.settle !== true && strategy !== 'dual-publishing') {
    add('retireObservers', 'needs settle: true, or every client still depends on the observers');
  }
  for (const [index, client] of (policy.acceptClients ?? []).entries()) {
    if (client !== undefined && isIP(client) === 0) {
      problems.push({ path: ['policy', 'acceptClients', index], message: 'must be an IP address' });
    }
  }
  for (const path of Object.keys(policy.subtrees ?? {})) {
    if (!/^(\/[^/\s]+)+$/.test(path)) {
      problems.push({
        path: ['policy', 'subtrees', path],
        message: 'must be a znode path such as /marathon',
        atKey: true,
      });
    }
  }
  return problems;
}

function electionPathProblems({ electionPath = DEFAULTS.electionPath, policy }: Raw): Problem[] {
  if (electionPath.startsWith('/zookeeper')) {
    return [{ path: ['electionPath'], message: "must not lie in ZooKeeper's own /zookeeper" }];
  }
  if (policy?.subtrees && electionPath in policy.subtrees) {
    return [
      {
        path: ['policy', 'subtrees', electionPath],
        message: 'is the election path itself, which zkferry takes care of',
        atKey: true,
      },
    ];
  }
  return [];
}
