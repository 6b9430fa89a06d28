import type { Plan } from './plan.js';

/** What differs between two plans, a line each: `agents.a3.id: "…" → "…"`. Empty when their hashes are the same. */
export function planDifference(before: Plan, after: Plan): string[] {
  const found = leaves('', keyed(before), keyed(after));
  if (found.length > 0) return found;
  return leaves('steps', before.steps, after.steps);
}

/** Agents and frameworks by name, so that one that has gone is one line. Steps follow from the rest. */
function keyed({ agents, frameworks, steps: _steps, temporal: _temporal, ...rest }: Plan): unknown {
  return {
    ...rest,
    agents: Object.fromEntries(agents.map((one) => [one.agent.name, one])),
    frameworks: Object.fromEntries(frameworks.map((one) => [one.framework.name, one])),
  };
}

function leaves(path: string, before: unknown, after: unknown): string[] {
  if (isObject(before) && isObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => leaves(path === '' ? key : `${path}.${key}`, before[key], after[key]));
  }
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  if (before === undefined) return [`${path} is new`];
  return after === undefined ? [`${path} is gone`] : [`${path}: ${short(before)} → ${short(after)}`];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function short(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}
