import { Agent, request } from 'undici';
import { boundedSignal } from '../domain/bounded-signal.js';
import { MesosAuthError, MesosHttpError, NoAnswerError, NotLeaderError } from '../domain/proof-errors.js';
import type { AgentStateView, AgentsView, BaseUrl, FrameworkView, MesosApi } from '../ports/mesos-api.js';
import { agentStateFrom, agentsFrom, frameworksFrom } from './mesos-views.js';

interface Answer {
  readonly status: number;
  readonly location: string | null;
  readonly text: string;
}

/**
 * Mesos' endpoints over HTTP (Mesos `docs/endpoints`). Redirects are seen, never followed: the
 * credentials go to the base that was asked for and to nobody else. One connection per question, so
 * that an answer always comes from the process that listens now.
 */
export class MesosHttp implements MesosApi {
  private readonly agent: Agent;

  constructor(private readonly timeoutMs = 5_000) {
    this.agent = new Agent({
      connect: { timeout: Math.min(timeoutMs, 2_000) },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      pipelining: 0,
    });
  }

  async metrics(base: BaseUrl, credentials: string | null, signal: AbortSignal): Promise<Record<string, number>> {
    return this.json<Record<string, number>>(base, '/metrics/snapshot', credentials, signal);
  }

  async flags(base: BaseUrl, credentials: string | null, signal: AbortSignal): Promise<Record<string, string>> {
    const { flags } = await this.json<{ flags?: Record<string, string> }>(base, '/flags', credentials, signal);
    return flags ?? {};
  }

  async version(base: BaseUrl, signal: AbortSignal): Promise<string> {
    const { version } = await this.json<{ version?: string }>(base, '/version', null, signal);
    return version ?? '';
  }

  async leaderSeenBy(master: BaseUrl, signal: AbortSignal): Promise<string | null> {
    const answer = await this.ask(master, '/redirect', null, signal);
    if (answer.status === 503) return null;
    if (answer.location === null) throw new MesosHttpError(master, '/redirect', answer.status, answer.text);
    return hostPort(answer.location);
  }

  async isRecovered(leader: BaseUrl, credentials: string | null, signal: AbortSignal): Promise<boolean> {
    const answer = await this.ask(leader, '/api/v1', credentials, signal, { type: 'GET_HEALTH' });
    if (answer.status === 200) return true;
    if (answer.status === 503) return false;
    throw this.unexpected(leader, '/api/v1', answer);
  }

  async agents(leader: BaseUrl, credentials: string | null, signal: AbortSignal): Promise<AgentsView> {
    return agentsFrom(await this.json(leader, '/slaves', credentials, signal));
  }

  async frameworks(leader: BaseUrl, credentials: string | null, signal: AbortSignal): Promise<FrameworkView[]> {
    return frameworksFrom(await this.json(leader, '/frameworks', credentials, signal));
  }

  async agentState(agent: BaseUrl, credentials: string | null, signal: AbortSignal): Promise<AgentStateView | null> {
    const answer = await this.ask(agent, '/state', credentials, signal);
    if (answer.status === 503) return null;
    if (answer.status !== 200) throw this.unexpected(agent, '/state', answer);
    return agentStateFrom(parse(agent, '/state', answer));
  }

  private async json<T>(base: BaseUrl, path: string, credentials: string | null, signal: AbortSignal): Promise<T> {
    const answer = await this.ask(base, path, credentials, signal);
    if (answer.status !== 200) throw this.unexpected(base, path, answer);
    return parse(base, path, answer) as T;
  }

  private unexpected(base: BaseUrl, path: string, { status, location, text }: Answer): Error {
    if (status === 307) return new NotLeaderError(base, location === null ? null : hostPort(location));
    if (status === 401 || status === 403) return new MesosAuthError(base, path, status);
    return new MesosHttpError(base, path, status, text.slice(0, 200));
  }

  private async ask(
    base: BaseUrl,
    path: string,
    credentials: string | null,
    signal: AbortSignal,
    body?: object,
  ): Promise<Answer> {
    const headers: Record<string, string> = { accept: 'application/json', connection: 'close' };
    if (credentials !== null) headers['authorization'] = `Basic ${Buffer.from(credentials).toString('base64')}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    try {
      const response = await request(`${base}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        dispatcher: this.agent,
        signal: boundedSignal(signal, this.timeoutMs),
      });
      const { location } = response.headers;
      const text = await response.body.text();
      return { status: response.statusCode, location: typeof location === 'string' ? location : null, text };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw new NoAnswerError(base, base.replace(/^https?:\/\//, ''), path, code === 'ECONNREFUSED', message);
    }
  }
}

function parse(base: BaseUrl, path: string, { status, text }: Answer): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new MesosHttpError(base, path, status, 'the answer is no JSON');
  }
}

/** `//host:5050/master/state`, as Mesos redirects, → `host:5050`. */
function hostPort(location: string): string {
  return location.replace(/^(?:https?:)?\/\//, '').replace(/\/.*$/, '');
}
