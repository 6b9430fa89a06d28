import pc from 'picocolors';
import type { Finding } from '../domain/plan.js';
import { fold } from './fold.js';

const COLOURS = { block: pc.red, warn: pc.yellow, info: pc.dim };

/** What preflight found, for people, with why it matters and what to do. */
export function describeFindings(findings: readonly Finding[], columns: number): string[] {
  const count = (verdict: Finding['verdict']): string =>
    String(findings.filter((one) => one.verdict === verdict).length);
  return [
    ...findings.flatMap((finding) => describe(finding, columns)),
    `${count('block')} block, ${count('warn')} warn, ${count('info')} info`,
  ];
}

function describe({ id, verdict, host, seen, why, remedy }: Finding, columns: number): string[] {
  const head = `${verdict.padEnd(5)} ${id}${host === null ? '' : ` on ${host}`}: `;
  const [first = '', ...more] = fold(seen, { columns, head, indented: 6 });
  return [
    first.replace(`${verdict.padEnd(5)} ${id}`, `${COLOURS[verdict](verdict.padEnd(5))} ${pc.bold(id)}`),
    ...more,
    ...fold(why, { columns, head: '      why: ' }),
    ...(remedy === null ? [] : fold(remedy, { columns, head: '      do:  ' })),
  ];
}
