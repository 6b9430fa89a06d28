import type { ServiceResult } from './service-state.js';
import type { UnitDefinition } from './unit-file.js';

const clean = ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGPIPE'];
const dumping = ['SIGABRT', 'SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGQUIT', 'SIGTRAP'];

/** Exit status 0 and the signals HUP, INT, TERM, PIPE are clean; `SuccessExitStatus=` adds to them. */
export function resultOfExit(
  code: number | null,
  signal: string | null,
  { successExitStatus: extra }: Pick<UnitDefinition, 'successExitStatus'>,
): ServiceResult {
  if (signal !== null) {
    if (clean.includes(signal) || extra.includes(signal)) return 'success';
    return dumping.includes(signal) ? 'core-dump' : 'signal';
  }
  return code === 0 || extra.includes(String(code)) ? 'success' : 'exit-code';
}

/** Whether `Restart=` brings the service back after it ended with `result`. */
export function restartsAfter(result: ServiceResult, { restart }: Pick<UnitDefinition, 'restart'>): boolean {
  if (result === 'exec-condition' || result === 'start-limit-hit') return false;
  if (restart === 'always') return true;
  if (restart === 'on-failure') return result !== 'success';
  if (restart === 'on-success') return result === 'success';
  if (restart === 'on-abnormal') return result !== 'success' && result !== 'exit-code';
  return false;
}
