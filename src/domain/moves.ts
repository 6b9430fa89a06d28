import type {
  ApproveMessage,
  DecideMessage,
  DecisionAction,
  GateName,
  Incident,
  ResumeMessage,
  RollbackMessage,
} from './status.js';
import { commandLine, updateLine } from './temporal-line.js';
import { workflowIdOf } from './workflow-id.js';

/** A message of a person's that moves a waiting migration on: the update of that name takes exactly this object. */
export type Move =
  | { readonly name: 'approve'; readonly message: ApproveMessage; readonly about: string }
  | { readonly name: 'decide'; readonly message: DecideMessage; readonly about: string }
  | { readonly name: 'resume'; readonly message: ResumeMessage; readonly about: string }
  | { readonly name: 'rollback'; readonly message: RollbackMessage; readonly about: string };

/** Stands for the person, who alone knows their name. */
const by = 'NAME';

export function approval(gate: GateName, planHash: string): Move {
  return { name: 'approve', message: { gate, by, planHash }, about: `gate ${gate}` };
}

export function decision({ id, host }: Pick<Incident, 'id' | 'host'>, action: DecisionAction): Move {
  const about = `${action}, for ${id}${host === null ? '' : ` on ${host}`}`;
  return { name: 'decide', message: { incident: id, action, by }, about };
}

export const RESUME: Move = { name: 'resume', message: { by }, about: 'goes on' };
export const ROLLBACK: Move = { name: 'rollback', message: { by, reason: 'WHY' }, about: 'undoes everything' };

/** The exact commands that make one of these moves each, one a line: ours, then those that need `temporal` alone. */
export function commandsFor(cluster: string, moves: readonly Move[]): string {
  const updates = moves.map(({ name, message }) => updateLine(workflowIdOf(cluster), name, message));
  return [...moves.map((move) => ferryLine(cluster, move)), ...updates].join('\n');
}

function ferryLine(cluster: string, { name, message }: Move): string {
  const { by: who, ...fields } = message;
  const options = Object.entries({ ...fields, by: who }).flatMap(([field, value]) => [optionOf(field), value]);
  return commandLine('zkferry', name, cluster, ...options);
}

/** `planHash` is given as `--plan-hash`. */
function optionOf(field: string): string {
  return `--${field.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
