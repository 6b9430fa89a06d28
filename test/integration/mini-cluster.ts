import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MasterJournalRecord } from '../../lab/contract.js';

/** One process of the miniature, started and stopped by hand. */
export interface MiniProcess {
  readonly name: string;
  readonly kind: 'master' | 'agent' | 'framework';
  readonly ip: string;
  readonly port: number;
  child: ChildProcess | null;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** Masters, agents and frameworks of the miniature as real processes on loopback addresses. */
export class MiniCluster {
  readonly processes = new Map<string, MiniProcess>();

  constructor(
    readonly dir: string,
    private readonly subnet: string,
    private readonly zk: string,
    private readonly factor: number,
  ) {
    mkdirSync(dir, { recursive: true });
  }

  master(n: number, quorum: number, extra: readonly string[] = [], zk = this.zk): MiniProcess {
    const flags = [`--zk=${zk}`, `--quorum=${quorum}`, '--cluster=mini'];
    return this.start({ name: `m${n}`, kind: 'master', ip: `${this.subnet}.${10 + n}`, port: 5050 }, [
      ...flags,
      ...extra,
    ]);
  }

  agent(n: number, extra: readonly string[] = [], zk = this.zk): MiniProcess {
    const where = { name: `a${n}`, kind: 'agent' as const, ip: `${this.subnet}.${20 + n}`, port: 5051 };
    return this.start(where, [`--master=${zk}`, ...extra]);
  }

  framework(extra: readonly string[] = [], zk = this.zk): MiniProcess {
    const where = { name: 'f1', kind: 'framework' as const, ip: `${this.subnet}.31`, port: 5050 };
    return this.start(where, [`--master=${zk}`, ...extra]);
  }

  private start(where: Omit<MiniProcess, 'child'>, flags: readonly string[]): MiniProcess {
    const main = fileURLToPath(new URL(`../../lab/mesos/${where.kind}-main.js`, import.meta.url));
    const args = ['--max-old-space-size=96', main, ...flags];
    const own = [`--ip=${where.ip}`, `--port=${where.port}`];
    if (!flags.some((flag) => flag.startsWith('--work_dir='))) own.push(`--work_dir=${this.workDir(where.name)}`);
    const log = openSync(this.logFile(where.name), 'a');
    const env = {
      PATH: process.env['PATH'] ?? '',
      MINI_MESOS_FACTOR: String(this.factor),
      MINI_MESOS_JOURNAL: join(this.dir, `${where.name}.jsonl`),
    };
    const hostname = flags.some((flag) => flag.startsWith('--hostname=')) ? [] : [`--hostname=${where.name}`];
    const child = spawn(process.execPath, [...args, ...own, ...hostname], { stdio: ['ignore', log, log], env });
    closeSync(log);
    const started = { ...where, child };
    this.processes.set(where.name, started);
    return started;
  }

  workDir(name: string): string {
    return join(this.dir, name);
  }

  logFile(name: string): string {
    return join(this.dir, `${name}.log`);
  }

  log(name: string): string {
    return readFileSync(this.logFile(name), 'utf8');
  }

  /** For the reader of a failed test. */
  printLogs(lines = 25): void {
    for (const name of this.processes.keys()) {
      process.stderr.write(`--- ${name}\n${this.log(name).split('\n').slice(-lines).join('\n')}\n`);
    }
  }

  journal(name: string): MasterJournalRecord[] {
    const path = join(this.dir, `${name}.jsonl`);
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as MasterJournalRecord);
  }

  /** Sends a signal and waits for the end. */
  async stop(name: string, signal: NodeJS.Signals): Promise<Exit> {
    this.processes.get(name)?.child?.kill(signal);
    return this.exit(name);
  }

  async exit(name: string): Promise<Exit> {
    const child = this.processes.get(name)?.child;
    assert.ok(child, `${name} was never started`);
    await until(`${name} ends`, () => child.exitCode !== null || child.signalCode !== null, 60_000);
    return { code: child.exitCode, signal: child.signalCode };
  }

  runs(name: string): boolean {
    const child = this.processes.get(name)?.child;
    return child !== null && child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  async get(
    name: string,
    path: string,
    init: RequestInit = {},
  ): Promise<{ status: number; body: string; location: string | null }> {
    const process = this.processes.get(name);
    assert.ok(process, `${name} was never started`);
    const answer = await fetch(`http://${process.ip}:${process.port}${path}`, { redirect: 'manual', ...init });
    return { status: answer.status, body: await answer.text(), location: answer.headers.get('location') };
  }

  /** The JSON body, or null when the process does not answer with one. */
  async json(name: string, path: string): Promise<Record<string, unknown> | null> {
    try {
      const { status, body } = await this.get(name, path);
      return status === 200 ? (JSON.parse(body) as Record<string, unknown>) : null;
    } catch {
      return null;
    }
  }

  async metric(name: string, metric: string): Promise<number | null> {
    const metrics = await this.json(name, '/metrics/snapshot');
    return typeof metrics?.[metric] === 'number' ? metrics[metric] : null;
  }

  /** The master that leads and has recovered, or null. */
  async leader(): Promise<string | null> {
    for (const { name, kind } of this.processes.values()) {
      if (kind !== 'master' || !this.runs(name)) continue;
      if ((await this.metric(name, 'master/elected')) !== 1) continue;
      const v1 = await this.get(name, '/api/v1', { method: 'POST', body: '{"type":"GET_HEALTH"}' }).catch(() => null);
      if (v1?.status === 200) return name;
    }
    return null;
  }

  async awaitLeader(other: string | null = null, limitMs = 20_000): Promise<string> {
    let leader: string | null = null;
    await until('a master leads', async () => (leader = await this.leader()) !== null && leader !== other, limitMs);
    return leader ?? '';
  }

  /** Ids of active agents by hostname, as the leader lists them. */
  async agents(leader: string): Promise<Record<string, string>> {
    const body = await this.json(leader, '/slaves');
    const rows = (body?.['slaves'] ?? []) as { id: string; hostname: string; active: boolean }[];
    return Object.fromEntries(rows.filter(({ active }) => active).map(({ id, hostname }) => [hostname, id]));
  }

  async runningTasks(leader: string): Promise<string[]> {
    const body = await this.json(leader, '/tasks');
    const rows = (body?.['tasks'] ?? []) as { id: string; state: string }[];
    return rows
      .filter(({ state }) => state === 'TASK_RUNNING')
      .map(({ id }) => id)
      .sort();
  }

  /** Task id → pid, from the agent's checkpoint. */
  taskPids(agent: string): Record<string, number> {
    const pids: Record<string, number> = {};
    const slaves = join(this.workDir(agent), 'meta', 'slaves');
    const frameworks = join(slaves, readlinkSync(join(slaves, 'latest')), 'frameworks');
    if (!existsSync(frameworks)) return pids;
    for (const framework of readdirSync(frameworks)) {
      const executors = join(frameworks, framework, 'executors');
      for (const executor of readdirSync(executors)) {
        const run = join(executors, executor, 'runs', 'latest');
        if (existsSync(join(run, 'executor.sentinel'))) continue;
        pids[executor] = Number(readFileSync(join(run, 'pids', 'forked.pid'), 'utf8'));
      }
    }
    return pids;
  }

  /** Kills every process and every task. */
  async stopAll(): Promise<void> {
    for (const { name } of this.processes.values()) if (this.runs(name)) await this.stop(name, 'SIGKILL');
    for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        if (readlinkSync(`/proc/${entry}/cwd`).startsWith(`${this.dir}/`)) process.kill(Number(entry), 'SIGKILL');
      } catch {
        // Gone already, or not ours to look at.
      }
    }
  }
}

export function alive(pid: number): boolean {
  try {
    return !/^\S+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Whether a process carries this task id in its environment. */
export function taskProcessExists(taskId: string): boolean {
  return readdirSync('/proc').some((entry) => {
    try {
      return (
        /^\d+$/.test(entry) && readFileSync(`/proc/${entry}/environ`, 'utf8').includes(`MESOS_TASK_ID=${taskId}\0`)
      );
    } catch {
      return false;
    }
  });
}

/** Waits until something holds. @throws AssertionError after `limitMs`, naming what was awaited. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, limitMs = 20_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > deadline) assert.fail(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}
