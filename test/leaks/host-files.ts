import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Every file below a folder → its bytes as Latin-1, without the zeros at the end of a log that was laid out ahead. */
export function filesBelow(folder: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    found.set(path.slice(folder.length + 1), text(path));
  }
  return found;
}

function text(path: string): string {
  try {
    const bytes = readFileSync(path);
    let end = bytes.length;
    while (end > 0 && bytes[end - 1] === 0) end -= 1;
    return bytes.subarray(0, end).toString('latin1');
  } catch {
    // Gone meanwhile.
    return '';
  }
}
