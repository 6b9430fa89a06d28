import type { AgentConfig, ClusterConfig } from '../../src/domain/config.js';
import { endpointOfPid } from '../../src/domain/contender-body.js';
import type { AgentView } from '../../src/ports/mesos-api.js';

/** An agent found at the master: named by its hostname, reached at the address it announces. */
export function discoveredAgent({ agents }: ClusterConfig, { hostname, pid, port }: AgentView): AgentConfig {
  const end = endpointOfPid(pid);
  return {
    ...agents.template,
    name: hostname,
    address: end?.ip ?? hostname,
    httpPort: end?.port ?? port,
    root: agents.template.root.replaceAll('{host}', hostname),
  };
}
