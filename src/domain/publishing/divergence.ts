/** Who leads on one side, as one look saw it; null = nobody. */
export interface Leading {
  /** Name of the znode, without its path. */
  readonly name: string;
  /** MasterInfo's id, new with every process; null when the body cannot be read. */
  readonly id: string | null;
  /** `master@ip:port`, or empty. */
  readonly pid: string;
}

/** Both sides as far as one look saw them; undefined = not to be read now. */
export interface BothSides {
  /** Milliseconds of a clock that never goes back. */
  readonly atMs: number;
  readonly source: Leading | null | undefined;
  readonly target: Leading | null | undefined;
  /** Target is meant to be empty: the mirrors were withdrawn. */
  readonly withdrawn: boolean;
}

export type Discord =
  | {
      readonly kind: 'divergence';
      readonly source: string | null;
      readonly target: string | null;
      readonly forMs: number;
    }
  | { readonly kind: 'blind'; readonly ensemble: 'source' | 'target'; readonly forMs: number };

export interface DiscordLimits {
  /** How long both sides may differ. */
  readonly mirrorMs: number;
  /** How long one side may be out of sight. */
  readonly blindMs: number;
}

/** Between looks further apart than this anything may have happened, so nothing is known to have lasted. */
const LONGEST_GAP_MS = 1_000;

/**
 * Tells from one look after the other when source and target have disagreed, or one was out of sight,
 * for too long (S19). It starts from nothing: a watch that was restarted raises no alarm about what it
 * has not seen last.
 */
export class DiscordClock {
  private differingSince: number | null = null;
  private lastSeenBoth: number | null = null;
  private readonly lastSeen: { source: number | null; target: number | null } = { source: null, target: null };

  constructor(private readonly limits: DiscordLimits) {}

  look(sides: BothSides): Discord | null {
    return this.blindness(sides) ?? this.difference(sides);
  }

  private blindness(sides: BothSides): Discord | null {
    const { atMs } = sides;
    for (const ensemble of ['source', 'target'] as const) {
      // Before its first look a side counts as seen when the watch began.
      const since = sides[ensemble] === undefined ? (this.lastSeen[ensemble] ?? atMs) : atMs;
      this.lastSeen[ensemble] = since;
      if (atMs - since > this.limits.blindMs) return { kind: 'blind', ensemble, forMs: Math.round(atMs - since) };
    }
    return null;
  }

  private difference({ atMs, source, target, withdrawn }: BothSides): Discord | null {
    if (source === undefined || target === undefined) return null;
    const gap = this.lastSeenBoth === null ? 0 : atMs - this.lastSeenBoth;
    this.lastSeenBoth = atMs;
    if (withdrawn || sameLeading(source, target)) {
      this.differingSince = null;
      return null;
    }
    if (this.differingSince === null || gap > LONGEST_GAP_MS) this.differingSince = atMs;
    const forMs = atMs - this.differingSince;
    if (forMs <= this.limits.mirrorMs) return null;
    return { kind: 'divergence', source: textOf(source), target: textOf(target), forMs: Math.round(forMs) };
  }
}

function sameLeading(a: Leading | null, b: Leading | null): boolean {
  return a === null || b === null ? a === b : a.name === b.name && a.id === b.id;
}

function textOf(leading: Leading | null): string | null {
  if (leading === null) return null;
  return leading.pid === '' ? leading.name : `${leading.name} (${leading.pid})`;
}
