import { type Report, reportOf } from '../src/domain/report.js';
import type { MigrationStatus } from '../src/domain/status.js';
import type { Verdicts } from './contract.js';

/** The report of a migration that the lab's watchers have seen: verdicts and measured times are theirs. */
export function buildReport(status: MigrationStatus, seen: Verdicts): Report {
  const { leadersSeen: _leadersSeen, coordinationMs, leaderlessMs, lastAgentMs, ...verdicts } = seen;
  return reportOf(status, { verdicts, window: { coordinationMs, leaderlessMs, lastAgentMs } });
}
