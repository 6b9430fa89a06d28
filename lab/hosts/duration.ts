const unitsMs: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  '': 1_000,
  s: 1_000,
  sec: 1_000,
  second: 1_000,
  seconds: 1_000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  days: 86_400_000,
};

/**
 * A systemd time span (`20`, `100ms`, `1min 30s`, `infinity`) in ms; bare numbers are seconds.
 * Null when the text is none.
 *
 * @see systemd.time(7), "Parsing Time Spans"
 */
export function parseTimeSpan(text: string): number | null {
  let rest = text.trim();
  if (rest === 'infinity') return Infinity;
  if (rest === '') return null;
  let totalMs = 0;
  while (rest !== '') {
    const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)\s*/.exec(rest);
    const factor = unitsMs[match?.[2] ?? '?'];
    if (match === null || factor === undefined) return null;
    totalMs += Number(match[1]) * factor;
    rest = rest.slice(match[0].length);
  }
  return totalMs;
}
