import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PlanFileError, readPlan, requireSame, StalePlanError } from '../../src/cli/plan-file.js';
import { UsageError } from '../../src/cli/usage-error.js';
import { planHash } from '../../src/domain/canonical-json.js';
import { makePlan } from '../../src/domain/make-plan.js';
import type { PlanResult } from '../../src/domain/plan.js';
import type { Survey } from '../../src/domain/survey.js';
import { clusterIs } from '../fakes/survey-changes.js';
import { aSpreadConfig, aSurvey } from '../fakes/surveys.js';
import { zkferry } from '../cli/zkferry.js';
import { fixturePath } from './fixture-path.js';

const config = aSpreadConfig();
const planned = (survey: Survey = aSurvey(config), from = config): PlanResult => {
  const plan = makePlan(from, survey);
  return { plan, planHash: planHash(plan), findings: [] };
};
const files = { plan: 'plan.json', config: 'cluster.yaml' };

describe('a saved plan', function () {
  this.timeout(30_000);
  let folder: string;
  let file: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'zkferry-plan-'));
    file = join(folder, 'plan.json');
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });
  const refused = async (text: string, pattern: RegExp, cluster = 'test'): Promise<void> => {
    writeFileSync(file, text);
    await assert.rejects(readPlan(file, cluster), (error: unknown) => {
      assert.ok(error instanceof PlanFileError && error instanceof UsageError);
      assert.match(error.message, pattern);
      assert.match(error.remedy, /zkferry plan -o/);
      return true;
    });
  };

  it('is read as it was saved, and fits a fresh survey that sees the same', async () => {
    writeFileSync(file, JSON.stringify(planned(), null, 2));
    const saved = await readPlan(file, 'test');
    assert.deepEqual(saved, JSON.parse(JSON.stringify(planned())));
    requireSame(saved, planned(), files);
  });

  it('is refused when it is none, was changed, or is of another cluster', async () => {
    await refused('no JSON', /plan\.json cannot be read: .*JSON/);
    await refused('{}', /is no plan: plan /);
    const { plan, ...rest } = planned();
    await refused(JSON.stringify({ ...rest, plan: { ...plan, quorum: 1 } }), /was changed after it was saved/);
    await refused(JSON.stringify(planned()), /a plan of cluster test, and the config is of other/, 'other');
    await assert.rejects(readPlan(join(folder, 'nowhere.json'), 'test'), /cannot be read: ENOENT/);
  });

  it('ends start with 2 before anything is asked of anybody, and goes with no take-over', async () => {
    const config = fixturePath('minimal-cluster.yaml');
    const missing = await zkferry(['start', '--plan', join(folder, 'nowhere.json'), config]);
    assert.equal(missing.code, 2);
    assert.match(
      missing.stderr,
      /nowhere\.json cannot be read[^]*FERRY_PLAN_FILE; remedy: make it anew: zkferry plan -o/,
    );
    const both = await zkferry(['start', '--plan', file, '--take-over', 'zkferry-prod/run', config]);
    assert.equal(both.code, 2);
    assert.match(both.stderr, /'--plan <file>' cannot be used with option '--take-over <migration>'/);
  });

  it('is refused once the cluster has changed, naming what', () => {
    const stale = (survey: Survey, pattern: RegExp, from = config): void => {
      assert.throws(
        () => requireSame(planned(), planned(survey, from), files),
        (error: unknown) => {
          assert.ok(error instanceof StalePlanError && error instanceof UsageError);
          assert.equal(error.code, 'FERRY_STALE_PLAN');
          assert.match(error.message, pattern);
          assert.equal(error.remedy, 'look at the new plan and save it: zkferry plan -o plan.json cluster.yaml');
          return true;
        },
      );
    };
    stale(clusterIs(({ agents }) => ({ agents: agents.slice(1) }))(aSurvey(config)), /\n {2}agents\.a1 is gone$/);
    const again = clusterIs(({ agents }) => ({ agents: agents.map((one) => ({ ...one, id: `${one.id}-2` })) }));
    stale(again(aSurvey(config)), /\n {2}agents\.a1\.id: "a1-id" → "a1-id-2"\n {2}agents\.a2\.id/);
    const lower = { ...config, policy: { ...config.policy, budgetMs: 60_000 } };
    stale(aSurvey(config), /\n {2}budget\.budgetMs: 75000 → 60000/, lower);
    const slower = {
      ...config,
      policy: { ...config.policy, timeouts: { ...config.policy.timeouts, agentMs: 99_000 } },
    };
    stale(aSurvey(config), /\n {2}steps\.\d+\.worstMs: 10000 → 99000/, slower);
  });
});
