import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { WatchRecord } from '../contract.js';

/** Appends records to `dir/<stream>.jsonl`, each written through before the call returns. */
export class RecordFile {
  private readonly fd: number;

  constructor(dir: string, stream: string) {
    mkdirSync(dir, { recursive: true });
    this.fd = openSync(join(dir, `${stream}.jsonl`), 'a');
  }

  append(record: WatchRecord): void {
    writeSync(this.fd, `${JSON.stringify(record)}\n`);
  }

  close(): void {
    closeSync(this.fd);
  }
}
