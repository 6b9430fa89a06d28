import type { HookEvent } from './config.js';
import { FerryError } from './errors.js';

/** A hook that only tells could not; it is tried again a few times, and nothing waits for it. */
export class HookFailedError extends FerryError {
  readonly code = 'FERRY_HOOK_FAILED';
  readonly retryable = true;
  override readonly remedy = 'see whether its address answers from the workers; the migration goes on without it';
  constructor(event: HookEvent, why: string) {
    super(`the hook for ${event} failed: ${why}`);
  }
}

/** Whoever may start a migration would otherwise have any secret of the worker posted to any address. */
export class HookSecretError extends FerryError {
  readonly code = 'FERRY_HOOK_SECRET';
  readonly retryable = false;
  override readonly remedy: string;
  constructor(reference: string) {
    super(`this worker gives ${reference} to no webhook`);
    this.remedy = `start every worker with --hook-secrets ${reference}, or take the reference out of the hook`;
  }
}
