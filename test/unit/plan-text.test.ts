import assert from 'node:assert/strict';
import { stripVTControlCharacters } from 'node:util';
import { describeFindings } from '../../src/cli/findings-text.js';
import { describePlan } from '../../src/cli/plan-text.js';
import { planHash } from '../../src/domain/canonical-json.js';
import { makePlan } from '../../src/domain/make-plan.js';
import type { PlanResult } from '../../src/domain/plan.js';
import { preflight } from '../../src/domain/preflight.js';
import { aDualConfig, aDualSurvey, aSpreadConfig, aSurvey } from '../fakes/surveys.js';

function planned(config = aSpreadConfig(), survey = aSurvey(config)): PlanResult {
  const plan = makePlan(config, survey);
  return { plan, planHash: planHash(plan), findings: preflight(config, survey) };
}

function text(result: PlanResult, columns = 80): string {
  const lines = [...describePlan(result, columns), ...describeFindings(result.findings, columns)];
  return stripVTControlCharacters(lines.join('\n'));
}

describe('a plan for people', () => {
  it('fits 80 columns with either strategy', () => {
    const dual = aDualConfig();
    for (const result of [planned(), planned(dual, aDualSurvey(dual))]) {
      for (const line of text(result).split('\n')) assert.ok(line.length <= 80, line);
    }
  });

  it('counts every step once, in order, with its hosts', () => {
    const result = planned();
    const said = text(result);
    const counts = [...said.matchAll(/^ {0,4}(\d+)(?:–(\d+))? {2}\S/gm)].map(([, from, to]) => [
      Number(from),
      Number(to ?? from),
    ]);
    let next = 1;
    for (const [from = 0, to = 0] of counts) {
      assert.equal(from, next);
      next = to + 1;
    }
    assert.equal(next, result.plan.steps.length + 1);
    for (const { host } of result.plan.steps) if (host !== null) assert.match(said, new RegExp(`\\b${host}\\b`));
  });

  it('says of agents what changes, how long it takes, who notices and how it is undone, once for all', () => {
    const [, move = ''] = /^move-agents\n([^]*?)\n\n/m.exec(text(planned())) ?? [];
    assert.match(move, /^ *\d+–\d+ {2}set \/etc\/mesos\/zk and restart mesos-slave\n +on +a1, a2$/m);
    assert.match(move, /- before +zk:\/\/10\.1\.0\.1:2181/);
    assert.match(move, /\+ after +zk:\/\/10\.1\.0\.7:2181/);
    assert.match(move, /each +10\.0 s expected; at worst 10\.0 s, then a person is asked/);
    assert.match(
      move,
      /affects +each agent in turn: away from its master until it registers\s+again; its tasks keep running/,
    );
    assert.match(move, /undo +the original line back, and restart$/);
  });

  it('says that the window has no leader, and which time it has', () => {
    const [, window = ''] = /^cut-over\n([^]*?)\n\n/m.exec(text(planned())) ?? [];
    assert.match(window, /affects +everybody: no master leads/);
    assert.match(window, /within the budget/);
  });
});
