import { markup, type Markup } from '../markup.js';

/** A figure of the report: `field` is its path in report.json, whose exact value stands beside the text people read. */
export function duration(field: string, ms: number | null): Markup {
  return ms === null ? UNKNOWN : markup`<data data-field="${field}" value="${ms}">${durationText(ms)}</data>`;
}

export function count(field: string, value: number): Markup {
  return markup`<data data-field="${field}" value="${value}">${value.toLocaleString('en-US')}</data>`;
}

/** An instant as `2026-11-26 03:37:58.106`; the page says once that all are UTC. */
export function instant(at: string | null): Markup {
  return at === null ? UNKNOWN : markup`<time datetime="${at}">${at.replace('T', ' ').replace('Z', '')}</time>`;
}

const UNKNOWN = markup`<span class="unknown">unknown</span>`;

/** `4.2 ms`, `287 ms`, `2.24 s`, `49.7 s`, `2 min 53 s`, `3 h 12 min`. */
export function durationText(ms: number): string {
  if (Math.abs(ms) < 10) return `${String(Math.round(ms * 10) / 10)} ms`;
  if (Math.abs(ms) < 1_000) return `${String(Math.round(ms))} ms`;
  if (Math.abs(ms) < 10_000) return `${(ms / 1_000).toFixed(2)} s`;
  if (Math.abs(ms) < 120_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 7_200) return `${String(Math.floor(seconds / 60))} min ${String(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${String(Math.floor(minutes / 60))} h ${String(minutes % 60)} min`;
}
