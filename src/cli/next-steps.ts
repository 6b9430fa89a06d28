import type { MigrationStatus } from '../domain/status.js';
import { queryLine, temporalLine } from '../domain/temporal-line.js';
import { workflowIdOf } from '../domain/workflow-id.js';

/** The exact next commands: ours, and what does the same with `temporal`. */
export function nextSteps({ cluster, state, waitingFor }: MigrationStatus): readonly string[] {
  const workflowId = workflowIdOf(cluster);
  if (waitingFor !== null) return waitingFor.next.split('\n');
  switch (state) {
    case 'migrated':
    case 'rolled-back':
    case 'cancelled':
      return [];
    case 'stranded':
      return ['zkferry doctor CLUSTER.yaml', temporalLine('workflow', 'show', '--workflow-id', workflowId)];
    default:
      return [`zkferry watch ${cluster}`, queryLine(workflowId, 'status')];
  }
}
