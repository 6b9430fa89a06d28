/** Shorter ones would be found in ordinary words. */
const SHORTEST = 8;
/** Texts in texts: base64 in JSON in base64. */
const LAYERS = 3;

/** Looks for secrets in texts, in every form in which something may have written them. */
export class SecretNet {
  /** What to look for → whose and in which form it is. */
  readonly #needles = new Map<string, string>();
  readonly #names = new Set<string>();

  /** @throws RangeError for a secret too short to be told from other text */
  add(name: string, secret: string): void {
    if (secret.length < SHORTEST) throw new RangeError(`${name} is too short to be looked for`);
    this.#names.add(name);
    for (const [form, text] of formsOf(secret))
      if (!this.#needles.has(text)) this.#needles.set(text, `${name} (${form})`);
  }

  /** A private key: each line of its body. */
  addKey(name: string, pem: string): void {
    const body = pem.split('\n').filter((line) => line.length >= SHORTEST && !line.startsWith('-----'));
    for (const [index, line] of body.entries()) this.add(`${name}, line ${String(index + 1)}`, line);
  }

  get names(): readonly string[] {
    return [...this.#names];
  }

  /** Which secrets show in a text, or in what it holds in base64, and in which form. */
  found(text: string): string[] {
    // Base64 is often folded.
    const unfolded = text.replaceAll(/\r?\n/g, '');
    const layers = [text, unfolded];
    for (let depth = 1, top = unfolded; depth < LAYERS && top !== ''; depth += 1)
      layers.push((top = withinBase64(top)));
    return [...this.#needles]
      .filter(([needle]) => layers.some((layer) => layer.includes(needle)))
      .map(([, name]) => name);
  }
}

/** Form → text; a form that changes nothing is there as well. */
export function formsOf(secret: string): Map<string, string> {
  const bytes = Buffer.from(secret);
  const json = escapedJson(secret);
  const forms = new Map([
    ['as it is', secret],
    // Of binary files, which are read byte by byte.
    ['its bytes', bytes.toString('latin1')],
    ['in JSON', json],
    ['in JSON in JSON', escapedJson(json)],
    ['in HTML', secret.replace(/[&<>"'`]/g, (char) => ENTITIES[char] ?? char)],
    ['in shell quotes', secret.replaceAll("'", `'\\''`)],
    ['in a URL', encodeURIComponent(secret)],
    ['in a form', new URLSearchParams([['', secret]]).toString().slice(1)],
    ['in hex', bytes.toString('hex')],
    ['in capital hex', bytes.toString('hex').toUpperCase()],
  ]);
  for (const before of [0, 1, 2]) {
    const inner = base64Within(bytes, before);
    const form = `in base64 behind ${String(before)} bytes`;
    forms.set(form, inner).set(`${form}, for URLs`, inner.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return forms;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

function escapedJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** What all texts have in common whose base64 has these bytes behind `before` (modulo 3) others. */
function base64Within(bytes: Buffer, before: number): string {
  const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
  const whole = Math.floor(((before + bytes.length) * 8) / 6);
  return text.slice(Math.ceil((before * 8) / 6), whole);
}

/** All that stands in a text in base64, decoded. */
function withinBase64(text: string): string {
  const runs = text.match(/[A-Za-z0-9+/_-]{12,}={0,2}/g) ?? [];
  return runs.map((run) => Buffer.from(run, 'base64').toString('utf8')).join('\n');
}
