import assert from 'node:assert/strict';
import { ACTIVITIES, PHASES } from '../../lab/campaign/moments.js';
import { draw, type Scenario } from '../../lab/campaign/scenario.js';
import { faults } from '../../lab/faults/index.js';

describe('the scenarios of a campaign', () => {
  const many = Array.from({ length: 2_000 }, (_, nth) => draw(1, nth + 1));
  const planned = many.flatMap((scenario) => scenario.faults);
  const momentsIn = (strategy: Scenario['strategy']) =>
    many.filter((one) => one.strategy === strategy).flatMap((one) => one.faults.map(({ moment }) => moment));

  it('are the same for the same seed and run, and others for others', () => {
    assert.deepEqual(draw(7, 3), draw(7, 3));
    assert.notDeepEqual(draw(7, 3), draw(7, 4));
    assert.notDeepEqual(draw(7, 3), draw(8, 3));
  });

  it('do not depend on the runs before', () => {
    assert.deepEqual(many[41], draw(1, 42));
  });

  it('stay as they are when a fault is added, but where it is drawn itself', () => {
    const fewer = faults.filter(({ kind }) => kind !== 'worker-frozen');
    const others = many.filter((one) => one.faults.every(({ kind }) => kind !== 'worker-frozen'));
    assert.ok(others.length > 1_500);
    for (const one of others) assert.deepEqual(draw(1, one.run, { faults: fewer }), one);
  });

  it('cover every fault, and no other', () => {
    const drawn = new Set(planned.map(({ kind }) => kind));
    const wanted = faults.map(({ kind }) => kind);
    assert.deepEqual([...drawn].sort(), [...wanted].sort());
  });

  it('put faults only in strategies that they can hit', () => {
    for (const { strategy, faults: own } of many) {
      for (const { kind } of own) {
        const { strategies } = faults.find((fault) => fault.kind === kind) ?? {};
        assert.ok(strategies === undefined || strategies.includes(strategy), `${kind} in ${strategy}`);
      }
    }
  });

  for (const strategy of ['observers', 'dual-publishing'] as const) {
    it(`hit every phase, every gate, every activity and the window of ${strategy}`, () => {
      const moments = momentsIn(strategy);
      const phases = new Set(moments.map((moment) => (moment.at === 'phase' ? moment.phase : '')));
      for (const phase of PHASES[strategy]) assert.ok(phases.has(phase), phase);
      const activities = new Set<string>(moments.map((moment) => (moment.at === 'activity' ? moment.activity : '')));
      for (const activity of ACTIVITIES[strategy]) assert.ok(activities.has(activity), activity);
      const gates = new Set(moments.map((moment) => (moment.at === 'gate' ? moment.gate : '')));
      for (const gate of ['begin', 'cut-over', 'complete'] as const) assert.ok(gates.has(gate), gate);
      for (const at of ['window', 'way-back'] as const)
        assert.ok(
          moments.some((moment) => moment.at === at),
          at,
        );
    });
  }

  it('keep each fault as long as its kind says', () => {
    for (const { kind, lastsMs } of planned) {
      const range = faults.find((fault) => fault.kind === kind)?.lastsMs ?? null;
      if (range === null) assert.equal(lastsMs, null, kind);
      else
        assert.ok(lastsMs !== null && lastsMs >= range[0] && lastsMs <= range[1], `${kind} for ${String(lastsMs)} ms`);
    }
  });

  it('draw the way back as a moment only where something orders it', () => {
    for (const { faults: own } of many) {
      if (!own.some(({ moment }) => moment.at === 'way-back')) continue;
      assert.ok(own.some(({ kind }) => kind === 'rollback-ordered' || kind === 'cancelled'));
    }
  });
});
