import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { shellWord } from './shell-word.js';

const programs = ['mv', 'cp', 'rm', 'ln', 'unlink', 'truncate'] as const;

/**
 * Files of a host that cannot be replaced, removed or moved away, as on a file system mounted read-only: the
 * programs that would do it refuse, by stand-ins that come first on the PATH of the host's commands.
 *
 * Not caught are a redirection into the file and the removal of a whole folder: only a mount could do that, which
 * needs root. Mode bits would not help: root ignores them, and copies of the file would carry them on.
 */
export class ReadOnlyFiles {
  private readonly files = new Set<string>();

  /** @param root of the host; paths are absolute, below it */
  constructor(private readonly root: string) {}

  protect(file: string): void {
    this.files.add(file);
    this.place();
  }

  free(file: string): void {
    this.files.delete(file);
    this.place();
  }

  private place(): void {
    for (const program of programs) {
      const standIn = join(this.root, 'usr/bin', program);
      rmSync(standIn, { force: true });
      if (this.files.size === 0) continue;
      mkdirSync(dirname(standIn), { recursive: true });
      writeFileSync(standIn, this.script(program), { mode: 0o755 });
    }
  }

  /** `cp` and `ln` change only what they name last; into a folder, files keep their names. */
  private script(program: string): string {
    const lastOnly = program === 'cp' || program === 'ln';
    const files = [...this.files].map(shellWord).join(' | ');
    return [
      '#!/bin/sh',
      `refuse() { echo "${program}: cannot change '$1': Read-only file system" >&2; exit 1; }`,
      `change() { case $(readlink -m -- "$1") in ${files}) refuse "$1" ;; esac; }`,
      `for path; do ${lastOnly ? ':' : 'change "$path"'}; done`,
      'change "$path"',
      'if [ -d "$path" ]; then for one; do change "$path/${one##*/}"; done; fi',
      `PATH=$(printf %s "$PATH" | sed ${shellWord(`s|${join(this.root, 'usr/bin')}:||g`)})`,
      `exec ${program} "$@"`,
      '',
    ].join('\n');
  }
}
