import { setTimeout as delay } from 'node:timers/promises';
import { AclsNotEnforcedError } from '../../src/domain/door-errors.js';
import { NotProvedError, ZnodeError } from '../../src/domain/proof-errors.js';
import { closedAcl } from '../../src/domain/publishing/door-acl.js';
import type { ZnodeSession } from '../../src/ports/znode-store.js';
import type { PublishingActivities } from '../contract.js';
import { ALL } from '../ensembles/acl.js';
import type { Ports } from '../ports.js';
import { clientAddress } from '../reach/addresses.js';
import { scratchPath } from '../reach/marker.js';
import { scope } from '../reach/scope.js';
import { atDoor } from './door-session.js';

const NOBODY_CREATES = closedAcl([{ permissions: ALL, scheme: 'world', id: 'anyone' }], null);
/** Another attempt may take the scratch znode away in between. */
const ROUNDS = 5;

export function createAclProof(ports: Ports): Pick<PublishingActivities, 'proveAcls'> {
  return {
    async proveAcls({ config, ensemble }) {
      const { signal, heartbeat } = scope();
      heartbeat(`proving that ${ensemble} enforces ACLs`);
      const scratch = scratchPath(config.cluster);
      const stranger = await ports.store.connect(
        config[ensemble].servers.map(clientAddress),
        { credentials: null, timeoutMs: 5_000 },
        signal,
      );
      try {
        await atDoor(ports, { config, ensemble }, async ({ session }) => {
          for (let round = 0; round < ROUNDS; round += 1) {
            await session.create(scratch, Buffer.alloc(0), NOBODY_CREATES, 'persistent');
            const outcome = await tryCreate(stranger, `${scratch}/child`);
            await session.remove(`${scratch}/child`);
            await session.remove(scratch);
            if (outcome === 'refused') return;
            if (outcome === 'created') throw new AclsNotEnforcedError(ensemble);
            await delay(50, undefined, { signal });
          }
          const seen = 'the scratch znode was gone each time';
          throw new NotProvedError(null, `${ensemble} enforces ACLs`, seen, { retryable: true });
        });
      } finally {
        await stranger.close();
      }
    },
  };
}

/** By a session without any identity: a superuser may create anywhere. */
async function tryCreate(stranger: ZnodeSession, path: string): Promise<'created' | 'refused' | 'gone'> {
  try {
    await stranger.create(path, Buffer.alloc(0), NOBODY_CREATES, 'persistent');
    return 'created';
  } catch (error) {
    if (!(error instanceof ZnodeError)) throw error;
    if (error.reason === 'NO_AUTH') return 'refused';
    if (error.reason === 'NO_NODE') return 'gone';
    throw error;
  }
}
