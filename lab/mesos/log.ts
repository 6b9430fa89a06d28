import { exitJournal } from './exit-journal.js';

/** Log lines in glog's layout on stderr; the texts are Mesos' own, because people and tools grep for them. */
export function logInfo(text: string): void {
  write('I', text);
}

export function logWarning(text: string): void {
  write('W', text);
}

export function logError(text: string): void {
  write('E', text);
}

/** Ends the process as stout's EXIT does: `EXIT with status 1: …`, exit code 1. */
export function exitWith(status: number, text: string): never {
  write('E', `EXIT with status ${status}: ${text}`);
  exitJournal.write(text);
  process.exit(status);
}

/** Ends the process as LOG(FATAL) does: wait status SIGABRT. */
export function abort(text: string): never {
  write('F', text);
  exitJournal.write(text);
  // Straight to the signal: process.abort() would spend its time on a native stack trace.
  process.kill(process.pid, 'SIGABRT');
  process.abort();
}

function write(severity: string, text: string): void {
  const now = new Date();
  const two = (n: number): string => String(n).padStart(2, '0');
  const date = `${two(now.getMonth() + 1)}${two(now.getDate())}`;
  const time = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
  const micros = `${String(now.getMilliseconds()).padStart(3, '0')}000`;
  process.stderr.write(`${severity}${date} ${time}.${micros} ${process.pid} mini-mesos] ${text}\n`);
}
