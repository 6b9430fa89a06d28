import { scaled } from '../duration.js';
import type { StatusUpdate } from '../messages.js';

const RETRY_MIN_MS = 10_000;
const RETRY_MAX_MS = 600_000;

/**
 * Delivers a task's updates to the leading master one at a time, each until it is acknowledged
 * (src/slave/task_status_update_manager.cpp); paused while the agent has no master.
 */
export class StatusUpdates {
  private readonly queues = new Map<string, StatusUpdate[]>();
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private paused = true;

  constructor(private readonly forward: (update: StatusUpdate) => void) {}

  add(update: StatusUpdate): void {
    const key = keyOf(update);
    const queue = this.queues.get(key) ?? [];
    queue.push(update);
    this.queues.set(key, queue);
    if (queue.length === 1) this.deliver(key, scaled(RETRY_MIN_MS));
  }

  /** Takes an acknowledgement; returns the update it belongs to, or null when it was not the one waited for. */
  acknowledge(key: { frameworkId: string; taskId: string }, uuid: string): StatusUpdate | null {
    const queue = this.queues.get(keyOf(key));
    const head = queue?.[0];
    if (queue === undefined || head?.uuid !== uuid) return null;
    queue.shift();
    this.stop(keyOf(key));
    if (queue.length === 0) this.queues.delete(keyOf(key));
    else this.deliver(keyOf(key), scaled(RETRY_MIN_MS));
    return head;
  }

  drop(key: { frameworkId: string; taskId: string }): void {
    this.stop(keyOf(key));
    this.queues.delete(keyOf(key));
  }

  pause(): void {
    this.paused = true;
    for (const key of this.timers.keys()) this.stop(key);
  }

  resume(): void {
    this.paused = false;
    for (const key of this.queues.keys()) this.deliver(key, scaled(RETRY_MIN_MS));
  }

  private deliver(key: string, retryMs: number): void {
    this.stop(key);
    const head = this.queues.get(key)?.[0];
    if (this.paused || head === undefined) return;
    this.forward(head);
    const next = (): void => this.deliver(key, Math.min(retryMs * 2, scaled(RETRY_MAX_MS)));
    this.timers.set(key, setTimeout(next, retryMs));
  }

  private stop(key: string): void {
    clearTimeout(this.timers.get(key));
    this.timers.delete(key);
  }
}

function keyOf({ frameworkId, taskId }: { frameworkId: string; taskId: string }): string {
  return `${frameworkId}/${taskId}`;
}
