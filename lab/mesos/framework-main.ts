import { join } from 'node:path';
import { FRAMEWORK_FLAGS } from './framework/framework-flags.js';
import { LabScheduler } from './framework/scheduler.js';
import { TaskStore } from './framework/task-store.js';
import { HttpServer, sendJson, sendText } from './http.js';
import { leaderPid } from './leader-address.js';
import { abort, exitWith, logInfo } from './log.js';
import { Messenger } from './messenger.js';
import { scaled } from './duration.js';
import { startFlags, startZkUrl } from './start-flags.js';
import { MasterDetector } from './zk/detector.js';

/** The lab's framework, a scheduler in the manner of Mesos' v1 HTTP library. One ZooKeeper session of 10 s. */
const SESSION_TIMEOUT_MS = 10_000;

const flags = startFlags(FRAMEWORK_FLAGS, ['master', 'work_dir']);
const url = startZkUrl(flags, 'master', 'Failed to create a master detector');
const ip = flags.string('ip') ?? '127.0.0.1';
const port = flags.number('port');
const name = flags.string('name') ?? '';
const store = new TaskStore(join(flags.string('work_dir') ?? '', 'framework.json'));
const scheduler = new LabScheduler(
  {
    framework: {
      name,
      user: 'root',
      hostname: flags.string('hostname') ?? ip,
      principal: flags.string('principal'),
      failoverTimeoutSecs: flags.number('failover_timeout_secs'),
      checkpoint: flags.bool('checkpoint'),
      partitionAware: flags.bool('partition_aware'),
    },
    tasksPerAgent: flags.number('tasks_per_agent'),
    connectionDelayMaxMs: flags.durationMs('connection_delay_max'),
  },
  store,
  new Messenger(`scheduler@${ip}:${port}`),
);

const server = new HttpServer('/scheduler', { realms: new Set(), secrets: new Map() });
server.route('/health', null, (_request, response) => sendText(response, 200, ''));
server.route('/state', null, (_request, response) =>
  sendJson(response, {
    name,
    frameworkId: store.frameworkId,
    connected: scheduler.connected,
    master: scheduler.leader === null ? null : leaderPid(scheduler.leader),
    flags: flags.shown(),
    tasks: [...store.tasks].map(([id, { agentId, state }]) => ({ id, agentId, state })),
  }),
);
await server.listen(port, ip).catch((cause: Error) => {
  exitWith(1, `Failed to bind on ${ip}:${port}: ${cause.message}`);
});
logInfo(`Framework ${name} started on ${ip}:${port}${store.frameworkId === '' ? '' : ` as ${store.frameworkId}`}`);

if (flags.string('on_sigterm') === 'teardown') {
  process.on('SIGTERM', () => void scheduler.teardown().finally(() => process.exit(0)));
}
const detector = new MasterDetector(url, scaled(SESSION_TIMEOUT_MS));
detector.on('fatal', abort);
detector.on('failed', (text) => exitWith(1, `Failed to detect a master: ${text}`));
detector.on('leader', (leader) => scheduler.detected(leader));
