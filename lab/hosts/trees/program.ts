import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { shellWord } from '../shell-word.js';

/** Folder of the compiled lab, whichever output folder that is. */
const compiledLab = fileURLToPath(new URL('../../', import.meta.url));

/**
 * A shell script that becomes one of the lab's own Node programs, with a small heap: dozens of them
 * share a machine.
 *
 * @param module path of the compiled program below `lab/`, for example `mesos/master-main.js`
 */
export function nodeProgram(module: string): string {
  const words = [process.execPath, '--max-old-space-size=96', '--enable-source-maps', join(compiledLab, module)];
  return `#!/bin/sh\nexec ${words.map(shellWord).join(' ')} "$@"\n`;
}
