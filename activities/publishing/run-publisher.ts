import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { PublishingActivities } from '../contract.js';
import type { Ports } from '../ports.js';
import { scope } from '../reach/scope.js';
import { Publisher, type PublisherStanding } from './publisher.js';

/** Longest time between two looks at source and at the owner znode; changes in source wake it sooner. */
const POLL_MS = 200;

/** The publisher as an activity: goes on until it is cancelled or fenced, with Temporal or without. */
export function createRunPublisher(ports: Ports): Pick<PublishingActivities, 'runPublisher'> {
  return {
    async runPublisher({ config, migration }) {
      const { signal, heartbeat } = scope();
      const alarm = new Alarm();
      const publisher = await Publisher.create({
        ports,
        config,
        migration,
        token: randomUUID(),
        signal,
        now: () => performance.now(),
        wake: () => alarm.ring(),
      });
      try {
        for (;;) {
          signal.throwIfAborted();
          const standing = await publisher.step();
          heartbeat(describeStanding(standing));
          const { mirrors, problem } = standing;
          const { cluster } = config;
          ports.telemetry?.published({ cluster, mirrors, troubled: problem !== null, delayMs: alarm.sinceRungMs() });
          await alarm.sleep(POLL_MS, signal);
        }
      } finally {
        // Not the mirrors: those are for the next attempt, or for withdrawMirrors.
        await publisher.letGo();
      }
    },
  };
}

export function describeStanding({ mirrors, mode, problem }: PublisherStanding): string {
  const stands = mirrors === null ? 'target is out of reach' : `${String(mirrors)} mirrors stand`;
  return [mode === 'withdrawn' ? 'withdrawn' : stands, ...(problem === null ? [] : [problem])].join('; ');
}

/** Sleeps until the time is over, it rings, or the signal aborts; ringing beforehand counts. */
class Alarm {
  private rung = false;
  /** When it first rang for the round that follows, ms of a clock that never goes back. */
  private rangAt: number | null = null;
  private due: number | null = null;
  private wake: (() => void) | null = null;

  ring(): void {
    this.rung = true;
    this.rangAt ??= performance.now();
    this.wake?.();
  }

  /** How long ago it rang for the round that is over; null = it did not. */
  sinceRungMs(): number | null {
    return this.due === null ? null : performance.now() - this.due;
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.rung && !signal.aborted) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        timer = setTimeout(resolve, ms);
        signal.addEventListener('abort', this.wake);
      });
      clearTimeout(timer);
      if (this.wake) signal.removeEventListener('abort', this.wake);
    }
    this.wake = null;
    this.rung = false;
    [this.due, this.rangAt] = [this.rangAt, null];
  }
}
