import { request } from 'node:http';
import type { FrameworkInfo } from '../messages.js';
import type { SchedulerEvent } from '../scheduler-api.js';

/**
 * Subscribes at a master and reads its events until either side ends the stream. `onEnd` is called
 * once, with why; not after the returned function, which closes the stream, was called.
 */
export function openEventStream(
  address: string,
  framework: FrameworkInfo,
  onEvent: (event: SchedulerEvent) => void,
  onEnd: (why: string) => void,
): () => void {
  const [host = '', port = ''] = address.split(':');
  const body = JSON.stringify({ framework });
  let over = false;
  const end = (why: string): void => {
    if (over) return;
    over = true;
    onEnd(why);
  };
  const outgoing = request({
    host,
    port: Number(port),
    path: '/mini/scheduler/subscribe',
    method: 'POST',
    agent: false,
    headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) },
  });
  outgoing.once('response', (response) => {
    let rest = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      if (response.statusCode !== 200) rest = rest + lines.join('\n');
      else for (const line of lines) if (!over) onEvent(JSON.parse(line) as SchedulerEvent);
    });
    response.once('error', (cause) => end(cause.message));
    response.once('close', () => end(response.statusCode === 200 ? 'stream closed' : `${response.statusCode} ${rest}`));
  });
  outgoing.once('error', (cause) => end(cause.message));
  outgoing.end(body);
  return () => {
    over = true;
    outgoing.destroy();
  };
}
