/**
 * `node publisher-behind-proxies.js ROUTES.json`: a worker that serves publishers alone, and whose
 * ZooKeeper connections go where the file says: `{"127.1.2.3:2181": {"address": …, "port": …}}`.
 */
import { readFileSync } from 'node:fs';
import type { ServerAddress } from '../../src/ports/server-probe.js';
import type { ZnodeStore } from '../../src/ports/znode-store.js';
import { realPorts, runWorker } from '../../src/worker.js';
import type { Endpoint } from '../integration/severable-proxy.js';

const routes = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Readonly<Record<string, Endpoint>>;

function rerouted(server: ServerAddress): ServerAddress {
  const route = routes[`${server.address}:${String(server.clientPort)}`];
  if (route === undefined) throw new Error(`no route to ${server.name}`);
  return { ...server, address: route.address, clientPort: route.port };
}

const ports = realPorts();
const store: ZnodeStore = {
  connect: (servers, options, signal) => ports.store.connect(servers.map(rerouted), options, signal),
  connectHeld: (servers, options, signal) => ports.store.connectHeld(servers.map(rerouted), options, signal),
};

await runWorker(
  {
    queue: 'publisher',
    searchAttributes: false,
    logLevel: 'info',
    onPolling: () => process.stderr.write('zkferry worker polls\n'),
  },
  { ...ports, store },
);
