import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { raisePriority } from '../raise-priority.js';
import { readCredentials } from './credentials.js';
import { exitJournal } from './exit-journal.js';
import { HttpServer, sendJson } from './http.js';
import { abort, exitWith, logInfo } from './log.js';
import { Journal } from './master/journal.js';
import { MASTER_FLAGS } from './master/master-flags.js';
import { MASTER_READONLY, MASTER_READWRITE, MASTER_SCHEDULER, mountMasterRoutes } from './master/master-routes.js';
import { Master } from './master/master.js';
import { Registrar } from './master/registrar.js';
import { Messenger } from './messenger.js';
import { startFlags, startZkUrl } from './start-flags.js';
import { MESOS_VERSION } from './version.js';
import { MasterContender } from './zk/contender.js';
import { MasterDetector } from './zk/detector.js';
import { masterInfo } from './zk/master-info.js';
import { postingTransport } from './zk/replica-transport.js';
import { ReplicatedLog, replicaHandlers } from './zk/replicated-log.js';

/** The miniature `mesos-master`. Four ZooKeeper sessions: contender, detector, log membership, log network. */
const flags = startFlags(MASTER_FLAGS, ['work_dir']);
// A miniature shares its processors with the whole cluster; a master on a host of its own answers at once.
raisePriority(-10);
if (flags.string('zk') === null) exitWith(1, 'The miniature master needs --zk');
if (flags.string('quorum') === null)
  exitWith(1, 'Need to specify --quorum for replicated log based registry when using ZooKeeper');
const url = startZkUrl(flags, 'zk', 'Failed to create a master contender');
const ip = flags.string('advertise_ip') ?? flags.string('ip') ?? '127.0.0.1';
const port = Number(flags.string('advertise_port') ?? flags.number('port'));
const hostname = flags.string('hostname') ?? ip;
const workDir = flags.string('work_dir') ?? '';
const sessionTimeoutMs = flags.durationMs('zk_session_timeout');

const info = masterInfo({ ip, port, hostname, id: randomUUID(), version: MESOS_VERSION });
const journal = new Journal(process.env['MINI_MESOS_JOURNAL'] ?? null, info.id);
exitJournal.write = (reason) => journal.write('exiting', reason);
journal.write('started');
logInfo(`Version: ${MESOS_VERSION}`);
logInfo(
  `Flags at startup: ${Object.entries(flags.shown())
    .map(([name, value]) => `--${name}="${value}"`)
    .join(' ')}`,
);
mkdirSync(workDir, { recursive: true });

const realms = new Set(
  [
    ['authenticate_http_readonly', MASTER_READONLY],
    ['authenticate_http_readwrite', MASTER_READWRITE],
    ['authenticate_http_frameworks', MASTER_SCHEDULER],
  ].flatMap(([flag = '', realm = '']) => (flags.bool(flag) ? [realm] : [])),
);
const server = new HttpServer('/master', { realms, secrets: readCredentials(flags.string('credentials')) });
const messenger = new Messenger(`master@${ip}:${port}`);

const log = new ReplicatedLog({
  url,
  sessionTimeoutMs,
  quorum: flags.number('quorum'),
  self: `log-replica(1)@${ip}:${port}`,
  dir: join(workDir, 'replicated_log'),
  peers: postingTransport((address, path, body) => messenger.ask(address, path, body)),
});
log.on('fatal', abort);
for (const [path, handler] of Object.entries(replicaHandlers(log))) {
  server.route(path, null, ({ body }, response) => sendJson(response, handler(JSON.parse(body))));
}

const contender = new MasterContender(url, sessionTimeoutMs);
const detector = new MasterDetector(url, sessionTimeoutMs);
const registrar = new Registrar(log, {
  fetchMs: flags.durationMs('registry_fetch_timeout'),
  storeMs: flags.durationMs('registry_store_timeout'),
});
const candidacy = { contend: () => contender.contend(info) };
const master = new Master(info, flags, registrar, messenger, candidacy, journal);
mountMasterRoutes(server, master, log);

await server.listen(flags.number('port'), flags.string('ip') ?? '127.0.0.1').catch((cause: Error) => {
  exitWith(1, `Failed to initialize: Failed to bind on ${ip}:${port}: ${cause.message}`);
});
logInfo(`Master ${info.id} (${hostname}) started on ${ip}:${port}`);

contender.on('failed', (text) => exitWith(1, `Failed to contend: ${text}`));
contender.on('lost', () => master.lostCandidacy());
contender.on('fatal', abort);
detector.on('failed', (text) => exitWith(1, `Failed to detect the leading master: ${text}; committing suicide!`));
detector.on('fatal', abort);
detector.on('leader', (leader) => master.detected(leader));
candidacy.contend();
