import type { StrategyName } from '../../config.js';

/** What a check can say: it stops the migration, it is to be thought about, it is to be known. */
export type Verdict = 'block' | 'warn' | 'info';

/** One check of preflight, as docs/preflight.md shows it. */
export interface CatalogueEntry {
  readonly verdicts: readonly Verdict[];
  /** Before gate `begin`, and once more before gate `cut-over` and within the last minute. */
  readonly when: readonly ('begin' | 'cut-over')[];
  /** Missing = all. */
  readonly strategies?: readonly StrategyName[];
  /** What is looked at. */
  readonly looks: string;
  /** Where the fact behind `why` comes from. */
  readonly source?: string;
  /** Why it matters; of its most severe verdict where there are several. */
  readonly why: string;
  /** What to do; null where it only tells. */
  readonly remedy: string | null;
}
