import { boundedSignal } from '../../src/domain/bounded-signal.js';
import type { ClusterConfig, MasterConfig } from '../../src/domain/config.js';
import type { Side } from '../../src/domain/doctor/observation.js';
import { parseMasterUrl } from '../../src/domain/master-url.js';
import type { EnsembleName, PublishingActivities } from '../contract.js';
import { lookAtUnit, sideOf } from '../doctor/look-at-unit.js';
import type { Ports } from '../ports.js';
import { httpBase } from '../reach/addresses.js';
import { awaitProof, proved, unproved } from '../reach/await-proof.js';

const FLAGS_MS = 2_000;

/** Before a door is opened for good: nobody waits behind it who would lead there. */
export function createMastersOnProof(ports: Ports): Pick<PublishingActivities, 'provesMastersOn'> {
  return {
    async provesMastersOn({ config, ensemble, patienceMs }) {
      const request = {
        host: null,
        what: `every master belongs to ${ensemble}`,
        until: Date.now() + patienceMs,
        everyMs: 1_000,
        remedy: `see who changed it (configuration management?), put the master URL of ${ensemble} back and restart that master, then retry`,
      };
      await awaitProof(request, async (signal) => {
        const looks = config.masters.map((master) => doubtAbout(ports, config, { master, ensemble }, signal));
        const doubts = (await Promise.all(looks)).filter((doubt) => doubt !== null);
        return doubts.length === 0 ? proved(null) : unproved(doubts.join('; '));
      });
    },
  };
}

/**
 * The file first and the process after it: a restart in between starts with what was read. A door
 * turns a process away again and again, so that one may be between two starts: that is no proof either.
 */
async function doubtAbout(
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
  if (file !== ensemble) return `the master URL file of ${name} names ${told(file)}`;
  if (process === 'stopped') return null;
  if (process !== 'running') return `${name} is neither proved stopped nor does it run`;
  const answers = [await sideInFlags(ports, config, master, signal), connected].filter((side) => side !== 'unknown');
  if (answers.length === 0) return `nothing tells which ensemble ${name} runs with`;
  const other = answers.find((side) => side !== ensemble);
  return other === undefined ? null : `${name} runs with ${told(other)}`;
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

function told(side: Side): string {
  if (side === 'elsewhere') return 'neither ensemble';
  return side === 'unknown' ? 'nothing that can be read' : side;
}
