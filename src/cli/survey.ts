import { createPlanningActivities } from '../../activities/planning/index.js';
import { FourLetterProbe } from '../adapters/four-letter-probe.js';
import { MesosHttp } from '../adapters/mesos-http.js';
import { SshShell } from '../adapters/ssh-shell.js';
import { ZookeeperStore } from '../adapters/zookeeper-store.js';
import { resolveSecret } from '../config/credentials.js';
import { parseInput } from '../config/parse-input.js';
import type { ClusterConfig } from '../domain/config.js';
import type { Finding, PlanResult } from '../domain/plan.js';

/** Looks at the cluster from here, without Temporal, and writes nothing: what a migration would plan and find. */
export async function survey(config: ClusterConfig): Promise<PlanResult> {
  const shell = new SshShell(resolveSecret);
  try {
    const activities = createPlanningActivities({
      probe: new FourLetterProbe(),
      store: new ZookeeperStore(),
      mesos: new MesosHttp(),
      shell,
      secrets: resolveSecret,
      parseInput,
    });
    return await activities.surveyAndPlan({ config });
  } finally {
    shell.close();
  }
}

export function blocks(findings: readonly Finding[]): boolean {
  return findings.some(({ verdict }) => verdict === 'block');
}
