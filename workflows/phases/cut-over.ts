import {
  ApplicationFailure,
  isCancellation,
  ParentClosePolicy,
  patched,
  setHandler,
  startChild,
} from '@temporalio/workflow';
import type { EnsembleName, HostStep } from '../../activities/contract.js';
import { carriedPlan, withoutListedAgents } from '../../src/domain/carried-plan.js';
import type { cutOver as cutOverWorkflow } from '../cut-over.js';
import { RollbackOrdered } from '../desk.js';
import type { Ferry } from '../ferry.js';
import { windowNote } from '../messages.js';
import { prove } from '../proxies.js';
import { incidentOf, type Phase } from '../saga.js';
import type { CutOverInput, CutOverResult } from '../window/run-window.js';
import { passCutOverGate } from './cut-over-gate.js';
import { AFTER_THE_WINDOW } from './soak.js';

/** What differs between strategies around the window. */
export interface Crossing {
  /** What may not run beside the window. */
  beforeWindow(): void;
  /** Everything is on source again, and the migration goes on from there, or further back. */
  backOnSource(): void;
  /**
   * One of the hosts that could not be reached when the window let go of them; until this succeeds it stays down.
   *
   * @param mustServe whether that it was started is not enough
   */
  startLeftHeld(name: string, side: EnsembleName, step: HostStep, mustServe: boolean): Promise<void>;
  /** Target was away when source led again, and what agents on it look at is still to be published. */
  publishAgain?(): Promise<void>;
  /** What must hold on target beyond a recovered leader and its agents. */
  proveWhole(): Promise<void>;
}

/**
 * The gate and then the critical window, a child workflow of its own. A window that turned back or
 * did not open fails the phase; trying again passes the gate again, with a fresh approval.
 */
export function cutOver(ferry: Ferry, crossing: Crossing): Phase {
  // Where what crosses may be, as far as this run knows; `unknown` counts as target.
  let standing: 'source' | 'target' | 'unknown' = ferry.found?.standing ?? 'source';
  let held: readonly string[] = [];
  let unpublished = false;
  let lookedAt = 0;
  const run = async (to: EnsembleName): Promise<CutOverResult> => {
    // Whatever holds the migration holds it here for the last time; the look of before is then old.
    if (to === 'target') while (await ferry.desk.safePoint()) lookedAt = await passCutOverGate(ferry);
    ferry.hooks.tell('window-opening', { towards: to });
    crossing.beforeWindow();
    const before = standing;
    standing = 'unknown';
    const window = await startWindow(ferry, to, lookedAt).catch((cause: unknown) => {
      // Cancelled before it was begun: nothing has moved.
      if (isCancellation(cause)) standing = before;
      if (standing === 'source') crossing.backOnSource();
      throw cause;
    });
    const result = await window.result();
    standing = result.outcome === 'switched' ? to : 'source';
    held = result.held;
    unpublished = result.unpublished ?? false;
    if (standing === 'source') crossing.backOnSource();
    return result;
  };
  /** @returns why some are still down, null when none is */
  const startHeld = async (mustServe: boolean): Promise<ApplicationFailure | null> => {
    const side = standing;
    const left = side === 'unknown' ? [] : await startLeftHeld(ferry, crossing, { held, side, mustServe });
    held = left.map(({ name }) => name);
    return side === 'unknown' || left.length === 0 ? null : stillMissing(left, side);
  };
  const leaveNoneHeld = async (mustServe: boolean): Promise<void> => {
    const failure = await startHeld(mustServe);
    if (failure !== null) throw failure;
  };
  const leaveNoneUnpublished = async (): Promise<void> => {
    await crossing.publishAgain?.();
    unpublished = false;
  };
  return {
    name: 'cut-over',
    rollbackCost:
      'before the point of no return the window undoes itself; after it, a second outage of about one session timeout',
    gate: async () => {
      // A way back that failed for good left nobody knows what: finish it before anything else.
      if (standing === 'unknown') await run('source');
      // On target that is tried after the window, together with the look for late agents.
      if (standing === 'source' || !patched('held-on-target-later')) await leaveNoneHeld(true);
      if (unpublished) await leaveNoneUnpublished();
      if (standing === 'source') lookedAt = await passCutOverGate(ferry);
    },
    apply: async () => {
      // Already there: only what follows the window had failed.
      const result = standing === 'target' ? null : await run('target');
      if (result !== null && result.outcome !== 'switched') {
        const left = [
          ...(held.length === 0 ? [] : [`; still held down, because unreachable: ${held.join(', ')}`]),
          ...(unpublished ? ['; target could not be told to mirror source again'] : []),
        ].join('');
        throw ApplicationFailure.nonRetryable(
          `the window ${result.outcome === 'turned-back' ? 'turned back' : 'did not open'}: ${result.incident?.message ?? ''}${left}`,
          result.incident?.code ?? 'FERRY_TURN_BACK',
          { host: result.incident?.host ?? null, remedy: result.incident?.remedy ?? '' },
        );
      }
      if (patched('asks-about-agents-meanwhile')) {
        // A host that is missing keeps nobody from being asked about agents, who have ten minutes only.
        let failure: ApplicationFailure | null = null;
        await settleLateAgents(ferry, result, async () => {
          failure = await startHeld(true);
          return held;
        });
        if (failure !== null) throw failure as ApplicationFailure;
      } else {
        await leaveNoneHeld(true);
        await settleLateAgents(ferry, result, () => Promise.resolve([]));
      }
      await crossing.proveWhole();
    },
    compensate: async () => {
      if (standing !== 'source') await run('source');
      // Everybody leaves the observers next, so one that does not serve holds nobody up.
      await leaveNoneHeld(false);
      // Agents that see no leader in target are moved to source next, for which target is not needed.
      if (unpublished) await leaveNoneUnpublished().catch(() => undefined);
    },
  };
}

/** @returns once the window has begun; a cancellation is passed on to it, and it alone decides whether that comes too late. */
async function startWindow(
  ferry: Ferry,
  to: EnsembleName,
  lookedAt: number,
): Promise<{ result(): Promise<CutOverResult> }> {
  const { config, plan, migration, record } = ferry;
  setHandler(windowNote, (note) => {
    record.window(note);
    if (note.openedAt) ferry.hooks.tell('window-opened', { towards: to });
    if (note.pointOfNoReturnAt) record.rollback(true, AFTER_THE_WINDOW, null);
  });
  const generation = ferry.reserveGenerations(20);
  const input: CutOverInput = {
    config: withoutListedAgents(config),
    plan: { ...carriedPlan(plan), agents: plan.agents.filter(({ id }) => !ferry.postponed.has(id)) },
    migration,
    generation,
    to,
    measured: ferry.measured,
    restarts: ferry.restarts,
    lookedAt,
  };
  return await startChild<typeof cutOverWorkflow>('cutOver', {
    workflowId: `zkferry-${config.cluster}/cut-over-${generation}`,
    args: [input],
    // It finishes or undoes by itself, whatever becomes of its parent.
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    // A task in the hand of a dying worker waits out this time-out.
    workflowTaskTimeout: '2s',
    staticSummary: `critical window towards ${to}`,
  });
}

interface Missing {
  readonly name: string;
  readonly cause: unknown;
}

/**
 * Starts what the window has left down, on the side that leads now.
 *
 * @returns who still is, and why
 */
async function startLeftHeld(
  ferry: Ferry,
  crossing: Crossing,
  left: { readonly held: readonly string[]; readonly side: EnsembleName; readonly mustServe: boolean },
): Promise<readonly Missing[]> {
  const { held, side, mustServe } = left;
  if (held.length === 0) return [];
  const { masters, observers } = ferry.config;
  const names = [...masters, ...observers].map(({ name }) => name).filter((name) => held.includes(name));
  const step = ferry.nextStep();
  // Runs that an earlier version began fail with the first, and prove nothing.
  const namesAll = patched('names-all-that-are-missing');
  const starts = names.map((name) => crossing.startLeftHeld(name, side, step, namesAll && mustServe));
  if (!namesAll) await Promise.all(starts);
  const missing = (await Promise.allSettled(starts)).flatMap((start, at) =>
    start.status === 'rejected' ? [{ name: names[at] ?? '', cause: start.reason as unknown }] : [],
  );
  const cancelled = missing.find(({ cause }) => isCancellation(cause));
  if (cancelled !== undefined) throw cancelled.cause;
  return missing;
}

/** The failure of the first, which names all. */
function stillMissing(missing: readonly Missing[], side: EnsembleName): ApplicationFailure {
  const { code, host, message, remedy } = incidentOf(missing[0]?.cause);
  return ApplicationFailure.nonRetryable(
    `${side} leads, and missing there: ${missing.map(({ name }) => name).join(', ')}: ${message}`,
    code,
    { host, remedy: `${remedy}; whatever comes next needs its host, a rollback too` },
  );
}

/**
 * Agents that are not back in time, or came back as new ones, are for a person to judge.
 *
 * @param lookAfterHeld tries once more to start what the window has left down, since they may wait for just that;
 *   @returns who is still missing
 */
async function settleLateAgents(
  ferry: Ferry,
  result: CutOverResult | null,
  lookAfterHeld: () => Promise<readonly string[]>,
): Promise<void> {
  let agents = result?.agents ?? null;
  for (;;) {
    const down = await lookAfterHeld();
    agents ??= await prove('look for late agents').awaitAgentsBack({
      config: ferry.config,
      expectedIds: ferry.plan.agents.filter(({ id }) => !ferry.postponed.has(id)).map(({ id }) => id),
      patienceMs: ferry.config.policy.timeouts.agentMs,
    });
    const { newRegistrations } = agents;
    const missing = ferry.lateAmong(agents);
    if (missing.length === 0 && newRegistrations === 0) return;
    const besides = down.length === 0 ? '' : `; not started on target either: ${down.join(', ')}`;
    const action = await ferry.desk.decide(
      {
        code: 'FERRY_AGENTS_LATE',
        host: null,
        message: `${missing.length} agents are not back (${ferry.tellAgents(missing)}), ${newRegistrations} registered anew${besides}`,
        remedy: 'They have agent_reregister_timeout (10 minutes) from the election; retry looks again, skip accepts it',
      },
      ['retry', 'skip', 'rollback'],
    );
    if (action === 'rollback') throw new RollbackOrdered(ferry.desk.rollbackOrderedBy ?? 'decision');
    ferry.goOn();
    if (action === 'skip') {
      // Accepted as lost: nothing later asks for them again.
      for (const id of missing) ferry.postponed.add(id);
      return;
    }
    agents = null;
  }
}
