/** Text that is HTML already. Only `markup` makes one, so whatever comes from outside is escaped. */
export class Markup {
  constructor(readonly text: string) {}
  toString(): string {
    return this.text;
  }
}

export type Part = string | number | Markup | null | false | readonly Part[];

/** HTML with every value in it escaped, in text as in quoted attributes; null, false and empty lists leave nothing. */
export function markup(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(strings.reduce((text, string, index) => text + rendered(parts[index - 1] ?? null) + string));
}

function rendered(part: Part): string {
  if (part === null || part === false) return '';
  if (part instanceof Markup) return part.text;
  if (typeof part === 'object') return part.map(rendered).join('');
  return escaped(String(part));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/** Control characters and those that turn the direction of text could make a name look like another. */
function escaped(text: string): string {
  return text
    .replace(/[&<>"'`]/g, (found) => ENTITIES[found] ?? found)
    .replace(/[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (found) =>
      found === '\n' ? found : '\ufffd',
    );
}
