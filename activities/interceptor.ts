import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import { FerryError } from '../src/domain/errors.js';
import { redactUrl } from '../src/domain/master-url.js';

/**
 * The one place where errors become Temporal failures: the code becomes the type, host and remedy
 * the details, and secrets in URLs are hidden, since history is read by many.
 */
export const failureInterceptor = (): { inbound: ActivityInboundCallsInterceptor } => ({
  inbound: {
    async execute(input, next) {
      try {
        return await next(input);
      } catch (error) {
        throw toFailure(error);
      }
    },
  },
});

export function toFailure(error: unknown): unknown {
  if (error instanceof FerryError) {
    return ApplicationFailure.create({
      message: redactUrl(error.message),
      type: error.code,
      nonRetryable: !error.retryable,
      details: [{ host: error.host, remedy: redactUrl(error.remedy) }],
    });
  }
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  // What an aborted signal throws: the SDK reports the activity as cancelled.
  if (error instanceof Error && error.name === 'AbortError') return error;
  const message = redactUrl(error instanceof Error ? error.message : String(error));
  return ApplicationFailure.create({
    message,
    type: 'FERRY_UNEXPECTED',
    details: [{ host: null, remedy: 'see the worker log' }],
  });
}
