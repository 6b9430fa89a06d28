import { createHash } from 'node:crypto';
import ssh2, { type ParsedKey } from 'ssh2';

/**
 * Private keys, ready for use. Decrypting one takes a good part of a second in which nothing else runs (bcrypt in
 * JavaScript, as many rounds as its maker chose), far too long for every connection of a critical window: so it is
 * done once, and what came of it stays in memory, as in an ssh agent.
 */
export class PrivateKeys {
  readonly #known = new Map<string, ParsedKey | null>();

  /** Null when the text is no private key, or its passphrase is another one. */
  parse(text: Buffer, passphrase: string | null): ParsedKey | null {
    const id = createHash('sha256')
      .update(text)
      .update(`\0${passphrase ?? ''}`)
      .digest('base64');
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const parsed = ssh2.utils.parseKey(text, passphrase ?? undefined);
    const key = !(parsed instanceof Error) && parsed.isPrivateKey() ? parsed : null;
    this.#known.set(id, key);
    return key;
  }
}
