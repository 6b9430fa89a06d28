import { randomUUID } from 'node:crypto';
import type { ClusterConfig } from '../../src/domain/config.js';
import { contendersOf } from '../../src/domain/election.js';
import { SessionExpiredError, ZnodeError } from '../../src/domain/proof-errors.js';
import { highestNumber, isFarEnough, raisedCounter } from '../../src/domain/publishing/counter-margin.js';
import { PublisherTakenError } from '../../src/domain/publishing-errors.js';
import { nextSequence } from '../../src/domain/election.js';
import type { ZnodeSession } from '../../src/ports/znode-store.js';
import type { PublishingActivities, PublishingScope } from '../contract.js';
import type { Ports } from '../ports.js';
import { clientAddress } from '../reach/addresses.js';
import { awaitProof, proved, unproved } from '../reach/await-proof.js';
import { scope } from '../reach/scope.js';
import { inSession } from '../reach/session.js';
import { raiseCounterTo } from './create-counter.js';
import { type Owner, ownerAcl, ownerBody, ownerPath } from './owner-znode.js';
import { publisherKey, type PublisherKey } from './publisher-key.js';
import { asPublisher, publisherLogin } from './publisher-session.js';
import { createRunPublisher } from './run-publisher.js';
import { isOvertaken, ownOwner, refuseLate, withdrawFenced } from './withdraw.js';

const CONNECT_MS = 10_000;
const LOOK_EVERY_MS = 100;

type PublisherActivities = Pick<
  PublishingActivities,
  | 'raiseCounter'
  | 'preparePublisher'
  | 'runPublisher'
  | 'withdrawMirrors'
  | 'resumePublishing'
  | 'awaitMirrored'
  | 'removePublisher'
>;

/** The publisher and what is done to it (S18); each of the short ones works behind a closed door, too. */
export function createPublisherActivities(ports: Ports): PublisherActivities {
  const inTarget = async <T>(
    { config }: Pick<PublishingScope, 'config'>,
    use: (session: ZnodeSession, key: PublisherKey) => Promise<T>,
  ): Promise<T> => {
    const key = await publisherKey(ports, config);
    return asPublisher(ports, config, key, (session) => use(session, key));
  };
  const inSource = <T>(config: ClusterConfig, use: (session: ZnodeSession) => Promise<T>): Promise<T> =>
    inSession(
      ports,
      { config, servers: config.source.servers, as: 'source', timeoutMs: CONNECT_MS },
      scope().signal,
      use,
    );

  return {
    ...createRunPublisher(ports),

    async raiseCounter({ config }) {
      const { heartbeat } = scope();
      const path = config.electionPath;
      heartbeat(`reading the highest number of ${path} in source`);
      const highest = await inSource(config, async (session) => {
        await synced(session);
        const [children, parent] = [await session.children(path), await session.read(path)];
        return highestNumber(children ?? [], parent ?? { cversion: 0, numChildren: 0 });
      });
      return inTarget({ config }, async (session, key) => {
        await synced(session);
        const parent = await session.read(path);
        if (parent !== null && isFarEnough(nextSequence(parent), highest)) {
          return { counter: nextSequence(parent), highestInSource: highest };
        }
        heartbeat(`raising the create counter of ${path} in target above ${String(highest)}`);
        const counter = await raiseCounterTo(session, path, raisedCounter(highest), { acl: ownerAcl(key) });
        return { counter, highestInSource: highest };
      });
    },

    async preparePublisher(step) {
      const path = ownerPath(step.config.cluster);
      await inTarget(step, async (session, key) => {
        const { migration, generation } = step;
        const fresh = { migration, owner: null, mode: 'publishing' as const, generation, session: null };
        if ((await session.create(path, ownerBody(key, fresh), ownerAcl(key), 'persistent')) === null)
          await synced(session);
        const found = await ownOwner(session, { ...step, key });
        if (found === null) throw new ZnodeError('prepare', path, 'NO_NODE');
        // At version 0 it would be no fence.
        if (found.version === 0) await session.setData(path, ownerBody(key, found), 0).catch(unlessOvertaken);
      });
    },

    async withdrawMirrors(step) {
      return inTarget(step, async (session, key) => {
        scope().heartbeat('withdrawing the mirrors');
        const done = await withdrawFenced(session, { ...step, key }, (owner) => {
          refuseLate(owner, step.generation, 'withdrawing the mirrors');
          return { generation: step.generation };
        });
        return { withdrawn: done?.withdrawn ?? [] };
      });
    },

    async resumePublishing(step) {
      const path = ownerPath(step.config.cluster);
      await inTarget(step, async (session, key) => {
        for (;;) {
          scope().signal.throwIfAborted();
          const owner = await ownOwner(session, { ...step, key });
          if (owner === null) throw new ZnodeError('resume publishing at', path, 'NO_NODE');
          refuseLate(owner, step.generation, 'publishing again');
          if (owner.mode === 'publishing' && owner.generation === step.generation) return;
          const next = ownerBody(key, { ...owner, mode: 'publishing', generation: step.generation });
          try {
            await session.setData(path, next, owner.version);
          } catch (error) {
            unlessOvertaken(error);
          }
        }
      });
    },

    async awaitMirrored({ config, patienceMs }) {
      const begunAt = Date.now();
      const key = await publisherKey(ports, config);
      const request = {
        host: null,
        what: 'every contender of source has its mirror in target',
        until: begunAt + patienceMs,
        everyMs: LOOK_EVERY_MS,
        remedy: 'see what the publisher reports, and the door of target',
      };
      const mirrored = await awaitProof(request, async () => {
        const wanted = await inSource(config, (session) => contendersIn(session, config));
        const standing = await asPublisher(ports, config, key, (session) => contendersIn(session, config));
        if (wanted.length === 0) return unproved('nobody stands for election in source');
        return wanted.join() === standing.join()
          ? proved(wanted.length)
          : unproved(`${String(standing.length)} contenders in target, ${String(wanted.length)} in source`);
      });
      return { mirrored, afterMs: Date.now() - begunAt };
    },

    async removePublisher(step) {
      const { config } = step;
      const path = ownerPath(config.cluster);
      await inTarget(step, async (session, key) => {
        // A token of its own fences the publisher, should one still run.
        const remover = `remover-${randomUUID()}`;
        for (;;) {
          const found = await ownOwner(session, { ...step, key }).catch((error: unknown) => {
            if (error instanceof PublisherTakenError) return null;
            throw error;
          });
          if (found === null) return;
          const done = await withdrawFenced(session, { ...step, key }, () => ({ owner: remover }));
          if (done === null) return;
          scope().heartbeat("ending the publisher's session");
          await endSession(ports, config, key, done.owner);
          try {
            await session.commit([{ do: 'remove', path, version: done.owner.version }]);
            return;
          } catch (error) {
            unlessOvertaken(error);
          }
        }
      });
    },
  };
}

/** Contenders as `name body`, in the order of succession, current whatever server the session is at. */
async function contendersIn(session: ZnodeSession, config: ClusterConfig): Promise<string[]> {
  await synced(session);
  const names = contendersOf((await session.children(config.electionPath)) ?? []);
  const znodes = await Promise.all(names.map(({ name }) => session.read(`${config.electionPath}/${name}`)));
  return znodes.map((znode, index) => `${names[index]?.name ?? ''} ${znode?.data.toString('base64') ?? 'gone'}`);
}

/** Closes the session of the mirrors; fine when it has ended. */
async function endSession(ports: Ports, config: ClusterConfig, key: PublisherKey, owner: Owner): Promise<void> {
  if (owner.session === null) return;
  const login = await publisherLogin(ports, config, key, CONNECT_MS);
  const options = { ...login, sessionTimeoutMs: CONNECT_MS, resume: owner.session };
  const servers = config.target.servers.map(clientAddress);
  try {
    await (await ports.store.connectHeld(servers, options, scope().signal)).close();
  } catch (error) {
    if (!(error instanceof SessionExpiredError)) throw error;
  }
}

/** A lone check goes through the leader: what the session reads after it is current. */
function synced(session: ZnodeSession): Promise<void> {
  return session.commit([{ do: 'check', path: '/' }]);
}

function unlessOvertaken(error: unknown): void {
  if (!isOvertaken(error)) throw error;
}
