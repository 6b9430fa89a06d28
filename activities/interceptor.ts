import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import { FerryError } from '../src/domain/errors.js';
import { redactUrl } from '../src/domain/master-url.js';
import { Redactor } from '../src/domain/redact.js';

/**
 * The one place where errors become Temporal failures: the code becomes the type, host and remedy
 * the details, and secrets are hidden, in URLs and by value, since history is read by many.
 *
 * @param redactor knows every secret that the worker has resolved
 */
export const failureInterceptor =
  (redactor: Redactor): (() => { inbound: ActivityInboundCallsInterceptor }) =>
  () => ({
    inbound: {
      async execute(input, next) {
        try {
          return await next(input);
        } catch (error) {
          throw toFailure(error, redactor);
        }
      },
    },
  });

/** Takes secrets out of our own sentences, in URLs and by value. */
export const hidingBy =
  (redactor: Redactor) =>
  (text: string): string =>
    redactor.values(redactUrl(text));

export function toFailure(error: unknown, redactor = new Redactor()): unknown {
  const hidden = hidingBy(redactor);
  if (error instanceof FerryError) {
    return ApplicationFailure.create({
      message: hidden(error.message),
      type: error.code,
      nonRetryable: !error.retryable,
      details: [
        {
          host: error.host,
          remedy: hidden(error.remedy),
          ...(error.hosts === undefined ? {} : { hosts: error.hosts }),
        },
      ],
    });
  }
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  // What an aborted signal throws: the SDK reports the activity as cancelled.
  if (error instanceof Error && error.name === 'AbortError') return error;
  const message = hidden(error instanceof Error ? error.message : String(error));
  return ApplicationFailure.create({
    message,
    type: 'FERRY_UNEXPECTED',
    details: [{ host: null, remedy: 'see the worker log' }],
  });
}
