import { ApplicationFailure, ParentClosePolicy, patched, setHandler, startChild } from '@temporalio/workflow';
import { withoutListedAgents } from '../../src/domain/carried-plan.js';
import type { MasterUrl, PlannedAgent } from '../../src/domain/plan.js';
import { RollbackOrdered } from '../desk.js';
import type { Ferry } from '../ferry.js';
import { fleetNote, paceSignal, type Pace } from '../messages.js';
import type { rollFleet, RollFleetInput, RollFleetResult } from '../roll-fleet.js';
import { AGENT_ACTIONS } from '../saga.js';

export interface FleetMove {
  readonly towards: string;
  readonly url: MasterUrl;
  readonly restore: boolean;
  readonly agents: readonly PlannedAgent[];
}

/**
 * Rolls agents and settles every failure with a person: `retry` moves that agent again, `skip`
 * postpones it (S5), `rollback` ends the phase. On the way back nobody may skip by saying nothing:
 * the same questions are asked.
 */
export async function moveFleet(ferry: Ferry, move: FleetMove): Promise<void> {
  let agents = move.agents;
  let done = 0;
  let lastBatch = 0;
  while (agents.length > 0) {
    const result = await runFleet(ferry, move, agents, done, lastBatch);
    ferry.measure('agents', result.slowestMs);
    done += agents.length - result.left.length - result.failed.length;
    lastBatch = 1;
    const again: PlannedAgent[] = [];
    for (const { planned, incident } of result.failed) {
      const action = await ferry.desk.decide(incident, move.restore ? ['retry', 'skip'] : AGENT_ACTIONS);
      if (action === 'rollback') throw new RollbackOrdered(ferry.desk.rollbackOrderedBy ?? 'decision');
      if (action === 'retry') again.push(planned);
      else if (!move.restore) ferry.postponed.add(planned.id);
      // Whose loss is accepted needs nothing any more; the clean-up tries once more, and names it.
      else if (!ferry.lost.has(planned.id) || !patched('lost-not-left-behind')) ferry.leftBehind.add(planned.id);
    }
    ferry.record.state(move.restore ? 'rolling-back' : 'running');
    agents = [...again, ...result.left];
  }
}

/**
 * Before the way back takes away what agents on it are connected to: whoever a person skipped is
 * moved back after all, or the way back stops here.
 *
 * @throws FERRY_LEFT_BEHIND
 */
export async function leaveNobodyBehind(ferry: Ferry): Promise<void> {
  const agents = ferry.plan.agents.filter(({ id }) => ferry.leftBehind.has(id));
  if (agents.length === 0) return;
  ferry.leftBehind.clear();
  await moveFleet(ferry, { towards: 'source', url: ferry.plan.urls.source, restore: true, agents });
  const left = agents.filter(({ id }) => ferry.leftBehind.has(id)).map(({ agent }) => agent.name);
  if (left.length === 0) return;
  throw ApplicationFailure.nonRetryable(
    `agents are not back on source and would lose their masters: ${left.join(', ')}`,
    'FERRY_LEFT_BEHIND',
    { host: left[0] ?? null, remedy: 'Point each of them back at source, or bring its host back, then retry' },
  );
}

async function runFleet(
  ferry: Ferry,
  move: FleetMove,
  agents: readonly PlannedAgent[],
  done: number,
  lastBatch: number,
): Promise<RollFleetResult> {
  setHandler(fleetNote, (note) => {
    ferry.record.progress(note.done, note.total, note.failed);
  });
  const step = ferry.nextStep();
  const input: RollFleetInput = {
    // Its steps carry the config once for each agent.
    config: withoutListedAgents(ferry.config),
    step,
    towards: move.towards,
    url: move.url,
    restore: move.restore,
    agents,
    pace: ferry.desk.pace,
    lastBatch,
    done,
    total: done + agents.length,
    failed: [],
  };
  const child = await startChild<typeof rollFleet>('rollFleet', {
    workflowId: `zkferry-${ferry.config.cluster}/agents-${step.fence.generation}`,
    args: [input],
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    staticSummary: `move ${agents.length} agents to ${move.towards}`,
  });
  // A child that has just ended cannot be told any more, and need not be.
  const tell = (pace: Pace): void => void child.signal(paceSignal, pace).catch(() => undefined);
  ferry.desk.onPace(tell);
  // It was started with the pace of before; what was said meanwhile has reached nobody.
  const { paused, batch, pauseMs } = ferry.desk.pace;
  const { pace } = input;
  if (paused !== pace.paused || batch !== pace.batch || pauseMs !== pace.pauseMs) tell(ferry.desk.pace);
  try {
    return await child.result();
  } finally {
    ferry.desk.onPace(null);
  }
}
