import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';

export interface TarEntry {
  readonly name: string;
  readonly content: string;
}

/** A new `.tar.gz` that its owner alone may read. @throws EEXIST rather than overwrite one */
export async function writeTarFile(path: string, entries: readonly TarEntry[], at: Date): Promise<void> {
  // Before there is an archive: one whose output fails may fail once more by itself, where nobody listens.
  const file = await open(path, 'wx', 0o600);
  const archive = pack();
  for (const { name, content } of entries) archive.entry({ name, mode: 0o600, mtime: at }, content);
  archive.finalize();
  await pipeline(archive, createGzip(), file.createWriteStream());
}
