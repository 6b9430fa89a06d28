import type { CatalogueEntry } from './entry.js';

/** What the servers run with: `conf`, zoo.cfg and the properties of the process. */
export const settingsChecks = {
  'settings-unknown': {
    verdicts: ['warn', 'info'],
    when: ['begin'],
    looks: 'whether zoo.cfg of every server can be read (source: info)',
    why: 'local sessions, required SASL, quotas and throttling on target crash libmesos',
    remedy: 'correct configFile, let the ssh user read it, or check these settings by hand',
  },
  'settings-changed': {
    verdicts: ['warn'],
    when: ['begin'],
    looks: 'whether zoo.cfg is younger than its server',
    why: 'what the server runs with is not what the file says, and its next restart changes it',
    remedy: 'see what was changed; restart the server, or put the file back',
  },
  'setting-crashes-mesos': {
    verdicts: ['block'],
    when: ['begin', 'cut-over'],
    looks:
      'localSessionsEnabled, sessionRequireClientSASLAuth, enforce.auth.enabled, enforceQuota, request_throttle_max_requests, connection_throttle_tokens on target',
    source: 'Mesos src/zookeeper/zookeeper.cpp: an unknown code is fatal; ZooKeeper KeepersException codes since 3.5',
    why: 'the ZooKeeper client inside Mesos does not know the error it leads to and aborts the process',
    remedy: 'take the setting back on all servers of target',
  },
  'reconfig-differs': {
    verdicts: ['block'],
    when: ['begin', 'cut-over'],
    looks: 'reconfigEnabled on all servers of an ensemble',
    source: 'measured with 3.5 to 3.9',
    why: 'an observer has to have the same value as the ensemble it joins, or it never serves',
    remedy: 'make reconfigEnabled the same on all servers',
  },
  'session-minimum': {
    verdicts: ['warn'],
    when: ['begin'],
    looks: 'minSessionTimeout of target against policy.timeouts.session',
    why: 'the masters ask for less; after the window a dead one would hold its znode for so long',
    remedy: 'lower minSessionTimeout on all servers of target, or raise policy.timeouts.session',
  },
  'session-maximum': {
    verdicts: ['warn'],
    when: ['begin'],
    looks: 'maxSessionTimeout of target against policy.timeouts.session',
    why: 'the masters ask for more; a leading master would be lost by a pause that it survives on source',
    remedy: 'raise maxSessionTimeout on all servers of target',
  },
  'digest-algorithm': {
    verdicts: ['block'],
    when: ['begin', 'cut-over'],
    looks: 'DigestAuthenticationProvider.digestAlg on all servers, where digest identities are in use',
    source: 'ZooKeeper 3.7 and later',
    why: 'target gets the ACLs of source, and there they would let nobody in',
    remedy: 'make zookeeper.DigestAuthenticationProvider.digestAlg the same on all servers of both ensembles',
  },
  'jute-maxbuffer': {
    verdicts: ['block'],
    when: ['begin', 'cut-over'],
    looks: '-Djute.maxbuffer of target against source',
    source: 'ZooKeeper BinaryInputArchive, measured',
    why: 'what is larger closes the connection without an error that tells why',
    remedy: 'start the servers of target with -Djute.maxbuffer of source',
  },
  'connection-limit': {
    verdicts: ['block'],
    when: ['begin'],
    looks:
      'maxClientCnxns and maxCnxns of target against the processes that will connect there (with observers: only with policy.settle)',
    source: 'Mesos: four connections a master, one an agent or scheduler',
    why: 'a process whose connection is refused has no master',
    remedy: 'raise maxClientCnxns or maxCnxns on all servers of target',
  },
  'data-folder': {
    verdicts: ['block'],
    when: ['begin', 'cut-over'],
    strategies: ['observers'],
    looks: 'dataDir of target’s servers against the configuration, where the epoch may be raised',
    why: 'the epoch of target is raised in that folder',
    remedy: 'set dataDir to what zoo.cfg says',
  },
} as const satisfies Record<string, CatalogueEntry>;
