import { ApplicationFailure, executeChild, ParentClosePolicy, setHandler } from '@temporalio/workflow';
import type { EnsembleName } from '../../activities/contract.js';
import type { cutOver as cutOverWorkflow, CutOverInput, CutOverResult } from '../cut-over.js';
import { RollbackOrdered } from '../desk.js';
import type { Ferry } from '../ferry.js';
import { windowNote } from '../messages.js';
import { prove } from '../proxies.js';
import type { Phase } from '../saga.js';
import { passCutOverGate } from './cut-over-gate.js';

/**
 * The gate and then the critical window, a child workflow of its own. A window that turned back or
 * did not open fails the phase; trying again passes the gate again, with a fresh approval.
 */
export function cutOver(ferry: Ferry): Phase {
  // What the observers may be on, as far as this run knows; `unknown` counts as target.
  let standing: 'source' | 'target' | 'unknown' = 'source';
  return {
    name: 'cut-over',
    rollbackCost:
      'before the point of no return the window undoes itself; after it, a second outage of about one session timeout',
    gate: async () => {
      // A way back that failed for good left nobody knows what: finish it before anything else.
      if (standing !== 'source') {
        await runWindow(ferry, 'source');
        standing = 'source';
      }
      await passCutOverGate(ferry);
    },
    apply: async () => {
      standing = 'unknown';
      const result = await runWindow(ferry, 'target');
      standing = result.outcome === 'switched' ? 'target' : 'source';
      if (result.outcome === 'switched') return await settleLateAgents(ferry, result);
      throw ApplicationFailure.nonRetryable(
        `the window ${result.outcome === 'turned-back' ? 'turned back' : 'did not open'}: ${result.incident?.message ?? ''}`,
        result.incident?.code ?? 'FERRY_TURN_BACK',
        { host: result.incident?.host ?? null, remedy: result.incident?.remedy ?? '' },
      );
    },
    compensate: async () => {
      if (standing === 'source') return;
      await runWindow(ferry, 'source');
      standing = 'source';
    },
  };
}

async function runWindow(ferry: Ferry, to: EnsembleName): Promise<CutOverResult> {
  const { config, plan, migration, record } = ferry;
  if (ferry.measured === null) {
    throw ApplicationFailure.nonRetryable('the rehearsal has not measured the observers', 'FERRY_NOT_REHEARSED');
  }
  setHandler(windowNote, (note) => record.window(note));
  const generation = ferry.reserveGenerations(20);
  const input: CutOverInput = {
    config,
    plan: { ...plan, agents: plan.agents.filter(({ id }) => !ferry.postponed.has(id)) },
    migration,
    generation,
    to,
    measured: ferry.measured,
  };
  return await executeChild<typeof cutOverWorkflow>('cutOver', {
    workflowId: `zkferry-${config.cluster}/cut-over-${generation}`,
    args: [input],
    // It finishes or undoes by itself, whatever becomes of its parent.
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    // A task in the hand of a dying worker waits out this time-out.
    workflowTaskTimeout: '2s',
    staticSummary: `critical window towards ${to}`,
  });
}

/** Agents that are not back in time, or came back as new ones, are for a person to judge. */
async function settleLateAgents(ferry: Ferry, result: CutOverResult): Promise<void> {
  let agents = result.agents;
  for (;;) {
    if (agents !== null && agents.missing.length === 0 && agents.newRegistrations === 0) return;
    const action = await ferry.desk.decide(
      {
        code: 'FERRY_AGENTS_LATE',
        host: null,
        message:
          agents === null
            ? `the agents could not be counted: ${result.incident?.message ?? ''}`
            : `${agents.missing.length} agents are not back (${agents.missing.slice(0, 10).join(', ')}), ${agents.newRegistrations} registered anew`,
        remedy: 'They have agent_reregister_timeout (10 minutes) from the election; retry looks again, skip accepts it',
      },
      ['retry', 'skip', 'rollback'],
    );
    if (action === 'rollback') throw new RollbackOrdered(ferry.desk.rollbackOrderedBy ?? 'decision');
    if (action === 'skip') return;
    agents = await prove('look for late agents').awaitAgentsBack({
      config: ferry.config,
      expectedIds: ferry.plan.agents.filter(({ id }) => !ferry.postponed.has(id)).map(({ id }) => id),
      patienceMs: ferry.config.policy.timeouts.agentMs,
    });
  }
}
