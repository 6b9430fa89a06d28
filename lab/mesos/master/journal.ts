import { appendFileSync } from 'node:fs';
import { basename } from 'node:path';
import { stamp, type MasterJournalRecord } from '../../contract.js';

/** What the master says of itself, for the judge: one JSON line per event, written before anything follows from it. */
export class Journal {
  /** The master goes by the name of its journal, `<name>.jsonl`. */
  private readonly name: string;

  constructor(
    private readonly path: string | null,
    private readonly id: string,
  ) {
    this.name = basename(path ?? '', '.jsonl');
  }

  write(event: MasterJournalRecord['event'], reason?: string): void {
    if (this.path === null) return;
    const record: MasterJournalRecord = {
      ...stamp(),
      kind: 'master',
      name: this.name,
      pid: process.pid,
      id: this.id,
      event,
      ...(reason === undefined ? {} : { reason }),
    };
    try {
      appendFileSync(this.path, `${JSON.stringify(record)}\n`);
    } catch {
      // A lab that is being taken down has no journal any more; the master lives on without.
    }
  }
}
