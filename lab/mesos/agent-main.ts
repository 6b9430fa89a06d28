import { mkdirSync } from 'node:fs';
import { MesosAgent } from './agent/agent.js';
import { AGENT_FLAGS } from './agent/agent-flags.js';
import { AGENT_READONLY, mountAgentRoutes } from './agent/agent-routes.js';
import { readCredentials } from './credentials.js';
import { HttpServer } from './http.js';
import { abort, exitWith, logInfo } from './log.js';
import { Messenger } from './messenger.js';
import { startFlags, startZkUrl } from './start-flags.js';
import { MESOS_VERSION } from './version.js';
import { MasterDetector } from './zk/detector.js';

/** The miniature `mesos-agent`. One ZooKeeper session. SIGTERM just ends it, SIGUSR1 ends its tasks too. */
const DEFAULT_RESOURCES = 'cpus:2;mem:1024;disk:10240;ports:[31000-32000]';

const flags = startFlags(AGENT_FLAGS, ['master', 'work_dir']);
const url = startZkUrl(flags, 'master', 'Failed to create a master detector');
const ip = flags.string('advertise_ip') ?? flags.string('ip') ?? '127.0.0.1';
const port = Number(flags.string('advertise_port') ?? flags.number('port'));
const hostname = flags.string('hostname') ?? ip;
logInfo(`Version: ${MESOS_VERSION}`);
logInfo(
  `Flags at startup: ${Object.entries(flags.shown())
    .map(([name, value]) => `--${name}="${value}"`)
    .join(' ')}`,
);
mkdirSync(flags.string('work_dir') ?? '', { recursive: true });

const self = `slave(1)@${ip}:${port}`;
const realms = new Set(flags.bool('authenticate_http_readonly') ? [AGENT_READONLY] : []);
const server = new HttpServer('/slave(1)', { realms, secrets: readCredentials(flags.string('http_credentials')) });
const detector = new MasterDetector(url, flags.durationMs('zk_session_timeout'));
detector.on('fatal', abort);
const info = {
  hostname,
  port,
  resources: flags.string('resources') ?? DEFAULT_RESOURCES,
  attributes: flags.string('attributes') ?? '',
  checkpoint: true,
};
const agent = new MesosAgent(flags, info, new Messenger(self), detector);
mountAgentRoutes(server, agent, self);
await server.listen(flags.number('port'), flags.string('ip') ?? '127.0.0.1').catch((cause: Error) => {
  exitWith(1, `Failed to initialize: Failed to bind on ${ip}:${port}: ${cause.message}`);
});
logInfo(`Mesos agent started on (1)@${ip}:${port}`);
process.on('SIGUSR1', () => void agent.unregister());
await agent.start();
