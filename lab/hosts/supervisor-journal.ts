import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { stamp, type SupervisorJournalRecord } from '../contract.js';

/** Appends starts and ends of services to one file, each line written before anything else happens. */
export class SupervisorJournal {
  constructor(private readonly file: string) {
    mkdirSync(dirname(file), { recursive: true });
  }

  started(host: string, unit: string, pid: number): void {
    this.append({ ...stamp(), kind: 'supervisor', host, unit, event: 'start', pid, code: null, signal: null });
  }

  exited(host: string, unit: string, pid: number, code: number | null, signal: string | null): void {
    this.append({ ...stamp(), kind: 'supervisor', host, unit, event: 'exit', pid, code, signal });
  }

  private append(record: SupervisorJournalRecord): void {
    appendFileSync(this.file, `${JSON.stringify(record)}\n`);
  }
}
