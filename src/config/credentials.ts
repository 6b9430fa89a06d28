import { readFile } from 'node:fs/promises';
import { FerryError } from '../domain/errors.js';

/** A reference to a secret leads nowhere. Names the reference, never what it holds. */
export class SecretError extends FerryError {
  readonly code = 'FERRY_SECRET';
  readonly retryable = false;
  override readonly remedy: string;
  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

/**
 * The secret behind a reference of the config: `file:PATH` (its content, trimmed) or `env:NAME`.
 * Null stays null. The value is for immediate use: never log it, never return it from an activity.
 *
 * @throws SecretError when the file or variable is missing or empty.
 */
export async function resolveSecret(reference: string | null): Promise<string | null> {
  if (reference === null) return null;
  if (reference.startsWith('env:')) {
    const name = reference.slice('env:'.length);
    const value = process.env[name]?.trim() ?? '';
    if (value !== '') return value;
    throw new SecretError(
      `environment variable ${name} is not set on this worker`,
      `set ${name} where the worker runs`,
    );
  }
  if (!reference.startsWith('file:')) {
    throw new SecretError('a credential is not a reference', 'write it as file:PATH or env:NAME');
  }
  const path = reference.slice('file:'.length);
  const remedy = `put the secret into ${path} on every worker, readable by the worker alone`;
  let text: string;
  try {
    text = (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    throw new SecretError(
      `${path} cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown error'})`,
      remedy,
    );
  }
  if (text === '') throw new SecretError(`${path} is empty`, remedy);
  return text;
}
