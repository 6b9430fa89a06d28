import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorkflows } from '../../../src/bundle-workflows.js';
import type { StrategyName } from '../../../src/domain/config.js';
import type { Bounds } from './choices.js';
import { explore, type Violation } from './explorer.js';
import { Sandbox } from './sandbox.js';

export const STRATEGIES: readonly StrategyName[] = ['observers', 'dual-publishing'];

/** The workflows' code as workers run it. */
export async function bundledCode(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'zkferry-model-'));
  try {
    return await readFile(await bundleWorkflows(join(dir, 'bundle.js')), 'utf8');
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** @throws AssertionError with the way to each broken invariant */
export function allHolds(code: string, strategy: StrategyName, bounds: Bounds): void {
  const { violations, states, transitions, ends, ms } = explore(new Sandbox(code), strategy, { bounds });
  const reached = Object.entries(ends).map(([end, times]) => `${end} ${times}`);
  console.log(`      ${states} states, ${transitions} transitions, ${(ms / 1000).toFixed(1)} s of processor time`);
  console.log(`      ends: ${reached.join(', ')}`);
  assert.deepEqual(violations.map(told), []);
  assert.ok((ends['migrated'] ?? 0) > 0 && (ends['rolled-back'] ?? 0) > 0);
}

export function told({ invariant, seen, path }: Violation): string {
  return `${invariant}: ${seen}\n${path.map((step, at) => `  ${String(at + 1).padStart(3)} ${step}`).join('\n')}`;
}
