import type { MigrationStatus, WindowStatus } from '../domain/status.js';
import type { Series } from './metrics.js';

/** The critical window as metrics; what is not known (yet) is not there. */
export class WindowMetrics {
  readonly #open: Series;
  readonly #openIn = new Set<string>();
  readonly #figures: readonly { readonly series: Series; readonly of: (window: WindowStatus) => number | null }[];

  constructor(gauge: (name: string, help: string) => Series) {
    this.#open = gauge('window_open', '1 from the opening of the critical window to its end');
    const figure = (name: string, help: string, of: (window: WindowStatus) => number | null) => ({
      series: gauge(`window_${name}`, help),
      of,
    });
    this.#figures = [
      figure('budget_seconds', 'the most that the window may take', (w) => w.budgetMs / 1000),
      figure('forecast_seconds', 'how long the window is expected to take', (w) => seconds(w.forecastMs)),
      figure('opened_timestamp_seconds', 'when the latest window opened', (w) => instant(w.openedAt)),
      figure('turn_back_timestamp_seconds', 'when the latest window turns back', (w) => instant(w.turnBackAt)),
      figure('point_of_no_return_timestamp_seconds', 'when a leader was proved in target', (w) =>
        instant(w.pointOfNoReturnAt),
      ),
      figure('leaderless_seconds', 'how long no master led', (w) => seconds(w.leaderlessMs)),
      figure('last_agent_seconds', 'from the first stop to the last agent back', (w) => seconds(w.lastAgentMs)),
    ];
  }

  get openWindows(): number {
    return this.#openIn.size;
  }

  show(status: MigrationStatus): void {
    const { cluster, window } = status;
    const open = isOpen(status);
    if (open) this.#openIn.add(cluster);
    else this.#openIn.delete(cluster);
    this.#open.set({ cluster }, open ? 1 : 0);
    for (const { series, of } of this.#figures) {
      const value = window === null ? null : of(window);
      if (value === null) series.forget({ cluster });
      else series.set({ cluster }, value);
    }
  }
}

/** A window that turned back keeps its instants, so the phase tells: the window ends with it, or at the point of no return. */
function isOpen({ window, timeline }: MigrationStatus): boolean {
  const entry = timeline.at(-1);
  if (!window?.openedAt || window.pointOfNoReturnAt || entry?.outcome !== 'running') return false;
  return entry.phase.endsWith('cut-over') && !entry.phase.startsWith('gate') && window.openedAt >= entry.startedAt;
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1000;
}

function instant(iso: string | null): number | null {
  return iso === null ? null : Date.parse(iso) / 1000;
}
