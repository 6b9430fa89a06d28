import { fork } from 'node:child_process';
import { openSync, closeSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { killAll } from '../hosts/processes.js';
import { labProcesses } from '../memory.js';
import type { RunOrder } from './run-main.js';
import type { RunRecord } from './run-record.js';

/** Booting, migrating (5 min at most), settling, judging, control runs; a run that takes longer hangs. */
const PATIENCE_MS = 15 * 60_000;

type Message = { readonly said: string } | { readonly record: RunRecord };

/**
 * Runs a scenario in a process of its own; whatever it leaves behind is ended, also when `signal` interrupts it. Its log
 * lies in the run's folder.
 *
 * @throws the signal's reason
 */
export async function startRun(order: RunOrder, say: (text: string) => void, signal: AbortSignal): Promise<RunRecord> {
  const startedAt = new Date();
  const logFile = join(order.dir, 'run.log');
  const log = openSync(logFile, 'a');
  const child = fork(fileURLToPath(new URL('./run-main.js', import.meta.url)), [JSON.stringify(order)], {
    execArgv: ['--enable-source-maps'],
    stdio: ['ignore', log, log, 'ipc'],
    timeout: PATIENCE_MS,
    killSignal: 'SIGKILL',
    signal,
  });
  closeSync(log);
  let record: RunRecord | null = null;
  child.on('message', (message: Message) => {
    if ('record' in message) record = message.record;
    else say(message.said);
  });
  const how = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(signal ?? `exit status ${String(code)}`));
  });
  await killAll(() => labProcesses(order.dir).filter((pid) => pid !== process.pid));
  signal.throwIfAborted();
  return record ?? crashed(order, startedAt, `the run's own process ended with ${how}: ${tail(logFile)}`);
}

function crashed({ scenario, commit }: RunOrder, startedAt: Date, reason: string): RunRecord {
  return {
    schemaVersion: 1,
    seed: scenario.seed,
    run: scenario.run,
    commit,
    startedAt: startedAt.toISOString(),
    durationMs: Date.now() - startedAt.getTime(),
    scenario,
    faults: [],
    end: 'nowhere',
    judgement: 'failed',
    reasons: [reason],
    verdicts: null,
    window: null,
    incidents: [],
    decisions: [],
    phases: [],
    nativeOverlapMs: null,
    longestLeaderlessMs: 0,
    cutOffBy: null,
  };
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').trim().slice(-600);
}
