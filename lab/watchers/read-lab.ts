import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { LabJson } from '../contract.js';

/** Reads the `lab.json` that `--lab` names. */
export function readLab(args = process.argv.slice(2)): { lab: LabJson; labFile: string } {
  const { values } = parseArgs({ args, options: { lab: { type: 'string' } } });
  if (values.lab === undefined) throw new TypeError('a watcher needs --lab DIR/lab.json');
  const labFile = resolve(values.lab);
  return { lab: JSON.parse(readFileSync(labFile, 'utf8')) as LabJson, labFile };
}
