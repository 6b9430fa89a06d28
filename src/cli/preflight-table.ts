import { AREAS, type CatalogueEntry } from '../domain/preflight/catalogue/index.js';

const INTRODUCTION = `<!-- Made by npm run docs from src/domain/preflight/catalogue. Do not edit. -->

# Preflight

\`zkferry preflight cluster.yaml\` makes all of these checks, read-only, and so does every migration before it asks for the
approval of gate \`begin\`. What is marked *again* is looked at once more before gate \`cut-over\` and within the last minute
before the window; there only what blocks counts.

All checks run, none hides another. Each finding names the check, the host, what was seen, why it matters and what to do
(\`--json\` gives the same fields). \`block\`: nothing is written before it is mended, or accepted where the remedy names a
setting that accepts it. \`warn\`: think about it before you approve. \`info\`: know it.
`;

/** docs/preflight.md, as the catalogue has it. */
export function preflightTable(): string {
  const areas = Object.entries<Readonly<Record<string, CatalogueEntry>>>(AREAS).map(([name, checks]) =>
    [
      `## ${name}`,
      '',
      '| check | verdict | looks at | why | what to do |',
      '| --- | --- | --- | --- | --- |',
      ...Object.entries(checks).map(row),
      '',
    ].join('\n'),
  );
  return [INTRODUCTION, ...areas].join('\n');
}

function row([id, entry]: [string, CatalogueEntry]): string {
  const { verdicts, when, strategies, looks, source, why, remedy } = entry;
  const once = when.length === 2 ? '; again' : when[0] === 'cut-over' ? '; before the window alone' : '';
  const only = strategies === undefined ? '' : ` (${strategies.join(', ')})`;
  const fact = source === undefined ? why : `${why} (${source})`;
  const cells = [`\`${id}\``, `${verdicts.join(', ')}${once}`, `${looks}${only}`, fact, remedy ?? '–'];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
