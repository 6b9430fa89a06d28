import pc from 'picocolors';
import type { PlanResult, PlanStep } from '../domain/plan.js';
import { fold } from './fold.js';
import { span } from './span.js';

/** A plan for people: steps in their order, those of one kind that follow each other once, with all their hosts. */
export function describePlan({ plan, planHash }: PlanResult, columns: number): string[] {
  const part = (head: string, text: string): string[] => fold(text, { columns, head: head.padEnd(9) });
  const { cluster, strategy, agents, frameworks, quorum, budget, pointOfNoReturn } = plan;
  const counts = `${String(agents.length)} agents, ${String(frameworks.length)} frameworks, quorum ${String(quorum)}`;
  const lines = [
    ...part('cluster', `${cluster}, strategy ${strategy}; ${counts}`),
    ...part('plan', planHash),
    ...part('budget', budget.derivation),
  ];
  let phase = '';
  let number = 1;
  for (const group of grouped(plan.steps)) {
    const [step] = group;
    if (step === undefined) continue;
    if (step.phase !== phase) lines.push('', pc.bold(step.phase));
    phase = step.phase;
    lines.push(...describeGroup(group, number, columns));
    number += group.length;
  }
  return [...lines, '', ...fold(pointOfNoReturn, { columns, head: 'point of no return: ', indented: 2 })];
}

function describeGroup(group: readonly PlanStep[], number: number, columns: number): string[] {
  const [{ what, before, after, undo, affects, expectedMs, worstMs, phase } = {} as PlanStep] = group;
  const hosts = group.map(({ host }) => host).filter((host) => host !== null);
  const count = group.length === 1 ? String(number) : `${String(number)}–${String(number + group.length - 1)}`;
  const times = [
    ...(expectedMs === null ? [] : [`${span(expectedMs)} expected`]),
    ...(worstMs === null ? [] : [`at worst ${span(worstMs)}, then a person is asked`]),
    ...(phase === 'cut-over' ? ['within the budget, together with the rest of the window'] : []),
  ].join('; ');
  const more = (head: string, text: string): string[] => fold(text, { columns, head: `      ${head.padEnd(9)}` });
  return [
    ...fold(what, { columns, head: `${count.padStart(4)}  ` }),
    ...(hosts.length === 0 ? [] : more('on', hosts.join(', '))),
    ...(before === null ? [] : more('- before', before)),
    ...(after === null ? [] : more('+ after', after)),
    ...(times === '' ? [] : more(group.length === 1 ? 'takes' : 'each', times)),
    ...more('affects', affectsOf(group, affects)),
    ...more('undo', undo),
  ];
}

/** `agent a1: away …` said once for many. */
function affectsOf(group: readonly PlanStep[], first: string): string {
  return group.length === 1 ? first : first.replace(/^(agent|framework) \S+:/, 'each $1 in turn:');
}

function grouped(steps: readonly PlanStep[]): PlanStep[][] {
  const groups: PlanStep[][] = [];
  for (const step of steps) {
    const group = groups.at(-1);
    if (group !== undefined && kind(group[0]) === kind(step)) group.push(step);
    else groups.push([step]);
  }
  return groups;
}

/** The same for steps that differ in their host alone. */
function kind(step: PlanStep | undefined): string {
  if (step === undefined || step.host === null) return JSON.stringify(step);
  return JSON.stringify({ ...step, host: '', affects: step.affects.replace(/^(agent) \S+:/, '$1:') });
}
