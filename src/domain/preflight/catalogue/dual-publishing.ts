import type { CatalogueEntry } from './entry.js';

/** What dual-publishing asks for beyond. */
export const dualPublishingChecks = {
  'contenders-in-source': {
    verdicts: ['block'],
    when: ['begin', 'cut-over'],
    strategies: ['dual-publishing'],
    looks: 'whether every master stands in source, once',
    why: 'a master that does not stand cannot take over, and one that stands twice leaves a ghost when it stops',
    remedy: 'wait a session timeout for ghosts to go; restart a master that does not stand, or stands twice',
  },
  'contender-not-mirrored': {
    verdicts: ['block'],
    when: ['begin', 'cut-over'],
    strategies: ['dual-publishing'],
    looks: 'name, body and ACL of every contender in source',
    source: 'Mesos src/master/detector/zookeeper.cpp',
    why: 'agents on target would see another leader, or none',
    remedy: 'see what wrote it; a master of Mesos 0.24 or later with credentials.source can be mirrored',
  },
  'native-contender': {
    verdicts: ['block'],
    when: ['cut-over'],
    strategies: ['dual-publishing'],
    looks: 'contenders in target that are no mirrors',
    why: 'a master that stands in target before the window becomes a second leader when the mirrors go',
    remedy: 'stop it and point it at source again',
  },
  'master-not-on-source': {
    verdicts: ['block'],
    when: ['begin', 'cut-over'],
    strategies: ['dual-publishing'],
    looks: 'zk in the flags of every master',
    why: 'only an election in source can be mirrored; a master elsewhere could become a second leader',
    remedy: 'see where its value comes from, make it source’s URL and restart the master',
  },
  'acls-not-enforced': {
    verdicts: ['block'],
    when: ['begin'],
    strategies: ['dual-publishing'],
    looks: 'whether an ensemble refuses what an ACL does not allow (a write to /zookeeper/config that cannot succeed)',
    why: 'the door that keeps masters from standing too early is an ACL',
    remedy: 'take zookeeper.skipACL from the servers and restart them one by one',
  },
  'acls-unproved': {
    verdicts: ['info'],
    when: ['begin'],
    strategies: ['dual-publishing'],
    looks: 'the same, before ZooKeeper 3.5',
    why: 'it is proved with a znode of its own before the door is closed',
    remedy: null,
  },
  'publisher-session': {
    verdicts: ['block'],
    when: ['begin'],
    strategies: ['dual-publishing'],
    looks: 'maxSessionTimeout of target against the time in which a dead worker is replaced',
    why: 'the mirrors would vanish while a dead worker is replaced, and every agent would lose its master',
    remedy: 'set maxSessionTimeout to at least 20000 on all servers of target',
  },
} as const satisfies Record<string, CatalogueEntry>;
