import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LogEntry, PromiseReply, RecoverReply, ReplicaStatus, WriteReply } from './replica-transport.js';

interface ReplicaState {
  readonly status: ReplicaStatus;
  /** Highest proposal promised or accepted. */
  readonly promised: number;
  readonly entry: LogEntry;
}

/**
 * One replica of the registry on disk: what it promised and what it accepted. It answers for its disk
 * only, synchronously, so that a promise outlives the process that gave it (src/log/replica.cpp).
 */
export class Replica {
  readonly #file: string;
  #state: ReplicaState;

  constructor(private readonly dir: string) {
    mkdirSync(dir, { recursive: true });
    this.#file = join(dir, 'replica.json');
    this.#state = this.#read() ?? { status: 'EMPTY', promised: 0, entry: { position: 0, proposal: 0, value: null } };
  }

  get status(): ReplicaStatus {
    return this.#state.status;
  }

  recover(): RecoverReply {
    return this.#state;
  }

  /** Only a proposal above every earlier one is granted; only a voting replica's word counts. */
  promise(proposal: number): PromiseReply {
    const { status, promised, entry } = this.#state;
    if (status !== 'VOTING') return { ignored: true, okay: false, promised, entry };
    if (proposal <= promised) return { okay: false, promised, entry };
    this.#write({ status, promised: proposal, entry });
    return { okay: true, promised: proposal, entry };
  }

  write(entry: LogEntry): WriteReply {
    const { status, promised } = this.#state;
    if (status !== 'VOTING') return { ignored: true, okay: false, promised };
    if (entry.proposal < promised) return { okay: false, promised };
    this.#write({ status, promised: entry.proposal, entry });
    return { okay: true, promised: entry.proposal };
  }

  /** First half of the start of a new cluster: all replicas are empty. */
  start(): void {
    this.#write({ ...this.#state, status: 'STARTING' });
  }

  /** Votes from now on, with what was learned from replicas that voted already. */
  vote(learned: Pick<ReplicaState, 'promised' | 'entry'> = this.#state): void {
    this.#write({ status: 'VOTING', promised: learned.promised, entry: learned.entry });
  }

  #read(): ReplicaState | null {
    try {
      return JSON.parse(readFileSync(this.#file, 'utf8')) as ReplicaState;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  #write(state: ReplicaState): void {
    const draft = `${this.#file}.draft`;
    writeFileSync(draft, JSON.stringify(state));
    sync(draft);
    renameSync(draft, this.#file);
    sync(this.dir);
    this.#state = state;
  }
}

function sync(path: string): void {
  const file = openSync(path, 'r');
  fsyncSync(file);
  closeSync(file);
}
