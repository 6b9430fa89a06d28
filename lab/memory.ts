import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** Bytes. */
export interface Memory {
  /** Sum of the resident sets: pages that several processes share are counted once for each. */
  readonly rssBytes: number;
  /** Proportional set size: a shared page is split among those that share it. Null where the kernel does not tell. */
  readonly pssBytes: number | null;
  readonly processes: number;
}

/** Memory of these processes together (`/proc/PID/status`, `/proc/PID/smaps_rollup`); those that are gone count nothing. */
export async function memoryOf(pids: readonly number[]): Promise<Memory> {
  const each = await Promise.all(pids.map(memoryOfOne));
  const found = each.filter((memory) => memory !== null);
  const pss = found.map(({ pssBytes }) => pssBytes).filter((bytes) => bytes !== null);
  return {
    rssBytes: sum(found.map(({ rssBytes }) => rssBytes)),
    pssBytes: pss.length === found.length ? sum(pss) : null,
    processes: found.length,
  };
}

export interface PeakMemory {
  /** Each figure's own peak; they need not be of one moment. */
  readonly peak: Memory;
  readonly samples: number;
}

export interface MemorySampler {
  /** Peak since the start, including a last sample taken now. */
  stop(): Promise<PeakMemory>;
}

/**
 * Pids of all processes of a lab, this one and a Temporal server included: their working directory, command line
 * or environment names its folder or something in it.
 */
export function labProcesses(dir: string): number[] {
  const names = (text: string) => text.includes(`${dir}/`) || text.split(/[\0=]/).includes(dir);
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => names(readOr(pid, 'cmdline')) || names(readOr(pid, 'environ')) || names(`${workingDir(pid)}/`))
    .map(Number);
}

function readOr(pid: string, file: 'cmdline' | 'environ'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}

function workingDir(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}

/**
 * Samples the memory of a changing set of processes until stopped.
 *
 * @param pidsNow asked anew for every sample, for example `() => labProcesses(dir)` or `() => [worker.pid]`.
 */
export function sampleMemory(pidsNow: () => readonly number[], periodMs = 2_000): MemorySampler {
  let peak: Memory = { rssBytes: 0, pssBytes: null, processes: 0 };
  let samples = 0;
  const sample = async () => {
    const now = await memoryOf(pidsNow());
    samples += 1;
    peak = {
      rssBytes: Math.max(peak.rssBytes, now.rssBytes),
      pssBytes: now.pssBytes === null ? peak.pssBytes : Math.max(peak.pssBytes ?? 0, now.pssBytes),
      processes: Math.max(peak.processes, now.processes),
    };
  };
  let last = sample();
  let stopped = false;
  const timer = setInterval(() => {
    last = last.then(sample);
  }, periodMs);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await last;
      if (!stopped) await sample();
      stopped = true;
      return { peak, samples };
    },
  };
}

async function memoryOfOne(pid: number): Promise<{ rssBytes: number; pssBytes: number | null } | null> {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'latin1');
    const rss = kibibytes(status, 'VmRSS');
    // A zombie and a kernel thread have no VmRSS.
    if (rss === null) return null;
    return { rssBytes: rss, pssBytes: await proportional(pid) };
  } catch {
    return null;
  }
}

async function proportional(pid: number): Promise<number | null> {
  try {
    return kibibytes(await readFile(`/proc/${pid}/smaps_rollup`, 'latin1'), 'Pss');
  } catch {
    return null;
  }
}

/** The value of a `Name:   123 kB` line in bytes. */
function kibibytes(text: string, name: string): number | null {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
  return found === undefined ? null : Number(found) * 1024;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
