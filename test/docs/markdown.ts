import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../lab/repository-root.js';

/** A block of code; an indented one has no language. The word after the language is its name. */
export interface CodeBlock {
  readonly language: string;
  readonly name: string;
  readonly text: string;
  /** Of its first line in the page, from 1. */
  readonly line: number;
}

export interface MarkdownPage {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly CodeBlock[];
  /** What stands between single backticks outside blocks. */
  readonly inline: readonly string[];
  /** Targets of links outside blocks. */
  readonly links: readonly string[];
  /** Pictures shown, links among them. */
  readonly images: readonly { readonly alt: string; readonly target: string }[];
  /** As GitHub derives them from headings. */
  readonly anchors: ReadonlySet<string>;
}

const LEFT_OUT = new Set(['node_modules', 'dist', 'fixtures']);

/** Every Markdown page of the repository. */
export function markdownPages(): MarkdownPage[] {
  const root = repositoryRoot();
  const walk = (folder: string): string[] =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      if (entry.name.startsWith('.') || LEFT_OUT.has(entry.name)) return [];
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return walk(path);
      return entry.name.endsWith('.md') ? [path] : [];
    });
  return walk('').map((path) => parsePage(path, readFileSync(join(root, path), 'utf8')));
}

/** Those that tell how things are now: not what changed when. */
export function currentPages(): MarkdownPage[] {
  return markdownPages().filter(({ path }) => path !== 'CHANGELOG.md');
}

/** Everything that `find` has to say against any page, with its path. */
export function wrongIn(among: readonly MarkdownPage[], find: (page: MarkdownPage) => readonly string[]): string[] {
  return among.flatMap((page) => find(page).map((what) => `${page.path}: ${what}`));
}

export function readPage(path: string): MarkdownPage {
  return parsePage(path, readFileSync(join(repositoryRoot(), path), 'utf8'));
}

export function parsePage(path: string, text: string): MarkdownPage {
  const blocks: CodeBlock[] = [];
  const prose: string[] = [];
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const fence = /^(\s*)```(.*)$/.exec(line);
    if (fence) {
      const end = lines.findIndex((other, index) => index > at && other.trimEnd() === `${fence[1] ?? ''}\`\`\``);
      if (end < 0) throw new Error(`${path}:${String(at + 1)}: this block has no end`);
      const body = lines.slice(at + 1, end).map((inner) => inner.slice((fence[1] ?? '').length));
      const [language = '', ...name] = (fence[2] ?? '').trim().split(' ');
      blocks.push({ language, name: name.join(' '), text: body.join('\n'), line: at + 2 });
      at = end;
    } else if (/^ {4}\S/.test(line) && (lines[at - 1] ?? '').trim() === '') {
      let end = at;
      while (end < lines.length && (/^ {4}/.test(lines[end] ?? '') || (lines[end] ?? '').trim() === '')) end += 1;
      const body = lines.slice(at, end).map((inner) => inner.slice(4));
      blocks.push({ language: '', name: '', text: body.join('\n').trimEnd(), line: at + 1 });
      at = end - 1;
    } else prose.push(line);
  }
  const rest = prose.join('\n');
  // A code span may be broken over two lines of a paragraph.
  const spans = [...rest.matchAll(/(?<!`)`([^`]+)`(?!`)/g)].map(([, span = '']) => span.replaceAll('\n', ' '));
  const plain = rest.replaceAll(/(?<!`)`[^`]+`(?!`)/g, '``');
  const links = [...plain.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  const images = [...plain.matchAll(/!\[([^\]]*)\]\(([^)\s]+)\)/g)].map(([, alt = '', target = '']) => ({
    alt,
    target,
  }));
  const headings = [...rest.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => heading);
  return { path, text, blocks, inline: spans, links, images, anchors: new Set(headings.map(slug)) };
}

function slug(heading: string): string {
  return heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');
}
