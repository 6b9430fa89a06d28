import { sleep } from '@temporalio/workflow';
import { isPrompt, SHORT_TIMER_MS, TIMER_TRIES, type TemporalTimers, timersOf } from '../src/domain/temporal-timers.js';

/** Measures by the workflow's own clock how late the server fires a short timer (S22). */
export async function measureTimers(): Promise<TemporalTimers> {
  const latenessMs: number[] = [];
  while (latenessMs.length < TIMER_TRIES && !latenessMs.some(isPrompt)) {
    const from = Date.now();
    await sleep(SHORT_TIMER_MS, { summary: 'how late are short timers here?' });
    latenessMs.push(Date.now() - from - SHORT_TIMER_MS);
  }
  return timersOf(latenessMs);
}
