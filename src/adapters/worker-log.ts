import pino, { type Logger } from 'pino';
import type { Redactor } from '../domain/redact.js';

/**
 * The worker's log: one JSON object a line, `{level, time, pid, hostname, msg}` and what the SDK adds
 * (`workflowId`, `activityType`, `taskQueue`, …). Each line is redacted as it is written, so that no
 * way into the log leads past that.
 *
 * @param destination where lines go; by default fd 2, synchronous: the last lines before a crash matter most
 */
export function workerLog(
  level: string,
  redactor: Redactor,
  destination: pino.DestinationStream = pino.destination({ dest: 2, sync: true }),
): Logger {
  const streamWrite = (line: string): string => {
    try {
      return `${JSON.stringify(redactor.value(JSON.parse(line)))}\n`;
    } catch {
      return redactor.text(line);
    }
  };
  return pino({ level, hooks: { streamWrite }, serializers: { error: pino.stdSerializers.err } }, destination);
}
