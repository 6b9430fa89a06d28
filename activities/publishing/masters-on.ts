import { boundedSignal } from '../../src/domain/bounded-signal.js';
import type { ClusterConfig, MasterConfig } from '../../src/domain/config.js';
import type { Side } from '../../src/domain/doctor/observation.js';
import { MastersUnseenError } from '../../src/domain/door-errors.js';
import { FerryError } from '../../src/domain/errors.js';
import { HostUnreachableError } from '../../src/domain/host-errors.js';
import { parseMasterUrl } from '../../src/domain/master-url.js';
import { NotProvedError } from '../../src/domain/proof-errors.js';
import type { EnsembleName, PublishingActivities } from '../contract.js';
import { lookAtUnit, sideOf } from '../doctor/look-at-unit.js';
import type { Ports } from '../ports.js';
import { httpBase } from '../reach/addresses.js';
import { awaitProof, proved, unproved } from '../reach/await-proof.js';

const FLAGS_MS = 2_000;

/** What speaks against one master; `unseen`: nothing but that its host cannot be reached. */
interface Doubt {
  readonly master: string;
  readonly seen: string;
  readonly unseen: boolean;
}

/** Before a door is opened for good: nobody waits behind it who would lead there. */
export function createMastersOnProof(ports: Ports): Pick<PublishingActivities, 'provesMastersOn'> {
  return {
    async provesMastersOn({ config, ensemble, patienceMs, passOver = [] }) {
      const request = {
        host: null,
        what: `every master belongs to ${ensemble}`,
        until: Date.now() + patienceMs,
        everyMs: 1_000,
        remedy: `see who changed it (configuration management?), put the master URL of ${ensemble} back and restart that master, then retry`,
      };
      let lastDoubts: readonly Doubt[] = [];
      const proof = awaitProof(request, async (signal) => {
        const looks = config.masters.map((master) => doubtAbout(ports, config, { master, ensemble }, signal));
        const found = await Promise.all(looks).catch((error: unknown) => {
          // Something else is in doubt now. A look that the patience has cut off changes nothing.
          if (error instanceof FerryError) lastDoubts = [];
          throw error;
        });
        lastDoubts = found
          .filter((doubt) => doubt !== null)
          .filter(({ master, unseen }) => !unseen || !passOver.includes(master));
        return lastDoubts.length === 0 ? proved(null) : unproved(told(lastDoubts));
      });
      await proof.catch((error: unknown) => {
        const isAllUnseen = lastDoubts.length > 0 && lastDoubts.every(({ unseen }) => unseen);
        if (!(error instanceof NotProvedError) || !isAllUnseen) throw error;
        const hosts = lastDoubts.map(({ master }) => master);
        throw new MastersUnseenError(ensemble, hosts, told(lastDoubts));
      });
    },
  };
}

const told = (doubts: readonly Doubt[]): string => doubts.map(({ seen }) => seen).join('; ');

async function doubtAbout(
  ports: Ports,
  config: ClusterConfig,
  { master, ensemble }: { readonly master: MasterConfig; readonly ensemble: EnsembleName },
  signal: AbortSignal,
): Promise<Doubt | null> {
  try {
    const seen = await seenOnHost(ports, config, { master, ensemble }, signal);
    return seen === null ? null : { master: master.name, seen, unseen: false };
  } catch (error) {
    if (!(error instanceof HostUnreachableError)) throw error;
    // A host that is dead runs nothing; a process that answers all the same counts for what it says.
    const side = await sideInFlags(ports, config, master, signal);
    if (side !== 'unknown' && side !== ensemble)
      return { master: master.name, seen: `${master.name} runs with ${named(side)}`, unseen: false };
    return { master: master.name, seen: error.message, unseen: true };
  }
}

/**
 * The file first and the process after it: a restart in between starts with what was read. A door
 * turns a process away again and again, so that one may be between two starts: that is no proof either.
 *
 * @returns what speaks against it
 */
async function seenOnHost(
  ports: Ports,
  config: ClusterConfig,
  { master, ensemble }: { readonly master: MasterConfig; readonly ensemble: EnsembleName },
  signal: AbortSignal,
): Promise<string | null> {
  const { name, unit, masterUrl: place } = master;
  const { file, process, connected } = await lookAtUnit(
    ports,
    config,
    { host: master, unit, place, observer: null },
    signal,
  );
  if (file !== ensemble) return `the master URL file of ${name} names ${named(file)}`;
  if (process === 'stopped') return null;
  if (process !== 'running') return `${name} is neither proved stopped nor does it run`;
  const answers = [await sideInFlags(ports, config, master, signal), connected].filter((side) => side !== 'unknown');
  if (answers.length === 0) return `nothing tells which ensemble ${name} runs with`;
  const other = answers.find((side) => side !== ensemble);
  return other === undefined ? null : `${name} runs with ${named(other)}`;
}

/** As the process itself says; a reference to a file says nothing about what was in it at the start. */
async function sideInFlags(
  ports: Ports,
  config: ClusterConfig,
  master: MasterConfig,
  signal: AbortSignal,
): Promise<Side> {
  try {
    const credentials = await ports.secrets(config.credentials.mesos);
    const { zk = '' } = await ports.mesos.flags(httpBase(master), credentials, boundedSignal(signal, FLAGS_MS));
    return sideOf(config, parseMasterUrl(zk));
  } catch {
    signal.throwIfAborted();
    return 'unknown';
  }
}

function named(side: Side): string {
  if (side === 'elsewhere') return 'neither ensemble';
  return side === 'unknown' ? 'nothing that can be read' : side;
}
