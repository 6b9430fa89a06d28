import type { ClusterConfig } from '../config.js';
import type { Finding } from '../plan.js';
import type { ClusterSurvey, Survey } from '../survey.js';
import { agentFlagRules } from './agent-rules.js';
import { block, info } from './finding.js';

/** Agents and frameworks as the leading master tells. */
export function clusterRules(config: ClusterConfig, { cluster }: Survey): Finding[] {
  if (cluster === null) return [];
  return [
    ...agentRules(config, cluster),
    ...agentFlagRules(config, cluster.agents),
    ...frameworkRules(config, cluster),
  ];
}

function agentRules({ policy }: ClusterConfig, cluster: ClusterSurvey): Finding[] {
  const findings: Finding[] = [];
  const accepted = (name: string): boolean => policy.acceptAgents.includes(name);
  for (const { agent, id, active } of cluster.agents) {
    if (!active && !accepted(agent.name)) {
      findings.push(
        block('agent-inactive', {
          host: agent.name,
          seen: `the leading master lists agent ${id} as inactive`,
          remedy: `bring ${agent.name} back, or accept its loss in policy.acceptAgents`,
        }),
      );
    }
  }
  for (const { id, hostname } of cluster.unknownAgents) {
    findings.push(
      block('unknown-agent', {
        host: hostname,
        seen: `agent ${id} (${hostname}) is registered but not configured`,
      }),
    );
  }
  for (const name of cluster.unregisteredAgents.filter((one) => !accepted(one))) {
    findings.push(
      block('agent-not-registered', {
        host: name,
        seen: `${name} is configured but no agent at its address is registered`,
      }),
    );
  }
  if (cluster.recoveredAgentIds.length > 0) {
    findings.push(
      block('agents-recovering', {
        seen: `${String(cluster.recoveredAgentIds.length)} agents have not come back since the last election`,
      }),
    );
  }
  return findings;
}

function frameworkRules(config: ClusterConfig, cluster: ClusterSurvey): Finding[] {
  const findings: Finding[] = [];
  for (const { id, name, checkpoint, failoverTimeoutMs, connected } of cluster.frameworks) {
    const configured = config.frameworks.find((framework) => framework.name === name);
    if (configured === undefined) {
      findings.push(
        block('unknown-framework', {
          seen: `framework ${name} (${id}) is registered but not configured`,
        }),
      );
      continue;
    }
    const namesakes = cluster.frameworks.filter((other) => other.name === name);
    if (namesakes.length > 1 && namesakes[0]?.id === id) {
      findings.push(
        block('framework-twice', {
          seen: `${String(namesakes.length)} frameworks are registered as ${name}`,
        }),
      );
    }
    if (!connected) {
      findings.push(
        block('framework-disconnected', {
          seen: `framework ${name} is registered but not connected`,
        }),
      );
    }
    if (configured.stop === 'unit') {
      findings.push(
        info('framework-stop', {
          seen: `framework ${name} is stopped by systemctl stop, as the configuration vouches`,
        }),
      );
    }
    if (configured.acceptTaskLoss) continue;
    if (!checkpoint) {
      findings.push(
        block('framework-checkpoint', {
          seen: `framework ${name} has checkpoint off`,
        }),
      );
    }
    if (failoverTimeoutMs === 0) {
      findings.push(
        block('framework-failover-timeout', {
          seen: `framework ${name} has failover_timeout 0`,
        }),
      );
    } else if (failoverTimeoutMs < config.policy.timeouts.frameworkMs) {
      findings.push(
        block('framework-failover-short', {
          seen: `framework ${name} has a failover_timeout of ${String(failoverTimeoutMs / 1000)} s`,
        }),
      );
    }
  }
  for (const { name } of config.frameworks.filter(
    (one) => !cluster.frameworks.some((other) => other.name === one.name),
  )) {
    findings.push(
      block('framework-not-registered', {
        seen: `framework ${name} is configured but not registered`,
      }),
    );
  }
  return findings;
}
