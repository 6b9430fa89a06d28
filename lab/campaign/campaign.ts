import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import pc from 'picocolors';
import type { StrategyName } from '../../src/domain/config.js';
import { breachScenario, breachWorkerCommand, requireBreachAllowed } from './breach.js';
import { thisMachine } from './machine.js';
import { described } from './moment.js';
import { RecordFile } from './record-file.js';
import type { RunRecord } from './run-record.js';
import { draw, type Scenario } from './scenario.js';
import { commitOfSources, sameSources } from './sources.js';
import { startRun } from './start-run.js';
import { summary } from './summary.js';

export interface CampaignOptions {
  readonly runs: number;
  readonly seed: number;
  readonly strategy?: StrategyName;
  /** This run alone. */
  readonly only?: number;
  readonly resume?: boolean;
  /** Labs at once. */
  readonly jobs: number;
  readonly record: string;
  /** Runs one scenario whose workers lie instead; it must fail. */
  readonly breach?: 'barrier';
  readonly say?: (text: string) => void;
  /** Ends the labs of the runs under way; only finished runs are recorded. */
  readonly signal?: AbortSignal;
}

/**
 * Migrates labs while things break, and judges each run.
 *
 * @returns the record of every run, those included that `resume` found
 * @throws the signal's reason
 */
export async function runCampaign(options: CampaignOptions): Promise<RunRecord[]> {
  const { say = (text: string) => process.stdout.write(`${text}\n`), signal = new AbortController().signal } = options;
  if (options.breach !== undefined) requireBreachAllowed();
  const commit = commitOfSources();
  const file = new RecordFile(options.record);
  const held = options.resume === true ? file.read().filter((one) => isHeld(one, options, commit)) : [];
  const limit = pLimit(options.jobs);
  const runs = scenarios(options).map((scenario) =>
    limit(async () => {
      const before = held.findLast(({ run, judgement }) => run === scenario.run && judgement !== 'unproved');
      if (before !== undefined) return before;
      signal.throwIfAborted();
      const first = await oneRun(scenario, { options, commit, say, signal });
      file.append(first);
      if (first.judgement !== 'unproved') return first;
      say(`run ${scenario.run} is repeated: ${first.reasons.join('; ')}`);
      const second = {
        ...(await oneRun(scenario, { options, commit, say, signal })),
        repeats: first.reasons.join('; '),
      };
      file.append(second);
      return second;
    }),
  );
  // One that fails or is interrupted must not leave the labs of the others.
  await Promise.allSettled(runs);
  const records = await Promise.all(runs);
  say(summary(records));
  return records;
}

function scenarios({ runs, seed, only, strategy, breach }: CampaignOptions): Scenario[] {
  if (breach !== undefined) return [breachScenario(seed)];
  const numbers = only === undefined ? Array.from({ length: runs }, (_, nth) => nth + 1) : [only];
  return numbers.map((run) => draw(seed, run, strategy === undefined ? {} : { strategy }));
}

/** Whether a recorded run is what this campaign would do again. */
function isHeld({ seed, commit: at, scenario }: RunRecord, { seed: own, strategy }: CampaignOptions, commit: string) {
  return seed === own && (strategy === undefined || scenario.strategy === strategy) && sameSources(at, commit);
}

interface Around {
  readonly options: CampaignOptions;
  readonly commit: string;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

async function oneRun(scenario: Scenario, { options, commit, say: tell, signal }: Around): Promise<RunRecord> {
  const { seed, run, strategy, agents, frameworks, versions, faults } = scenario;
  // Sockets lie below it, and their paths must stay short.
  const dir = mkdtempSync(join(tmpdir(), 'zkc-'));
  const began = performance.now();
  const say = (text: string) => {
    const seconds = ((performance.now() - began) / 1000).toFixed(1).padStart(6);
    tell(`${pc.dim(`run ${run} ${seconds} s`)}  ${text}`);
  };
  const size = `${agents} agents, ${frameworks} framework(s), ZooKeeper ${versions.source} → ${versions.target}`;
  say(pc.bold(`${strategy}, ${size}${scenario.credentials ? ', with passwords' : ''}`));
  for (const { kind, moment, lastsMs } of faults)
    say(`planned: ${kind} at ${described(moment)}${lastsMs === null ? '' : `, for ${lastsMs} ms`}`);
  const liar = options.breach === undefined ? {} : { workerCommand: breachWorkerCommand() };
  const ran = await startRun({ scenario, dir, commit, ...liar }, say, signal).catch((interrupted: unknown) => {
    rmSync(dir, { recursive: true, force: true });
    throw interrupted;
  });
  const record = { ...ran, machine: thisMachine(options.jobs) };
  const colour = record.judgement === 'passed' ? pc.green : pc.red;
  say(colour(`${record.judgement}: ${record.end} after ${Math.round(record.durationMs / 1000)} s`));
  for (const reason of record.reasons) say(colour(reason));
  if (record.judgement === 'passed') {
    rmSync(dir, { recursive: true, force: true });
    return record;
  }
  const way = strategyGiven(options);
  const replay = options.breach === undefined ? `--only ${run}${way}` : `--breach ${options.breach}`;
  say(`to run it again: npm run campaign -- --seed ${seed} ${replay}`);
  say(`logs, histories and records: ${dir}`);
  return { ...record, kept: dir };
}

function strategyGiven({ strategy }: CampaignOptions): string {
  return strategy === undefined ? '' : ` --strategy ${strategy}`;
}
