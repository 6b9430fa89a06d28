import { availableParallelism, totalmem } from 'node:os';

/** The machine that a record was measured on, in one phrase. */
export function thisMachine(labsAtOnce: number): string {
  const memoryGb = Math.round(totalmem() / 2 ** 30);
  return `${availableParallelism()} cores, ${memoryGb} GB, Node ${process.versions.node}, ${labsAtOnce} lab(s) at once`;
}
