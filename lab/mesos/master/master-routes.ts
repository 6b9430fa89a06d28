import type { ServerResponse } from 'node:http';
import { sendJson, sendText, type HttpHandler, type HttpServer } from '../http.js';
import { leaderHostname } from '../leader-address.js';
import { dispatch, type Envelope } from '../messages.js';
import type { SchedulerCall, SubscribeCall } from '../scheduler-api.js';
import { versionJson } from '../version.js';
import type { Master } from './master.js';
import { metricsView, type LogGauge } from './metrics.js';
import { answerOperatorCall } from './operator-api.js';
import { frameworksView, slavesView, stateSummaryView, stateView, taskView } from './views.js';

export const MASTER_READONLY = 'mesos-master-readonly';
export const MASTER_READWRITE = 'mesos-master-readwrite';
export const MASTER_SCHEDULER = 'mesos-master-scheduler';

const NOT_RECOVERED = 'Master has not finished recovery';

/** Endpoints of a master (M 5.1), with and without `/master`, and the mailbox of agents and schedulers. */
export function mountMasterRoutes(server: HttpServer, master: Master, log: LogGauge): void {
  const views: Readonly<Record<string, (query: URLSearchParams) => unknown>> = {
    '/state': () => stateView(master),
    '/state-summary': () => stateSummaryView(master),
    '/slaves': (query) => slavesView(master, query.get('slave_id')),
    '/frameworks': () => frameworksView(master),
    '/tasks': () => ({ tasks: master.state.tasks().map(taskView) }),
    '/roles': () => ({ roles: [{ name: '*', weight: 1, frameworks: [...master.state.frameworks.keys()] }] }),
  };
  server.route('/health', null, (_request, response) => sendText(response, 200, ''));
  server.route('/version', null, (_request, response) => sendJson(response, versionJson()));
  server.route('/redirect', null, (_request, response) => redirect(master, '', response));
  server.route('/flags', MASTER_READONLY, (_request, response) => sendJson(response, { flags: master.flags.shown() }));
  const metrics: HttpHandler = (_request, response) => sendJson(response, metricsView(master, log));
  server.route('/metrics/snapshot', MASTER_READONLY, metrics);
  const registry: HttpHandler = (_request, response) => sendJson(response, registryView(master));
  server.route('/registrar(1)/registry', MASTER_READONLY, registry);
  for (const [path, view] of Object.entries(views)) {
    server.route(path, MASTER_READONLY, ({ query }, response) => {
      if (master.elected) sendJson(response, view(query));
      else redirect(master, `/master${path}`, response);
    });
  }
  server.route('/api/v1', MASTER_READWRITE, ({ body, method }, response) => {
    if (method !== 'POST') sendText(response, 405, "Expecting one of { 'POST' }");
    else if (!master.elected) redirect(master, '/master/api/v1', response);
    else if (!master.recovered) sendText(response, 503, NOT_RECOVERED);
    else answerOperatorCall(master, log, body, response);
  });
  mountMailbox(server, master);
}

function mountMailbox(server: HttpServer, master: Master): void {
  server.route('/mini/message', null, ({ body }, response) => {
    // libprocess never says whether a message was taken.
    sendText(response, 202, '');
    const envelope = JSON.parse(body) as Envelope;
    if (master.receive(envelope.name)) dispatch(master.receivers, envelope);
  });
  server.route('/mini/link', null, (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/plain' });
    response.flushHeaders();
  });
  const scheduler = (path: string, answer: (body: string, response: ServerResponse) => void): void => {
    server.route(path, MASTER_SCHEDULER, ({ body }, response) => {
      if (!master.elected) redirect(master, path, response);
      else if (!master.recovered) sendText(response, 503, NOT_RECOVERED);
      else answer(body, response);
    });
  };
  scheduler('/mini/scheduler/subscribe', (body, response) =>
    master.frameworks.subscribe((JSON.parse(body) as SubscribeCall).framework, response),
  );
  scheduler('/mini/scheduler/call', (body, response) => {
    const refusal = master.frameworks.call(JSON.parse(body) as SchedulerCall);
    sendText(response, refusal === null ? 202 : 403, refusal ?? '');
  });
}

function redirect(master: Master, path: string, response: ServerResponse): void {
  if (master.leader === null) {
    sendText(response, 503, 'No leader elected');
    return;
  }
  // Protocol-relative, and by the name in the leader's MasterInfo.
  response.setHeader('Location', `//${leaderHostname(master.leader)}:${master.leader.port}${path}`);
  sendText(response, 307, '');
}

function registryView({ registrar, info }: Master): unknown {
  if (registrar.registry === null) return {};
  const { slaves, unreachable } = registrar.registry;
  return {
    master: { info },
    slaves: {
      slaves: slaves.map(({ info: { id, hostname, port, checkpoint } }) => ({
        info: { id: { value: id }, hostname, port, checkpoint },
      })),
    },
    unreachable: {
      slaves: unreachable.map(({ id, timestamp }) => ({
        id: { value: id },
        timestamp: { nanoseconds: Math.round(timestamp * 1e9) },
      })),
    },
  };
}
