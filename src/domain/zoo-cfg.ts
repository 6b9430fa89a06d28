import type { ServerConfig } from './config.js';
import { editZooCfg, formatServerLine, readZooCfg } from './zoo-cfg-editor.js';

export { editZooCfg, parseServerLine, readZooCfg, serverLinesOf, ZooCfgError } from './zoo-cfg-editor.js';
export type { ServerLine } from './zoo-cfg-editor.js';

/** Four-letter words that zkferry asks observers; the default since 3.5 allows `srvr` alone. */
const FOUR_LETTER_WORDS = 'srvr,mntr,conf,cons,dump,ruok,isro,stat,wchs';

/** Read as fallback where no `base` sets them. */
const TIMES = { tickTime: '2000', initLimit: '10', syncLimit: '5' } as const;

/**
 * Text of the `zoo.cfg` with which a server joins an ensemble as an observer.
 *
 * The list names all participants and the observer itself, which its ensemble need not list;
 * `reconfigEnabled` must be as in the ensemble, or it never serves; the limit of connections per
 * client address is off, because an observer receives the clients of whole hosts. Of a `base` file
 * comments, order and other settings stay, its server list goes.
 *
 * @throws ZooCfgError when `base` cannot be edited.
 */
export function observerZooCfg(from: {
  readonly observer: ServerConfig;
  readonly participants: readonly ServerConfig[];
  readonly reconfigEnabled: boolean;
  readonly base?: string;
}): string {
  const { observer, participants, base = '' } = from;
  const set = readZooCfg(base);
  const dropped = [...set.keys()].filter((key) => /^(server|group|weight)\.|^dynamicConfigFile$/.test(key));
  const changes: Record<string, string | null> = {
    ...Object.fromEntries(dropped.map((key) => [key, null])),
    ...Object.fromEntries(Object.entries(TIMES).filter(([key]) => !set.has(key))),
    dataDir: observer.root + observer.dataDir,
    dataLogDir: observer.dataLogDir === null ? null : observer.root + observer.dataLogDir,
    clientPort: String(observer.clientPort),
    clientPortAddress: observer.address,
    maxClientCnxns: '0',
    '4lw.commands.whitelist': FOUR_LETTER_WORDS,
    'admin.enableServer': 'false',
    reconfigEnabled: String(from.reconfigEnabled),
    peerType: 'observer',
  };
  // Beside a single participant, 3.5 and later would start as a standalone server of its own.
  if (participants.length === 1) changes['standaloneEnabled'] = 'false';
  for (const server of [...participants].sort((a, b) => a.id - b.id)) {
    changes[`server.${String(server.id)}`] = formatServerLine({ ...server, role: 'participant' });
  }
  changes[`server.${String(observer.id)}`] = formatServerLine({ ...observer, role: 'observer' });
  return editZooCfg(base, changes);
}
