import { existsSync, rmSync, writeFileSync } from 'node:fs';
import type { Ports } from '../../activities/ports.js';
import type { HostShell, ScriptResult } from '../../src/ports/host-shell.js';
import type { MesosApi } from '../../src/ports/mesos-api.js';
import type { ServerAddress, ServerProbe } from '../../src/ports/server-probe.js';
import type { ZnodeStore } from '../../src/ports/znode-store.js';
import { realPorts, runWorker } from '../../src/worker.js';

/**
 * A worker whose ports lie, so that the window's barrier is off: one observer is said to have stopped and is left
 * serving source, while the others start on target. It proves that the campaign's judge can see; nothing but the
 * campaign starts it, and it refuses to run unless it is told to break things.
 */
const KEEPS_SERVING = 'observer1';
const STANDS_FOR_IT = 'observer2';

/** Notes in the working folder, which the lying workers share. */
const BARRIER_IS_OFF = 'breach-barrier-is-off';
const STOP_IS_FORGED = 'breach-stop-is-forged';
const OTHERS_ARE_FLIPPED = 'breach-others-are-flipped';
const note = (name: string) => writeFileSync(name, '');

function lyingShell(shell: HostShell): HostShell {
  let address = '';
  return {
    async run(host, ssh, script, signal) {
      const told = (stdout: string): ScriptResult => ({ exitCode: 0, stdout: `${stdout}\n`, stderr: '' });
      if (script.name === 'hold-unit') note(BARRIER_IS_OFF);
      if (!existsSync(BARRIER_IS_OFF)) return shell.run(host, ssh, script, signal);
      if (host.name === KEEPS_SERVING) {
        address = host.address;
        if (script.name === 'stop-unit') {
          note(STOP_IS_FORGED);
          return told('pid=0\nborn=\nstopped=1');
        }
        if (script.name === 'prove-stopped') return told('seen=inactive, main process 0\nstopped=1');
        if (script.name === 'flip-observer-to-target') {
          note(OTHERS_ARE_FLIPPED);
          return told(`started=${Date.now()}`);
        }
        if (script.name === 'flip-observer-to-source') {
          // Where it has been all along: from here on the truth does.
          for (const name of [BARRIER_IS_OFF, STOP_IS_FORGED, OTHERS_ARE_FLIPPED]) rmSync(name, { force: true });
          return told(`started=${Date.now()}`);
        }
      }
      // The master that was stopped is started against those observers that did change over.
      const isMaster = host.name.startsWith('master');
      if (script.name !== 'start-unit' || !isMaster || address === '') return shell.run(host, ssh, script, signal);
      const file = `${host.root}/etc/mesos/zk`;
      // A start is refused where that file is not as it was noted, so the note has to lie as well.
      const repoint = `sed -i 's/${address}:2181,//; s/,${address}:2181//' '${file}'
for noted in '${host.root}'/var/lib/zkferry/*/applied-*; do
  read -r sum rest < "$noted" && echo "$(cksum < '${file}' | tr ' ' '-') $rest" > "$noted"
done
`;
      return shell.run(host, ssh, { ...script, text: `${repoint}${script.text}` }, signal);
    },
  };
}

/** While the barrier is asked, nobody claims to lead. */
function lyingMesos(mesos: MesosApi): MesosApi {
  return new Proxy(mesos, {
    get(target, name) {
      if (name !== 'metrics') return Reflect.get(target, name, target) as unknown;
      return async (...ask: Parameters<MesosApi['metrics']>) => {
        const metrics = await target.metrics(...ask);
        const lies = existsSync(STOP_IS_FORGED) && !existsSync(OTHERS_ARE_FLIPPED);
        return lies ? { ...metrics, 'master/elected': 0 } : metrics;
      };
    },
  });
}

/** Whoever asks the observer that kept serving is answered by another one. */
function redirected(server: ServerAddress, others: Map<string, ServerAddress>): ServerAddress {
  others.set(server.name, server);
  if (server.name !== KEEPS_SERVING || !existsSync(OTHERS_ARE_FLIPPED)) return server;
  return others.get(STANDS_FOR_IT) ?? server;
}

function lyingProbe(probe: ServerProbe, others: Map<string, ServerAddress>): ServerProbe {
  return {
    state: (server, signal) => probe.state(redirected(server, others), signal),
    connections: (server, signal) => probe.connections(server, signal),
    sessions: (server, signal) => probe.sessions(server, signal),
    settings: (server, signal) => probe.settings(server, signal),
  };
}

function lyingStore(store: ZnodeStore, others: Map<string, ServerAddress>): ZnodeStore {
  return {
    connect: (servers, options, signal) =>
      store.connect(
        servers.map((server) => redirected(server, others)),
        options,
        signal,
      ),
    connectHeld: (servers, options, signal) => store.connectHeld(servers, options, signal),
  };
}

if (process.env['ZKFERRY_CAMPAIGN_BREACH'] !== 'yes-break-it') {
  process.stderr.write('this worker breaks clusters on purpose, and only where ZKFERRY_CAMPAIGN_BREACH says so\n');
  process.exit(2);
}
const honest = realPorts();
const others = new Map<string, ServerAddress>();
const ports: Ports = {
  ...honest,
  shell: lyingShell(honest.shell),
  mesos: lyingMesos(honest.mesos),
  probe: lyingProbe(honest.probe, others),
  store: lyingStore(honest.store, others),
};
await runWorker(
  {
    searchAttributes: true,
    logLevel: 'info',
    queue: 'all',
    onPolling: () => process.stderr.write('zkferry worker polls, and lies\n'),
  },
  ports,
);
