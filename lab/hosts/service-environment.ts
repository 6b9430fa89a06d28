import { existsSync, readFileSync } from 'node:fs';
import type { UnitDefinition } from './unit-file.js';
import { splitWords } from './words.js';

/**
 * What the processes of a unit find in their environment: the host's programs first on `PATH`, then
 * `Environment=`, then `EnvironmentFile=`.
 *
 * @throws Error as systemd words it, when a file without `-` before its name is missing
 */
export function serviceEnvironment(
  root: string,
  unit: Pick<UnitDefinition, 'environment' | 'environmentFiles'>,
): Record<string, string> {
  const environment: Record<string, string> = {
    PATH: `${root}/usr/sbin:${root}/usr/bin:${process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin'}`,
    LANG: 'C.UTF-8',
    ...unit.environment,
  };
  for (const { path: file, optional } of unit.environmentFiles) {
    if (!existsSync(file)) {
      if (optional) continue;
      throw new Error(`Failed to load environment files: ${file}: No such file or directory`);
    }
    Object.assign(environment, parseEnvironmentFile(readFileSync(file, 'utf8')));
  }
  return environment;
}

/** `KEY=value` lines as `EnvironmentFile=` reads them; quotes are taken off, nothing is expanded. */
function parseEnvironmentFile(text: string): Record<string, string> {
  const pairs = text.split('\n').map((line) => /^\s*([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line));
  return Object.fromEntries(
    pairs.flatMap((pair) => (pair === null ? [] : [[pair[1] ?? '', splitWords(pair[2] ?? '').join(' ')]])),
  );
}
