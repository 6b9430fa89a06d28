import type { ClusterConfig, ServerConfig } from '../../src/domain/config.js';
import { epochOf, raiseTo } from '../../src/domain/epoch.js';
import { NotProvedError } from '../../src/domain/proof-errors.js';
import { shq } from '../../src/domain/shell-quote.js';
import type { EnsembleActivities } from '../contract.js';
import type { Ports } from '../ports.js';
import { clientAddress } from '../reach/addresses.js';
import { awaitProof, proved, unproved } from '../reach/await-proof.js';
import { scope } from '../reach/scope.js';

export function createEpochActivities(ports: Ports): Pick<EnsembleActivities, 'readEpochs' | 'awaitQuorum'> {
  const servedEpoch = async (server: ServerConfig): Promise<bigint | null> => {
    const state = await ports.probe.state(clientAddress(server), scope().signal).catch(() => null);
    const zxid = state?.zxid ?? null;
    return zxid === null ? null : epochOf(zxid);
  };

  return {
    async readEpochs({ config }) {
      const { heartbeat } = scope();
      heartbeat('reading the epochs');
      const sources = (await Promise.all(config.source.servers.map(servedEpoch))).filter((epoch) => epoch !== null);
      if (sources.length === 0) {
        throw new NotProvedError(null, 'source serves', 'none of its servers tells an epoch', { retryable: true });
      }
      const source = sources.reduce((a, b) => (a > b ? a : b));
      const target = await Promise.all(
        config.target.servers.map(async (server) => [server.name, await servedEpoch(server)] as const),
      );
      const held = await Promise.all(config.target.servers.map((server) => epochsInFiles(ports, config, server)));
      const known = [...target.flatMap(([, epoch]) => (epoch === null ? [] : [epoch])), ...held.flat()];
      const verdict = raiseTo({ source, target: known });
      if (!verdict.ok) {
        throw new NotProvedError(null, 'the epoch of target can be raised', verdict.reason, {
          remedy: 'take a fresh target ensemble',
        });
      }
      return {
        source: source.toString(),
        target: Object.fromEntries(target.map(([name, epoch]) => [name, epoch?.toString() ?? null])),
        raiseTo: verdict.epoch.toString(),
      };
    },

    async awaitQuorum({ config, ensemble }) {
      const { servers } = config[ensemble];
      const request = {
        host: null,
        what: `every server of ${ensemble} serves and exactly one leads`,
        until: Date.now() + config.policy.timeouts.serverMs,
        everyMs: 300,
      };
      return awaitProof(request, async (signal) => {
        const states = await Promise.all(
          servers.map(async (server) => ({
            name: server.name,
            state: await ports.probe.state(clientAddress(server), signal).catch(() => null),
          })),
        );
        const down = states.filter(
          ({ state }) => state === null || state.mode === 'not-serving' || state.zxid === null,
        );
        if (down.length > 0) return unproved(`${down.map(({ name }) => name).join(', ')} do not serve`);
        const leaders = states.filter(({ state }) => state?.mode === 'leader' || state?.mode === 'standalone');
        if (leaders.length !== 1) return unproved(`${String(leaders.length)} servers lead`);
        const epochs = states.map(({ name, state }) => [name, epochOf(state?.zxid ?? 0n).toString()] as const);
        return proved({ epochs: Object.fromEntries(epochs) });
      });
    },
  };
}

/**
 * Epochs a server holds in its files, whether it runs or not: one that is down may hold the highest.
 * They lie beside the snapshots, in `dataDir/version-2` (ZooKeeper `QuorumPeer`, `FileTxnSnapLog`).
 */
async function epochsInFiles(ports: Ports, config: ClusterConfig, server: ServerConfig): Promise<bigint[]> {
  const folder = `${server.root}${server.dataDir}/version-2`;
  const text = [
    `cd ${shq(folder)} 2>/dev/null || exit 0`,
    'for file in acceptedEpoch currentEpoch; do [ -f "$file" ] && echo "epoch=$(cat "$file")"; done',
    'true',
    '',
  ].join('\n');
  const script = { name: 'read-epochs', text, detached: false, timeoutMs: config.policy.timeouts.commandMs };
  const { exitCode, stdout, stderr } = await ports.shell.run(server, config.ssh, script, scope().signal);
  if (exitCode !== 0) {
    throw new NotProvedError(server.name, 'its epoch files can be read', stderr.trim().slice(0, 200), {
      retryable: true,
    });
  }
  return [...stdout.matchAll(/^epoch=(\d+)$/gm)].map(([, epoch = '0']) => BigInt(epoch));
}
