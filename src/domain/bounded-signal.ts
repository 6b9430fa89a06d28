/**
 * `signal`, or the end of a patience, whichever comes first.
 *
 * Not `AbortSignal.any([signal, AbortSignal.timeout(ms)])`: nothing holds such a timeout but its own
 * timer, weakly, so a garbage collection in between (Node 20) leaves whoever waits for it waiting for
 * ever. Here the timer holds the controller.
 */
export function boundedSignal(signal: AbortSignal, ms: number): AbortSignal {
  const end = new AbortController();
  setTimeout(() => end.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')), ms).unref();
  return AbortSignal.any([signal, end.signal]);
}
