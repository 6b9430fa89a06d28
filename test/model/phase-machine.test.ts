import assert from 'node:assert/strict';
import { explore } from './machine/explorer.js';
import { SABOTAGES, sabotaged } from './machine/sabotages.js';
import { Sandbox } from './machine/sandbox.js';
import { allHolds, bundledCode, STRATEGIES, told } from './machine/told.js';

describe('every way a migration can go', function () {
  this.timeout(600_000);
  let code = '';

  before(async () => {
    code = await bundledCode();
  });

  for (const strategy of STRATEGIES) {
    it(`${strategy}: all invariants hold whatever happens once, and a rollback after it leads back`, () => {
      allHolds(code, strategy, { unusual: 1, within: 'everywhere', thenBack: true });
    });
  }

  for (const sabotage of SABOTAGES) {
    it(`sees that ${sabotage.what}`, () => {
      const { strategy, within, breaks, thenBack = false } = sabotage;
      const { violations } = explore(new Sandbox(sabotaged(code, sabotage)), strategy, {
        bounds: { unusual: 1, within, thenBack },
        stopAtFirst: breaks,
      });
      const seen = violations.find(({ invariant }) => invariant === breaks);
      assert.ok(seen, `${breaks} was not broken; ${violations.map(told).join('\n')}`);
      assert.ok(seen.path.length > 0);
    });
  }
});
