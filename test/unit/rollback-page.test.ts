import assert from 'node:assert/strict';
import type { StrategyName } from '../../src/domain/config.js';
import type { Ferry } from '../../workflows/ferry.js';
import { strategies, type Strategy } from '../../workflows/strategies/index.js';
import { readPage } from '../docs/markdown.js';
import { aSpreadConfig } from '../fakes/surveys.js';

/** Phases are only named here, never applied, so nothing but what their making reads is needed. */
function strategy(name: StrategyName): Strategy {
  const config = { ...aSpreadConfig(), strategy: name };
  return strategies[name]({ config, found: null, publishing: {} } as unknown as Ferry);
}

const known = Object.keys(strategies) as StrategyName[];

describe('the page on going back', () => {
  const rows = [...readPage('docs/rollback.md').text.matchAll(/^\| (.+?) \| (.+?) \| (.+?) \|$/gm)].flatMap(
    ([, phases = '', , cost = '']) => [...phases.matchAll(/`([^`]+)`/g)].map(([, phase = '']) => ({ phase, cost })),
  );

  for (const name of known) {
    for (const { name: phase, rollbackCost } of strategy(name).phases) {
      it(`says what going back from ${phase} costs with ${name}, in the words that status shows`, () => {
        assert.deepEqual(
          rows.filter((row) => row.phase === phase).map(({ cost }) => cost),
          [rollbackCost],
        );
      });
    }
  }

  it('has no row for a phase that is not there', () => {
    const phases = new Set(known.flatMap((name) => strategy(name).phases.map((phase) => phase.name)));
    const others = rows.map(({ phase }) => phase).filter((phase) => !phases.has(phase));
    assert.deepEqual(others, ['preflight', 'begin', 'complete']);
  });
});

describe('the page on concepts', () => {
  const diagrams = readPage('docs/concepts.md').blocks.filter(({ text }) => text.startsWith('flowchart'));

  for (const [index, name] of known.entries()) {
    it(`draws the phases of ${name} in their order`, () => {
      const drawn = [...(diagrams[index]?.text ?? '').matchAll(/\w+(?:\[|\{\{)([^\]}]+)(?:\]|\}\})/g)].map(
        ([, label = '']) => label,
      );
      const { phases, closings } = strategy(name);
      const steps = phases.flatMap((phase) => (phase.gate ? [`gate ${phase.name}`, phase.name] : [phase.name]));
      assert.deepEqual(drawn, ['preflight', 'gate begin', ...steps, ...closings.map((closing) => closing.name)]);
    });
  }
});
