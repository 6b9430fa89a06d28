import type { MigrationStatus } from '../domain/status.js';

/**
 * What a worker shows of what it sees, for people's monitoring. Telling never fails and never waits;
 * nothing is decided by it.
 */
export interface Telemetry {
  /** What a migration says of itself. @param atMs workflow time, ms since the epoch */
  status(status: MigrationStatus, atMs: number): void;
  /** Who leads, as seen in one ensemble; null = nobody does. */
  leader(seen: {
    readonly cluster: string;
    readonly ensemble: 'source' | 'target';
    readonly leader: string | null;
  }): void;
  /** One round of the publisher: its mirrors (null = target is out of reach) and how late they followed source. */
  published(round: {
    readonly cluster: string;
    readonly mirrors: number | null;
    readonly troubled: boolean;
    /** From the word of a change in source to the end of the round that followed it; null = nothing had changed. */
    readonly delayMs: number | null;
  }): void;
  /** A hook that did not do what it is for. */
  hookFailed(hook: { readonly cluster: string; readonly event: string }): void;
}

/** Where nobody monitors. */
export const SILENT: Telemetry = {
  status: () => undefined,
  leader: () => undefined,
  published: () => undefined,
  hookFailed: () => undefined,
};
