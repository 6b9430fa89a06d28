/**
 * Durations as Mesos writes them on command lines and in its log (stout's `Duration`), in ms.
 *
 * `durationFactor` scales Mesos' constants and flag defaults, so that a rehearsal can run faster with
 * the ratios kept. A duration that a flag states explicitly is taken as it stands.
 */
const UNITS: readonly (readonly [name: string, ms: number])[] = [
  ['ns', 1e-6],
  ['us', 1e-3],
  ['ms', 1],
  ['secs', 1000],
  ['mins', 60_000],
  ['hrs', 3_600_000],
  ['days', 86_400_000],
  ['weeks', 604_800_000],
];

export const durationFactor = readFactor(process.env['MINI_MESOS_FACTOR']);

/** `scaled(10_000)`: ten of Mesos' seconds, in real ms. */
export function scaled(ms: number): number {
  return ms * durationFactor;
}

/** `15secs` → 15000; null when the text is no duration. */
export function parseDuration(text: string): number | null {
  const match = /^(-?\d+(?:\.\d+)?)([a-z]+)$/.exec(text);
  const unit = UNITS.find(([name]) => name === match?.[2]);
  return match && unit ? Number(match[1]) * unit[1] : null;
}

/** 15000 → `15secs`, 75000 → `1.25mins`: in the largest unit that is not below one. */
export function formatDuration(ms: number): string {
  const [name, size] = UNITS.findLast(([, unitMs]) => Math.abs(ms) >= unitMs) ?? ['ns', 1e-6];
  return `${Number((ms / size).toPrecision(12))}${name}`;
}

function readFactor(text: string | undefined): number {
  const factor = Number(text ?? '1');
  return Number.isFinite(factor) && factor > 0 ? factor : 1;
}
