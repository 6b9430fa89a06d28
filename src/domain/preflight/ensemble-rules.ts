import type { ClusterConfig } from '../config.js';
import type { Finding } from '../plan.js';
import type { Acl, EnsembleSurvey, Survey } from '../survey.js';
import { block, warn } from './finding.js';
import { settingsRules } from './settings-rules.js';

const OLDEST = '3.4.6';

/** Both ensembles: health, versions, settings that make Mesos' ZooKeeper library abort, and who stands where in source. */
export function ensembleRules(config: ClusterConfig, survey: Survey): Finding[] {
  return [
    ...(['source', 'target'] as const).flatMap((name) => [...healthRules(name, survey[name])]),
    ...settingsRules(config, survey),
    ...treeRules(config, survey),
  ];
}

function healthRules(ensemble: string, { servers }: EnsembleSurvey): Finding[] {
  const findings: Finding[] = [];
  for (const { name, mode, version } of servers) {
    if (mode === 'not-serving') {
      findings.push(
        block('server-not-serving', {
          host: name,
          seen: `${name} of ${ensemble} answers but does not serve`,
        }),
      );
    }
    if (mode === 'standalone') {
      findings.push(
        block('server-standalone', {
          host: name,
          seen: `${name} of ${ensemble} runs standalone`,
        }),
      );
    }
    if (mode === 'observer') {
      findings.push(
        block('server-is-observer', {
          host: name,
          seen: `${name} of ${ensemble} is an observer`,
        }),
      );
    }
    if (version !== null && compareVersions(version, OLDEST) < 0) {
      findings.push(
        block('zookeeper-version', {
          host: name,
          seen: `${name} runs ZooKeeper ${version}`,
          why: `nothing before ${OLDEST} was tried`,
        }),
      );
    }
  }
  const leaders = servers.filter(({ mode }) => mode === 'leader');
  const healthy = servers.every(({ mode }) => mode === 'leader' || mode === 'follower');
  if (healthy && leaders.length !== 1) {
    findings.push(
      block('ensemble-leaders', {
        seen: `${ensemble} has ${String(leaders.length)} leaders: ${leaders.map(({ name }) => name).join(', ') || 'none'}`,
      }),
    );
  }
  return findings;
}

function treeRules(config: ClusterConfig, { source, target }: Survey): Finding[] {
  const findings: Finding[] = [];
  const path = config.electionPath;
  if (source.tree?.electionPath === 'absent') {
    findings.push(
      block('no-election', {
        seen: `source has no ${path}`,
      }),
    );
  }
  for (const [ensemble, { tree }] of [
    ['source', source],
    ['target', target],
  ] as const) {
    if (tree?.electionPath === 'refused' || tree?.electionPath === 'read-only') {
      const may = tree.electionPath === 'refused' ? 'may not be read' : 'may be read, but nothing may be deleted there';
      findings.push(
        block('election-refused', {
          seen: `${path} in ${ensemble} ${may}, with credentials.${ensemble} as they are`,
          remedy: `set credentials.${ensemble} to an identity that may read and delete there`,
        }),
      );
    }
    if (tree?.electionPath === 'absent-read-only') {
      const who =
        config.credentials.target === null ? 'credentials.target is not set' : 'credentials.target is none of them';
      findings.push(
        block('election-refused', {
          seen: `${path} will be made in ${ensemble} with source's ACL, which lets only the identities it names delete there, and ${who}`,
          remedy: `set credentials.${ensemble} to an identity for target, mostly that of credentials.source; the path is then made so that it may delete there`,
        }),
      );
    }
    if (tree !== null && tree.strangers.length > 0) {
      findings.push(
        warn('election-strangers', {
          seen: `${ensemble} has ${tree.strangers.join(', ')} under ${path}`,
        }),
      );
    }
  }
  const unknown = source.tree?.contenders.filter(({ master }) => master === null) ?? [];
  if (unknown.length > 0) {
    findings.push(
      block('unknown-contender', {
        seen: `${unknown.map(({ znode, pid }) => `${znode} (${pid})`).join(', ')} in source is no configured master`,
      }),
    );
  }
  return findings.concat(subtreeRules(config, source));
}

/**
 * Parents that stand in target already keep their ACL, whoever made them: the masters must be allowed
 * there what they are allowed in source.
 */
export function parentRules({ source, target }: Survey): Finding[] {
  return Object.entries(source.tree?.parents ?? {}).flatMap(([path, wanted]) => {
    const there = target.tree?.parents[path];
    if (there === undefined || wanted.every((one) => allows(there, one))) return [];
    return [
      block('parents-acl', {
        seen: `${path} in target allows less than in source`,
        remedy: `give ${path} in target the ACL that it has in source, or delete it there while nobody uses it`,
      }),
    ];
  });
}

function allows(acl: readonly Acl[], { scheme, id, permissions }: Acl): boolean {
  const granted = acl
    .filter((one) => (one.scheme === scheme && one.id === id) || (one.scheme === 'world' && one.id === 'anyone'))
    .reduce((all, one) => all | one.permissions, 0);
  return (granted & permissions) === permissions;
}

/** Before anything is written nobody stands for election in target. */
export function emptyTargetRules({ target }: Survey): Finding[] {
  if (target.tree === null || target.tree.contenders.length === 0) return [];
  return [
    block('target-has-contenders', {
      seen: `${target.tree.contenders.map(({ znode, pid }) => `${znode} (${pid})`).join(', ')} in target`,
    }),
  ];
}

function subtreeRules(config: ClusterConfig, { tree }: EnsembleSurvey): Finding[] {
  const own = [
    `/zkferry-${config.cluster}`,
    `/zkferry-marker-${config.cluster}`,
    ...(tree?.ours ?? []),
    `/${config.electionPath.split('/')[1] ?? ''}`,
  ];
  return (tree?.roots ?? [])
    .filter((root) => !own.includes(root) && config.policy.subtrees[root] === undefined)
    .map((root) =>
      block('unknown-subtree', {
        seen: `source holds the persistent subtree ${root}`,
        remedy: `copy it and set policy.subtrees."${root}" to copied, or set it to abandon`,
      }),
    );
}

/** Compares dotted versions by their numbers. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split(/[.-]/).map(Number));
  for (let index = 0; index < 3; index += 1) {
    const difference = (left?.[index] || 0) - (right?.[index] || 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
