import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pc from 'picocolors';
import type { StrategyName } from '../../src/domain/config.js';
import { RecordFile } from './record-file.js';
import type { RunRecord } from './run-record.js';
import { runScenario } from './run-scenario.js';
import { draw } from './scenario.js';
import { commitOfSources, sameSources } from './sources.js';

export interface CampaignOptions {
  readonly runs: number;
  readonly seed: number;
  readonly strategy?: StrategyName;
  readonly only?: number;
  readonly resume?: true;
  readonly jobs: number;
  readonly record: string;
}

/** @returns true when no run failed or stayed unproved */
export async function runCampaign(options: CampaignOptions): Promise<boolean> {
  const commit = commitOfSources();
  const record = new RecordFile(options.record);
  const held = options.resume === true ? record.read() : [];
  const isHeld = (run: number) =>
    held.some((line) => line.seed === options.seed && line.run === run && sameSources(line.commit, commit));
  const numbers =
    options.only === undefined ? Array.from({ length: options.runs }, (_, nth) => nth + 1) : [options.only];
  let good = true;
  for (const run of numbers.filter((number) => !isHeld(number))) {
    const result = await oneRun(run, options, commit);
    record.append(result);
    good &&= result.judgement === 'passed';
  }
  return good;
}

async function oneRun(run: number, options: CampaignOptions, commit: string): Promise<RunRecord> {
  // Sockets lie below it, and their paths must stay short.
  const dir = mkdtempSync(join(tmpdir(), 'zkc-'));
  const scenario = draw(options.seed, run, options.strategy === undefined ? {} : { strategy: options.strategy });
  const began = performance.now();
  const say = (text: string) => {
    const seconds = ((performance.now() - began) / 1000).toFixed(1).padStart(6);
    process.stdout.write(`${pc.dim(`run ${run} ${seconds} s`)}  ${text}\n`);
  };
  say(`${scenario.strategy}, ${scenario.faults.map(({ kind }) => kind).join(', ')}`);
  const result = await runScenario(scenario, { dir, commit, say });
  say(`${result.judgement}: ${result.end}`);
  for (const reason of result.reasons) say(pc.red(reason));
  if (result.judgement === 'passed') {
    rmSync(dir, { recursive: true, force: true });
    return result;
  }
  say(`replay: npm run campaign -- --seed ${options.seed} --only ${run}   kept: ${dir}`);
  return { ...result, kept: dir };
}
