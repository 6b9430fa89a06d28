import pLimit from 'p-limit';
import type { ClusterConfig, HostConfig } from '../../src/domain/config.js';
import type { Finding } from '../../src/domain/plan.js';
import { residueFinding } from '../../src/domain/preflight/residue-rules.js';
import { shq } from '../../src/domain/shell-quote.js';
import { NotProvedError } from '../../src/domain/proof-errors.js';
import type { ProofActivities } from '../contract.js';
import type { Ports } from '../ports.js';
import { httpBase } from '../reach/addresses.js';
import { claimedLeader } from '../reach/claims.js';
import { discoveredAgent } from '../reach/discovered-agent.js';
import { lockPath, markerPath, ownZnodes } from '../reach/marker.js';
import { scope } from '../reach/scope.js';
import { inSession } from '../reach/session.js';

export function createResidueProofs(ports: Ports): Pick<ProofActivities, 'findResidue'> {
  return {
    async findResidue({ config }) {
      const { signal, heartbeat } = scope();
      const findings: Finding[] = [];
      for (const ensemble of ['source', 'target'] as const) {
        heartbeat(`looking for znodes of ours in ${ensemble}`);
        const request = { config, servers: config[ensemble].servers, as: ensemble, timeoutMs: 10_000 };
        await inSession(ports, request, signal, async (session) => {
          const roots = (await session.children('/')) ?? [];
          const { cluster } = config;
          for (const path of [lockPath(cluster), markerPath(cluster), ...ownZnodes(cluster)]) {
            if (roots.includes(path.slice(1))) findings.push(residueFinding(ensemble, `znode ${path}`));
          }
        });
      }
      const agents = config.agents.discover ? await discoveredAgents(ports, config) : config.agents.hosts;
      const limit = pLimit(8);
      const hosts: readonly HostConfig[] = [
        ...config.source.servers,
        ...config.target.servers,
        ...config.observers,
        ...config.masters,
        ...agents,
        ...config.frameworks.flatMap(({ instances }) => instances),
      ];
      const folders = config.observers.map(({ name, dataDir, dataLogDir }) => ({
        name,
        dirs: dataLogDir === null ? [dataDir] : [dataDir, dataLogDir],
      }));
      const found = await Promise.all(
        hosts.map((host) =>
          limit(async () => {
            heartbeat(`looking for residue on ${host.name}`);
            const dirs = folders.find(({ name }) => name === host.name)?.dirs ?? [];
            const text = residueScript(config.cluster, host.root, dirs);
            const script = { name: 'find-residue', text, detached: false, timeoutMs: 20_000 };
            const { stdout } = await ports.shell.run(host, config.ssh, script, signal);
            return [...stdout.matchAll(/^residue=(.*)$/gm)].map(([, file = '']) => residueFinding(host.name, file));
          }),
        ),
      );
      return { findings: [...findings, ...found.flat()] };
    },
  };
}

/** Agents that are gone from the master cannot be asked; they were released one by one. */
async function discoveredAgents(ports: Ports, config: ClusterConfig): Promise<HostConfig[]> {
  const { signal } = scope();
  const { leader } = await claimedLeader(ports, config, signal);
  if (leader === null) throw new NotProvedError(null, 'no residue is left', 'no master leads', { retryable: true });
  const credentials = await ports.secrets(config.credentials.mesos);
  const { agents } = await ports.mesos.agents(httpBase(leader.master), credentials, signal);
  return agents.map((agent) => discoveredAgent(config, agent));
}

function residueScript(cluster: string, root: string, dataDirs: readonly string[]): string {
  const data = dataDirs.flatMap((dir) => [
    `${shq(root + dir)}/version-2.zkferry-*`,
    `${shq(root + dir)}/zkferry-ensemble`,
  ]);
  const files = [
    shq(`${root}/var/lib/zkferry/${cluster}`),
    `${shq(root)}/etc/systemd/system/*.d/90-zkferry.conf`,
    ...data,
  ];
  return `for file in ${files.join(' ')}; do [ -e "$file" ] && echo "residue=$file"; done\ntrue\n`;
}
