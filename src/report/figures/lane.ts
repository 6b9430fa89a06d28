import { markup, type Markup, type Part } from '../markup.js';
import type { Scale } from './scale.js';

/**
 * Figures are rows of HTML with one lane of SVG each, whose lengths are per cent: text keeps its size on
 * every screen, and nothing needs a script.
 */
export interface Bar {
  readonly from: number;
  readonly to: number;
  /** Class of its colour. */
  readonly look: string;
  /** What a pointer that rests on it, or a reader aloud, is told. */
  readonly title: string;
}

/** A vertical line through a lane. */
export interface Mark {
  readonly at: number;
  readonly look: string;
}

const HEIGHT = 18;

export function lane(scale: Scale, bars: readonly Bar[], marks: readonly Mark[] = []): Markup {
  return markup`<svg
    class="lane"
    width="100%"
    height="${HEIGHT}"
    role="img"
    aria-label="${bars.map(({ title }) => title).join('; ')}">
    <rect class="track" width="100%" height="${HEIGHT}" />
    ${bars.map((bar) => rect(scale, bar))}${marks.map(({ at, look }) => line(scale.at(at), look))}
  </svg>`;
}

function rect(scale: Scale, { from, to, look, title }: Bar): Markup {
  const x = scale.at(from);
  const width = Math.max(0, Math.round((scale.at(to) - x) * 1_000) / 1_000);
  // What is too short to be seen at this scale is still there.
  const least = markup`<rect class="${look}" x="${Math.min(x, 99.8)}%" y="2" width="2" height="${HEIGHT - 4}" />`;
  return markup`<g>${least}<rect class="${look}" x="${x}%" y="2" width="${width}%" height="${HEIGHT - 4}" /><title>${title}</title></g>`;
}

function line(percent: number, look: string): Markup {
  return markup`<line class="${look}" x1="${percent}%" x2="${percent}%" y1="0" y2="${HEIGHT}" />`;
}

export function row(label: Part, drawn: Markup, value: Part = null): Markup {
  return markup`<div class="row">
    <div class="label">${label}</div>
    ${drawn}
    <div class="value">${value}</div>
  </div>
`;
}

/** Time since the scale's begin. */
export function axis(scale: Scale, label: Part): Markup {
  const texts = scale.ticks.map(
    ({ percent, text }) =>
      markup`<text x="${percent}%" y="12" text-anchor="${percent > 90 ? 'end' : percent < 4 ? 'start' : 'middle'}">${text}</text>`,
  );
  return row(label, markup`<svg class="axis" width="100%" height="16" aria-hidden="true">${texts}</svg>`);
}
