/** Result codes of ZooKeeper's C client 3.4, the one that released Mesos packages carry. */
export const zkCode = {
  connectionLoss: -4,
  invalidState: -9,
  noNode: -101,
  noAuth: -102,
  nodeExists: -110,
  sessionExpired: -112,
  closing: -116,
  sessionMoved: -118,
} as const;

/** Texts of `zerror`; a code that is missing here is one that the 3.4 client does not know. */
const texts: Readonly<Record<number, string>> = {
  [-1]: 'system error',
  [-2]: 'run time inconsistency',
  [-3]: 'data inconsistency',
  [-4]: 'connection loss',
  [-5]: 'marshalling error',
  [-6]: 'unimplemented',
  [-7]: 'operation timeout',
  [-8]: 'bad arguments',
  [-9]: 'invalid zhandle state',
  [-100]: 'api error',
  [-101]: 'no node',
  [-102]: 'not authenticated',
  [-103]: 'bad version',
  [-108]: 'no children for ephemerals',
  [-110]: 'node exists',
  [-111]: 'not empty',
  [-112]: 'session expired',
  [-113]: 'invalid callback',
  [-114]: 'invalid acl',
  [-115]: 'authentication failed',
  [-116]: 'zookeeper is closing',
  [-117]: '(not error) no server responses to process',
  [-118]: 'session moved to another server, so operation is ignored',
};

/** A ZooKeeper call that failed; the message is the C client's. */
export class ZkError extends Error {
  constructor(readonly code: number) {
    super(texts[code] ?? 'unknown error');
  }
}

/**
 * What Mesos does with a code: try again later, give up, or die because it does not know the code
 * (src/zookeeper/zookeeper.cpp `retryable`; an invalid state is tried again by every caller there).
 */
export function reaction(code: number): 'retry' | 'give up' | 'die' {
  if (texts[code] === undefined) return 'die';
  return [-4, -7, -9, -112, -116, -118].includes(code) ? 'retry' : 'give up';
}
