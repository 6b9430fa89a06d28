import type { Evidence, Span } from './evidence.js';
import { masterByPid } from './master-by-pid.js';

/** A master process from its start to its end; `to` is Infinity while nobody recorded the end. */
export interface Life extends Span {
  /** As the watchers call it; as its own journal does where they never met it. */
  readonly master: string;
  readonly pid: number;
}

/** MasterInfo id → life of its process: its own last word or the exit that its supervisor saw, whichever came first. */
export function livesById(evidence: Evidence): Map<string, Life> {
  const { masters, supervisor } = evidence;
  const names = masterByPid(evidence);
  const lives = new Map<string, Life>();
  for (const { id, name, pid, mono: from, event } of masters) {
    if (event !== 'started' || lives.has(id)) continue;
    const ends = [
      masters.find((record) => record.event === 'exiting' && record.id === id)?.mono,
      supervisor.find((record) => record.event === 'exit' && record.pid === pid && record.mono >= from)?.mono,
    ];
    lives.set(id, { master: names.get(pid) ?? name, pid, from, to: Math.min(...ends.map((end) => end ?? Infinity)) });
  }
  return lives;
}

/** Instants at which the last living master ended: from then on, until the next start, there was none. */
export function allMastersEndedAt(lives: ReadonlyMap<string, Life>): number[] {
  const all = [...lives.values()];
  return all
    .map(({ to }) => to)
    .filter((end) => Number.isFinite(end) && !all.some(({ from, to }) => from <= end && end < to))
    .sort((a, b) => a - b);
}
