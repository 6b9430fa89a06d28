import { patched } from '@temporalio/workflow';
import type { Finding } from '../../src/domain/plan.js';
import type { DecisionAction } from '../../src/domain/status.js';
import { RollbackOrdered } from '../desk.js';
import type { Ferry } from '../ferry.js';

/** What speaks against going on, but for the loss of agents that a person has accepted by name. */
export function blockersOf({ planned, lost }: Ferry): readonly Finding[] {
  const blockers = planned.findings.filter(({ verdict }) => verdict === 'block');
  const open = blockers.filter(({ agentId }) => agentId === undefined || !lost.has(agentId));
  const gone = new Set(goneAmong(blockers).map(({ host }) => host));
  const openOn = new Set(goneAmong(open).map(({ host }) => host));
  return open.filter(({ id, host }) => id !== 'agent-not-registered' || !gone.has(host) || openOn.has(host));
}

export function tellBlocker({ id, host, seen }: Finding): string {
  return `${id}${host ? ` on ${host}` : ''}: ${seen}`;
}

/**
 * Asks a person about what speaks against going on; returns when it is to be looked at again. Where that
 * is nothing but agents that are gone, their loss may be accepted by name (S5).
 *
 * @throws RollbackOrdered
 */
export async function askAboutBlockers({ desk, lost, postponed }: Ferry, blockers: readonly Finding[]): Promise<void> {
  const [first] = blockers;
  const gone = goneAmong(blockers);
  const hosts = new Set(gone.map(({ host }) => host));
  const isOnlyLoss = blockers.every(({ id, host }) => ABOUT_LOSS.includes(id) && hosts.has(host));
  const maySkip = isOnlyLoss && gone.length > 0 && patched('lost-agents');
  const actions: readonly DecisionAction[] = maySkip ? ['retry', 'skip', 'rollback'] : ['retry', 'rollback'];
  const remedy = first?.remedy ?? 'Mend it, then retry';
  const action = await desk.decide(
    {
      code: 'FERRY_PREFLIGHT',
      host: first?.host ?? null,
      message: blockers.map(tellBlocker).join('; '),
      remedy: maySkip ? `${remedy}; skip accepts the loss of exactly what is named here` : remedy,
    },
    actions,
  );
  if (action === 'rollback') throw new RollbackOrdered(desk.rollbackOrderedBy ?? 'decision');
  if (action !== 'skip') return;
  for (const { agentId } of gone) {
    lost.add(agentId);
    postponed.add(agentId);
  }
}

/** After a fresh look: a lost agent that the leading master lists again is expected like any other from here on. */
export function expectReturned({ planned, lost, postponed }: Ferry): void {
  // Nobody was asked who is there.
  if (planned.findings.some(({ id }) => id === 'check-leading-master')) return;
  const gone = new Set(goneAmong(planned.findings).map(({ agentId }) => agentId));
  const back = [...lost].filter((id) => !gone.has(id));
  if (back.length === 0 || !patched('returned-agents')) return;
  for (const id of back) {
    lost.delete(id);
    postponed.delete(id);
  }
}

/** The lost ones that are still gone: one that is back counts like any other. */
export function lostAndGone({ planned, lost }: Ferry): ReadonlySet<string> {
  return new Set(goneAmong(planned.findings).flatMap(({ agentId }) => (lost.has(agentId) ? [agentId] : [])));
}

const ABOUT_LOSS: readonly Finding['id'][] = ['agent-gone', 'agent-not-registered'];

function goneAmong(findings: readonly Finding[]): (Finding & { readonly agentId: string })[] {
  return findings.filter(
    (finding): finding is Finding & { readonly agentId: string } =>
      finding.id === 'agent-gone' && finding.agentId !== undefined,
  );
}
