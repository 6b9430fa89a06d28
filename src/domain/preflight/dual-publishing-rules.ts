import type { ClusterConfig } from '../config.js';
import { parseMasterUrl, sameServers } from '../master-url.js';
import type { Finding } from '../plan.js';
import type { Survey } from '../survey.js';
import { block, info } from './finding.js';
import { clientEndpoints } from './host-rules.js';
import { positive } from './settings-rules.js';

/** A dead worker is replaced within this time (heartbeat, retry, session taken over), and a frozen one too. */
const WORKER_AWAY_MS = 20_000;

/** What dual-publishing asks for beyond the other strategy: an election that can be mirrored, and a door that holds. */
export function dualPublishingRules(config: ClusterConfig, survey: Survey): Finding[] {
  if (config.strategy !== 'dual-publishing') return [];
  return [
    ...contenderRules(config, survey),
    ...mastersOnSourceRules(config, survey),
    ...aclRules(survey),
    ...publisherRules(survey),
  ];
}

/** Every master stands in source, once, so that each of them gets its mirror. */
export function contenderRules(config: ClusterConfig, { source }: Survey): Finding[] {
  if (source.tree === null || ['absent', 'refused'].includes(source.tree.electionPath)) return [];
  const found = source.tree.contenders;
  const unmirrored = source.tree.unmirrored.map(({ name, why }) =>
    block('contender-not-mirrored', {
      seen: `${name} in source would not be mirrored: ${why}`,
    }),
  );
  if (found.length === config.masters.length) return unmirrored;
  return [
    ...unmirrored,
    block('contenders-in-source', {
      seen: `${String(found.length)} contenders stand in source (${found.map(({ znode, pid }) => `${znode} ${pid}`).join(', ') || 'none'}), ${String(config.masters.length)} masters are configured`,
    }),
  ];
}

/** In target only mirrors stand; a mirror has the name and the process of a contender in source. */
export function nativeContenderRules({ source, target }: Survey): Finding[] {
  if (source.tree === null || target.tree === null) return [];
  const originals = new Set(source.tree.contenders.map(({ znode, pid }) => `${znode} ${pid}`));
  return target.tree.contenders
    .filter(({ znode, pid }) => !originals.has(`${znode} ${pid}`))
    .map(({ znode, pid, master }) =>
      block('native-contender', {
        host: master,
        seen: `${znode} (${pid}) stands in target and not in source`,
      }),
    );
}

/** What the masters themselves say: their environment shows in no command line. */
export function mastersOnSourceRules(config: ClusterConfig, { masters }: Survey): Finding[] {
  const source = { servers: clientEndpoints(config.source.servers), path: config.electionPath };
  return masters.flatMap(({ master, flags }) => {
    const zk = readUrl(flags?.['zk']);
    if (zk === null || (zk.path === source.path && sameServers(zk, source))) return [];
    return [
      block('master-not-on-source', {
        host: master.name,
        seen: `${master.name} runs with ${zk.servers.map(({ address, port }) => `${address}:${String(port)}`).join(',')}${zk.path}`,
      }),
    ];
  });
}

function readUrl(text: string | undefined): ReturnType<typeof parseMasterUrl> | null {
  try {
    return text === undefined ? null : parseMasterUrl(text);
  } catch {
    return null;
  }
}

/** The door (S3) is an ACL: worth nothing where the servers do not look at ACLs. */
function aclRules(survey: Survey): Finding[] {
  return (['source', 'target'] as const).flatMap((ensemble): Finding[] => {
    const { acls } = survey[ensemble];
    // What could not be asked is a finding of its own.
    if (acls === null || acls === 'enforced') return [];
    if (acls === 'ignored') {
      return [
        block('acls-not-enforced', {
          seen: `${ensemble} allows what the ACL of /zookeeper/config does not`,
          remedy: `take zookeeper.skipACL from the servers of ${ensemble} and restart them one by one`,
        }),
      ];
    }
    return [
      info('acls-unproved', {
        seen: `whether ${ensemble} enforces ACLs cannot be seen without writing`,
      }),
    ];
  });
}

/** The publisher's session in target holds all mirrors. */
function publisherRules({ target }: Survey): Finding[] {
  return target.servers.flatMap(({ name: host, settings }) => {
    const most = positive(settings?.['maxSessionTimeout']);
    if (most === null || most >= WORKER_AWAY_MS) return [];
    return [
      block('publisher-session', {
        host,
        seen: `${host} allows sessions of at most ${String(most / 1000)} s`,
        remedy: `set maxSessionTimeout to at least ${String(WORKER_AWAY_MS)} on all servers of target`,
      }),
    ];
  });
}
