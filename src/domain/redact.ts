/** What stands where a secret stood. */
export const HIDDEN = '***';

const SECRET_NAME =
  /pass(word|phrase|wd)|secret|api[-_]?key|private[-_]?key|authorization|credential|cookie|^token$|[a-z][-_]token$/i;
/** How the config names a secret without holding it. */
const REFERENCE = /^(file:|env:[A-Za-z_]\w*$|agent$)/;
const NAME = String.raw`(?:pass(?:word|phrase|wd)|secret|api[-_]?key|(?<![a-z0-9])token)`;
/** What is no secret where one would stand: a reference, or something hidden. */
const HARMLESS = String.raw`(?!file:|env:|agent\b|null\b|\*)`;
/** A value that began with a quote, up to the one that ends it; behind `\"`, as in JSON in JSON, to any quote. */
const QUOTED = [
  String.raw`(?<=[^\\]")(?:[^"\\\n]|\\.)+`,
  String.raw`(?<=\\")(?:[^"\\\n]|\\+(?![\\"]))+`,
  String.raw`(?<=')(?:[^"'\\\n]|\\+(?![\\"']))+`,
].join('|');

/**
 * What a secret looks like. Nothing that repeats without bound can run over a beginning of the same shape and then
 * fail: a search that did would take quadratic time, and with it the heartbeats of a critical window.
 */
export const SHAPES: readonly (readonly [RegExp, string])[] = [
  // user:password@ in URLs of any kind, a master URL's included.
  [/(?<=:\/\/)[^\s"'/]+@/g, `${HIDDEN}@`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, HIDDEN],
  [/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, `$1 ${HIDDEN}`],
  // "password": "x"
  [new RegExp(String.raw`(${NAME}(\\*["'])\s*[=:]\s*\2)${HARMLESS}(?:${QUOTED})`, 'gi'), `$1${HIDDEN}`],
  // password="x", but no quote that ends the JSON text in which `password=` comes last.
  [new RegExp(String.raw`(${NAME}\s*[=:]\s*\\*["'](?!\s*(?:[,}\]:]|$)))${HARMLESS}(?:${QUOTED})`, 'gi'), `$1${HIDDEN}`],
  [new RegExp(String.raw`(${NAME}\s*[=:]\s*)${HARMLESS}(?:[^\s,;"'}\\]|\\+(?![\\"']))+`, 'gi'), `$1${HIDDEN}`],
];
/** Shorter ones would blot out ordinary words. */
const SHORTEST = 4;

/** Of a URL's path: shorter parts, such as `/mesos` or `services`, are ordinary words. */
const SHORTEST_PART = 12;
/** Of its query: a short word or number, such as `json` or `2026`, says how it is to be done. */
const PLAIN_VALUE = /^([a-z]{1,7}|[0-9]{1,7})$/i;

/** Who is asked by a secret URL knows its path, query and login, and may tell each alone. */
function partsOfUrl(text: string): readonly string[] {
  if (!/^https?:/.test(text) || !URL.canParse(text)) return [];
  const { pathname, search, username, password } = new URL(text);
  const whole = `${pathname}${search}`;
  const long = [whole, pathname, ...whole.split(/[/?&=]/)].filter(({ length }) => length >= SHORTEST_PART);
  const values = [...search.matchAll(/=([^&]+)/g)].map(([, value = '']) => value);
  const parts = [...long, ...values.filter((value) => !PLAIN_VALUE.test(value)), password || username];
  return parts.flatMap((part) => [part, decoded(part)]);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Who gets a header may tell its token without the scheme, and of `Basic` what the token says. */
function partsOfHeader(text: string): readonly string[] {
  const [, scheme = '', token = ''] = /^(bearer|basic|token|apikey|geniekey|splunk)\s+(\S+)$/i.exec(text) ?? [];
  if (scheme.toLowerCase() !== 'basic') return [token];
  const login = Buffer.from(token, 'base64').toString('utf8');
  const [user = '', ...password] = login.split(':');
  // Where there is no password, the key stands for the user.
  return [token, login, password.join(':') || user];
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/**
 * Hides secrets in what leaves the process for people to read: by the name of a field, by the shape
 * of a text, and by value, for those it was told.
 */
export class Redactor {
  readonly #known = new Set<string>();

  /** Of `user:password` the password counts as well, of headers and URLs each part that is a secret by itself. */
  learn(secret: string | null): void {
    if (secret === null) return;
    const [user, ...password] = secret.split(':');
    for (const part of [secret, ...(user && !secret.includes('\n') ? [password.join(':')] : [])]) {
      this.#know(part);
    }
    for (const part of [...partsOfUrl(secret), ...partsOfHeader(secret)]) this.#know(part);
  }

  /** A secret as it stands in a text, in JSON, in JSON in JSON, and in a URL. */
  #know(secret: string): void {
    if (secret.length < SHORTEST) return;
    const once = inJson(secret);
    for (const form of [secret, once, inJson(once), encodeURIComponent(secret)]) this.#known.add(form);
  }

  /** What the environment holds under names that tell of secrets, such as TEMPORAL_API_KEY. */
  learnFrom(environment: Readonly<Record<string, string | undefined>>): void {
    for (const [name, value] of Object.entries(environment)) {
      if (/(PASS(WORD|PHRASE)?|SECRET|TOKEN|API_?KEY|CREDENTIALS?|PRIVATE_?KEY)(_DATA)?$/i.test(name))
        this.learn(value ?? null);
    }
  }

  /** By value alone: for our own sentences, in which a word such as `passphrase:` tells of none. */
  values(text: string): string {
    let clean = text;
    // The longest first: one may be part of another.
    for (const secret of [...this.#known].sort((a, b) => b.length - a.length)) clean = clean.replaceAll(secret, HIDDEN);
    return clean;
  }

  text(text: string): string {
    return this.#shapes(this.values(text));
  }

  /** As `text`, of one that breaks off: without its last word, and whatever else may be the beginning of a secret. */
  beginning(text: string): string {
    const clean = this.values(text);
    let end = Math.max(0, clean.length - Math.max(0, ...[...this.#known].map(({ length }) => length)));
    while (end > 0 && !/\s/.test(clean.charAt(end - 1))) end -= 1;
    return this.#shapes(clean.slice(0, end));
  }

  #shapes(text: string): string {
    let clean = text;
    for (const [pattern, instead] of SHAPES) clean = clean.replaceAll(pattern, instead);
    return clean;
  }

  /** A JSON value, with every text in it clean; under a secret's name only references stay. */
  value(value: unknown, name = ''): unknown {
    if (typeof value === 'string') {
      return SECRET_NAME.test(name) && !REFERENCE.test(value) ? HIDDEN : this.text(value);
    }
    if (Array.isArray(value)) return value.map((one) => this.value(one, name));
    if (typeof value !== 'object' || value === null) return value;
    const inherits = SECRET_NAME.test(name);
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [this.text(key), this.value(inner, inherits ? name : key)]),
    );
  }
}
