import { CancellationScope, getExternalWorkflowHandle, workflowInfo } from '@temporalio/workflow';
import type { WindowStatus } from '../../src/domain/status.js';
import { windowNote } from '../messages.js';
import type { wayBack } from '../proxies.js';

type Steps = ReturnType<typeof wayBack>;

/** What the window tells people, of which none may cost it anything. */
export class WindowNotes {
  readonly #sent: Promise<void>[] = [];
  readonly #underWay = new Set<{ readonly summary: string }>();

  /** Tells the parent's status; neither awaited nor ended by a cancellation. */
  note(note: Partial<WindowStatus>): void {
    const parent = workflowInfo().parent;
    if (!parent) return;
    const sent = CancellationScope.nonCancellable(() =>
      getExternalWorkflowHandle(parent.workflowId, parent.runId).signal(windowNote, note),
    );
    sent.catch(() => undefined);
    this.#sent.push(sent);
  }

  /** Every note has reached the parent, or cannot. */
  async told(): Promise<void> {
    await Promise.allSettled(this.#sent);
  }

  /** Remembers a step while it runs. */
  tracked(summary: string, steps: Steps): Steps {
    return new Proxy(steps, {
      get: (of, name) => {
        const step = Reflect.get(of, name) as (...args: unknown[]) => Promise<unknown>;
        return (...args: unknown[]) => {
          const entry = { summary };
          this.#underWay.add(entry);
          const running = step(...args);
          const ended = () => void this.#underWay.delete(entry);
          running.then(ended, ended);
          return running;
        };
      },
    });
  }

  /** Summaries of the tracked steps that run. */
  underWay(): string[] {
    return [...this.#underWay].map(({ summary }) => summary);
  }
}
