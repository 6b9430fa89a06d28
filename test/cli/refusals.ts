import type { Command } from 'commander';
import {
  type OperatorView,
  refuseApprove,
  refuseDecide,
  refusePause,
  refuseResume,
  refuseRollback,
  refuseSetPace,
} from '../../src/domain/operator-rules.js';
import type { DecisionAction, GateName } from '../../src/domain/status.js';

/** A migration that stands at `gate` and asks about incident i1. */
export function waitsForEverything(
  gate: GateName,
  planHash: string,
  actions: readonly DecisionAction[] = ['retry', 'skip', 'rollback'],
): OperatorView {
  const incident = { id: 'i1', phase: '', code: '', host: null, message: '', remedy: '', openedAt: '', closedAt: null };
  return {
    waitingGate: gate,
    planHash,
    questions: [{ incident, actions, holds: false }],
    paused: false,
    rollbackRefusal: null,
  };
}

/** Why a migration in such a state would not take a message; null where it would. */
export function refusalsOf(view: OperatorView): Readonly<Record<string, (message: unknown) => string | null>> {
  return {
    approve: (message) => refuseApprove(message, view),
    pause: (message) => refusePause(message, view),
    resume: (message) => refuseResume(message, { ...view, paused: true }),
    rollback: (message) => refuseRollback(message, view),
    decide: (message) => refuseDecide(message, view),
    setPace: refuseSetPace,
  };
}

/** Why the command line would be refused; nothing of it is carried out. */
export async function refusal(program: Command, words: readonly string[]): Promise<string | null> {
  const quiet = (command: Command): void => {
    command.configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
    if (command.commands.length === 0) command.action(() => undefined);
    command.commands.forEach(quiet);
  };
  quiet(program);
  try {
    await program.parseAsync([...words], { from: 'user' });
    return null;
  } catch (error) {
    const { exitCode, message } = error as { exitCode?: number; message: string };
    return exitCode === 0 ? null : message;
  }
}
