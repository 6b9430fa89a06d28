import { parseMesosDuration } from '../budget.js';
import type { ClusterConfig } from '../config.js';
import type { Finding } from '../plan.js';
import type { AgentSurvey } from '../survey.js';
import { block, info, warn } from './finding.js';

/** Mesos' default for the time in which executors must be back once their agent is. */
const EXECUTORS_BACK_MS = 2_000;

/** What decides whether tasks outlive the restart of their agent (M 6). */
export function agentFlagRules(config: ClusterConfig, agents: readonly AgentSurvey[]): Finding[] {
  const detected = agents.filter(({ flags }) => flags !== null && flags['resources'] === undefined);
  const findings = agents.flatMap((agent) => oneAgent(config, agent));
  if (detected.length === 0) return findings;
  return [
    ...findings,
    info('agent-resources-detected', {
      seen: `${String(detected.length)} agents detect their resources at every start (${detected[0]?.agent.name ?? ''} …)`,
    }),
  ];
}

function oneAgent({ policy }: ClusterConfig, { agent: { name: host }, flags }: AgentSurvey): Finding[] {
  if (flags === null) return [];
  const findings: Finding[] = [];
  if (flags['recover'] !== undefined && flags['recover'] !== 'reconnect') {
    findings.push(
      block('agent-recover', {
        host,
        seen: `${host} runs with --recover=${flags['recover']}`,
      }),
    );
  }
  if (flags['strict'] === 'false') {
    findings.push(
      warn('agent-not-strict', {
        host,
        seen: `${host} runs with --no-strict`,
      }),
    );
  }
  const awayMs = parseMesosDuration(flags['recovery_timeout'] ?? '');
  if (awayMs !== null && awayMs < policy.timeouts.agentMs) {
    findings.push(
      block('agent-recovery-timeout', {
        host,
        seen: `${host} runs with --recovery_timeout=${flags['recovery_timeout'] ?? ''}`,
      }),
    );
  }
  const backMs = parseMesosDuration(flags['executor_reregistration_timeout'] ?? '');
  if (backMs !== null && backMs < EXECUTORS_BACK_MS) {
    findings.push(
      warn('executor-reregistration', {
        host,
        seen: `${host} runs with --executor_reregistration_timeout=${flags['executor_reregistration_timeout'] ?? ''}`,
      }),
    );
  }
  return findings;
}
