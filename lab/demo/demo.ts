import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pc from 'picocolors';
import type { StrategyName } from '../../src/domain/config.js';
import type { GateName, MigrationStatus } from '../../src/domain/status.js';
import { watchedLab } from '../judge-lab.js';
import { labProcesses, sampleMemory } from '../memory.js';
import { Stage } from '../stage/stage.js';
import type { Migration } from '../stage/migration.js';
import { exerciseMirrors } from './exercise-mirrors.js';
import { killWorkerInWindow } from './kill-worker.js';
import { summary } from './summary.js';
import { writeReports } from './write-reports.js';

export interface DemoOptions {
  readonly strategy: StrategyName;
  readonly agents: number;
  readonly zookeeper?: string;
  readonly interactive?: true;
  readonly keep?: true;
  readonly ui?: true;
  /** `host:port` of a Temporal server to use instead of one of its own. */
  readonly temporal?: string;
  /** Of that server. */
  readonly namespace: string;
  readonly killWorker?: true;
  readonly json: string;
}

const GATES: readonly GateName[] = ['begin', 'cut-over', 'complete'];

/**
 * Boots a lab, migrates it and judges the migration by the watchers' records alone.
 *
 * @returns true when it migrated and every promise held
 */
export async function runDemo(options: DemoOptions): Promise<boolean> {
  // Sockets lie below this folder, and their paths must stay short.
  const dir = await mkdtemp(join(tmpdir(), 'zkferry-demo-'));
  const began = performance.now();
  const say = (text: string) => {
    const seconds = ((performance.now() - began) / 1000).toFixed(1).padStart(6);
    process.stdout.write(`${pc.dim(`${seconds} s`)}  ${text}\n`);
  };
  const { interrupted, signal } = onInterrupt();
  say(`booting a lab with ${options.agents} agents in ${dir}`);
  const ui = options.ui === true || options.interactive === true || options.keep === true;
  const starting = Stage.start({
    dir,
    agents: options.agents,
    strategy: options.strategy,
    ...(options.zookeeper === undefined ? {} : { zookeeper: options.zookeeper }),
    ...(options.temporal === undefined
      ? {}
      : { temporal: { address: options.temporal, namespace: options.namespace } }),
    workers: options.killWorker ? 2 : 1,
    ui,
    signal,
    onProgress: say,
  });
  try {
    const stage = await starting;
    const passed = await Promise.race([migrate(stage, options, say), interrupted]);
    if (options.keep) {
      say('everything keeps running until you press Ctrl-C; how to look at it:');
      for (const line of waysToLook(stage)) process.stdout.write(`          ${line}\n`);
      await interrupted.catch(() => undefined);
    }
    return passed;
  } finally {
    say('stopping everything');
    // What had not come up when it was interrupted has stopped itself.
    await (await starting.catch(() => null))?.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function migrate(stage: Stage, options: DemoOptions, say: (text: string) => void): Promise<boolean> {
  const { lab } = stage;
  const labMemory = sampleMemory(() => labProcesses(lab.dir).filter((pid) => pid !== process.pid));
  const workerMemory = sampleMemory(() => stage.workers.map(({ pid }) => pid));
  if (options.interactive) for (const line of waysToLook(stage)) say(line);
  const migration = await stage.migrate();
  say(`migration ${migration.handle.workflowId} started; nothing is written before gate begin`);
  const tell = teller(say);
  let exercised = Promise.resolve();
  let killed: Promise<boolean> | null = null;
  for (const gate of GATES) {
    if (gate === 'cut-over') {
      await exercised;
      if (options.killWorker) killed = killWorkerInWindow(stage, migration, options.strategy, say);
      killed?.catch(() => undefined);
    }
    if (options.interactive) await migration.until(isPast(gate), { onStatus: tell, patienceMs: 24 * 3_600_000 });
    else await approve(migration, gate, tell, say);
    if (gate === 'begin' && options.strategy === 'dual-publishing') {
      // While agents move: that is when masters come and go in real life, too.
      exercised = migration
        .until((s) => s.phase === 'move-agents', { patienceMs: 60_000 })
        .then(() => exerciseMirrors(lab, say));
      exercised.catch(() => undefined);
    }
  }
  const ended = (s: MigrationStatus) => ['migrated', 'rolled-back', 'stranded'].includes(s.state);
  await migration.until(ended, { onStatus: tell, patienceMs: options.interactive ? 24 * 3_600_000 : 300_000 });
  const status = await migration.result();

  say('asking the watchers');
  await delay(1_500); // one more round of the slowest watchers after the end
  const memory = { lab: (await labMemory.stop()).peak, worker: (await workerMemory.stop()).peak };
  const { verdicts, watched } = await watchedLab(lab.refresh(), { strategy: options.strategy });
  const { json, page } = await writeReports({ client: stage.client, migration, status, watched, json: options.json });
  process.stdout.write(
    `\n${summary(status, verdicts, memory)}\nreport: ${json}\n        ${page} (open it in a browser)\n`,
  );
  return status.state === 'migrated' && verdicts.passed && (killed === null || (await killed));
}

async function approve(
  migration: Migration,
  gate: GateName,
  tell: (status: MigrationStatus) => void,
  say: (text: string) => void,
): Promise<void> {
  const waiting = await migration.until(
    (s) =>
      (s.state === 'awaiting-approval' && s.waitingFor?.what.includes(`gate ${gate} `) === true) ||
      s.state === 'awaiting-decision',
    { onStatus: tell, patienceMs: 300_000 },
  );
  if (waiting.state === 'awaiting-decision')
    throw new Error(`the demo has no operator to decide: ${waiting.waitingFor?.what ?? ''}`);
  if (gate === 'begin') {
    const planned = await migration.plan();
    const { budget, pointOfNoReturn, steps } = planned?.plan ?? {};
    say(
      `plan ${waiting.planHash?.slice(0, 12) ?? ''}: ${steps?.length ?? 0} steps; budget ${budget?.derivation ?? ''}`,
    );
    say(`point of no return: ${pointOfNoReturn ?? ''}`);
    for (const { verdict, id, host, seen } of planned?.findings ?? []) {
      if (verdict === 'warn') say(`${pc.yellow('warn')} ${id}${host === null ? '' : ` on ${host}`}: ${seen}`);
    }
  }
  say(pc.cyan(`the demo approves gate ${gate}`));
  await migration.approve(gate, 'the demo');
}

/** Prints what changed since the last status. */
function teller(say: (text: string) => void): (status: MigrationStatus) => void {
  let last = '';
  const told = new Set<string>();
  return (status) => {
    const { done, total } = status.progress;
    const line = `${status.phase}${total > 0 ? ` ${done}/${total}` : ''}`;
    if (line !== last && status.state !== 'awaiting-approval') say(line);
    last = line;
    for (const { id, code, host, message } of status.incidents) {
      if (told.has(id)) continue;
      told.add(id);
      say(pc.red(`incident ${id} ${code}${host === null ? '' : ` on ${host}`}: ${message}`));
    }
  };
}

function isPast(gate: GateName): (status: MigrationStatus) => boolean {
  return (s) =>
    s.approvals.some((approval) => approval.gate === gate) || s.state === 'rolled-back' || s.state === 'stranded';
}

function waysToLook(stage: Stage): string[] {
  const { lab, temporal } = stage;
  return [
    `export TEMPORAL_ADDRESS=${temporal.address} TEMPORAL_NAMESPACE=${stage.client.options.namespace}`,
    `npx zkferry status ${lab.json.cluster}`,
    `temporal workflow describe -w zkferry-${lab.json.cluster}`,
    ...(temporal.uiPort === null ? [] : [`Temporal UI: http://127.0.0.1:${temporal.uiPort}`]),
    `config: ${lab.clusterFile}   lab: ${join(lab.dir, 'lab.json')}`,
    `a host: ssh -i ${join(lab.dir, 'ssh', 'id_ed25519')} -o UserKnownHostsFile=${join(lab.dir, 'ssh', 'known_hosts')} -p 2222 operator@${lab.json.masters[0]?.host ?? ''}`,
  ];
}

/** Tells when the demo is interrupted, so that its `finally` cleans up. */
function onInterrupt(): { readonly interrupted: Promise<never>; readonly signal: AbortSignal } {
  const controller = new AbortController();
  const interrupted = new Promise<never>((_, reject) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const)
      process.once(name, () => {
        const reason = new Error(`interrupted (${name})`);
        controller.abort(reason);
        reject(reason);
      });
  });
  interrupted.catch(() => undefined);
  return { interrupted, signal: controller.signal };
}
