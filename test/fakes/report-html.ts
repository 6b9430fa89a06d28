import type { Report } from '../../src/domain/report.js';

export interface ShownFigure {
  readonly field: string;
  readonly value: string;
  readonly text: string;
}

/** Every figure on a page, with the path in the JSON that it names. */
export function shownFigures(page: string): ShownFigure[] {
  return [...page.matchAll(/<data data-field="([^"]+)" value="([^"]*)">([^<]*)<\/data>/g)].map(
    ([, field = '', value = '', text = '']) => ({ field, value, text }),
  );
}

/** What a report holds at a path such as `window.milestones.2.afterMs`. */
export function valueAt(report: Report, field: string): unknown {
  return field.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], report);
}

/** Tags and names of attributes in their order: what text can be made to look like must not change it. */
export function skeleton(page: string): string {
  return [...page.matchAll(/<(\/?[a-z][a-z0-9]*|!doctype)((?:\s+[a-z-]+(?:="[^"]*")?)*)\s*\/?>/gi)]
    .map(([, tag = '', attributes = '']) => `${tag}(${attributes.replace(/="[^"]*"/g, '').trim()})`)
    .join(' ');
}

/** The report with every text in it, but for instants, replaced by this one. */
export function withEveryText(report: Report, text: string): Report {
  const change = (value: unknown): unknown => {
    if (typeof value === 'string') return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? value : text;
    if (Array.isArray(value)) return value.map(change);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, change(inner)]));
  };
  return change(report) as Report;
}
