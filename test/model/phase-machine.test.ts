import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorkflows } from '../../src/bundle-workflows.js';
import type { StrategyName } from '../../src/domain/config.js';
import type { Bounds } from './machine/choices.js';
import { explore, type Violation } from './machine/explorer.js';
import { SABOTAGES, sabotaged } from './machine/sabotages.js';
import { Sandbox } from './machine/sandbox.js';

const STRATEGIES: readonly StrategyName[] = ['observers', 'dual-publishing'];
const BOUNDS: readonly Bounds[] = [
  { unusual: 1, within: 'everywhere', thenBack: true },
  { unusual: 2, within: 'window' },
];

function told({ invariant, seen, path }: Violation): string {
  return `${invariant}: ${seen}\n${path.map((step, at) => `  ${String(at + 1).padStart(3)} ${step}`).join('\n')}`;
}

describe('every way a migration can go', function () {
  this.timeout(300_000);
  let code = '';

  before(async () => {
    const dir = await mkdtemp(join(tmpdir(), 'zkferry-model-'));
    try {
      code = await readFile(await bundleWorkflows(join(dir, 'bundle.js')), 'utf8');
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });

  for (const strategy of STRATEGIES) {
    for (const bounds of BOUNDS) {
      it(`${strategy}: with ${bounds.unusual} unusual event ${bounds.within} all invariants hold`, () => {
        const { violations, ...found } = explore(new Sandbox(code), strategy, { bounds });
        const { states, transitions, ends, ms } = found;
        const reached = Object.entries(ends).map(([end, times]) => `${end} ${times}`);
        console.log(
          `      ${states} states, ${transitions} transitions, ${(ms / 1000).toFixed(1)} s of processor time`,
        );
        console.log(`      ends: ${reached.join(', ')}`);
        assert.deepEqual(violations.map(told), []);
        assert.ok((ends['migrated'] ?? 0) > 0 && (ends['rolled-back'] ?? 0) > 0);
      });
    }
  }

  for (const sabotage of SABOTAGES) {
    it(`sees that ${sabotage.what}`, () => {
      const { strategy, within, breaks } = sabotage;
      const { violations } = explore(new Sandbox(sabotaged(code, sabotage)), strategy, {
        bounds: { unusual: 1, within },
        stopAtFirst: breaks,
      });
      const seen = violations.find(({ invariant }) => invariant === breaks);
      assert.ok(seen, `${breaks} was not broken; ${violations.map(told).join('\n')}`);
      assert.ok(seen.path.length > 0);
    });
  }
});
