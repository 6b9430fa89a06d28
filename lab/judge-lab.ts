import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Case, judge, overlapsOf } from './judge.js';
import type { Overlap } from './judge/leaders-at-once.js';
import { watchedOf, type WatchedLab } from './watched.js';
import { type JournalRecord, type LabJson, stamp, type Verdicts, type WatchRecord } from './contract.js';

/** Samples that were under way when the judge was asked are written by then, if they are to count at all. */
const LAST_WORDS_MS = 500;

/**
 * Judges a lab by the records in its folder, up to now or to the orderly stop of its watchers; everything
 * that `lab.json` lists must have been watched.
 */
export async function judgeLab(lab: LabJson, options: Omit<Case, 'journal' | 'watch'> = {}): Promise<Verdicts> {
  return judge(await caseOf(lab, options));
}

/** Each stretch of a lab's records in which more than one master led. */
export async function overlapsInLab(lab: LabJson): Promise<readonly Overlap[]> {
  return overlapsOf(await caseOf(lab, {}));
}

/** What a report shows of a lab: the verdicts, and what the records show over time. */
export async function watchedLab(lab: LabJson, options: Omit<Case, 'journal' | 'watch'> = {}): Promise<WatchedLab> {
  return watchedOf(await caseOf(lab, options));
}

async function caseOf(lab: LabJson, options: Omit<Case, 'journal' | 'watch'>): Promise<Case> {
  const askedAt = stamp().mono;
  await delay(LAST_WORDS_MS);
  const [journal, watch] = await Promise.all([
    readRecords<JournalRecord>(lab.journalDir),
    readRecords<WatchRecord>(lab.watchers.dir),
  ]);
  const expected = {
    masters: lab.masters.map(({ name }) => name),
    agents: lab.agents.map(({ name }) => name),
    servers: [...lab.source, ...lab.target, ...lab.observers].map(({ name }) => name),
  };
  return { expected, askedAt, ...options, journal, watch };
}

/** All records of a folder's `.jsonl` files. A last line without its newline is still being written and is left out. */
export async function readRecords<T>(dir: string): Promise<T[]> {
  const names = (await readdir(dir)).filter((name) => name.endsWith('.jsonl')).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(dir, name), 'utf8')));
  return texts.flatMap((text) =>
    text
      .split('\n')
      .slice(0, -1)
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as T),
  );
}
