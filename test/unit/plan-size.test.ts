import assert from 'node:assert/strict';
import { planHash } from '../../src/domain/canonical-json.js';
import { carriedPlan, wholePlan } from '../../src/domain/carried-plan.js';
import { makePlan } from '../../src/domain/make-plan.js';
import type { Finding, PlanResult } from '../../src/domain/plan.js';
import { preflight } from '../../src/domain/preflight.js';
import { CARRIED_MAX_BYTES, deliverable, sizeRules } from '../../src/domain/preflight/size-rules.js';
import { agentsAre } from '../fakes/survey-changes.js';
import { aSpreadConfig, aSurvey } from '../fakes/surveys.js';

const LIMIT_OF_TEMPORAL = 2 * 1024 * 1024;

describe('the size of a plan', () => {
  const base = aSpreadConfig();
  const bytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
  /** As a migration of so many agents would be planned, of which `listed` are in the config. */
  const planned = (agents: number, listed = 0) => {
    const survey = agentsAre(agents)(aSurvey(base));
    const hosts = survey.cluster?.agents.slice(0, listed).map(({ agent }) => agent) ?? [];
    const config = listed === 0 ? base : { ...base, agents: { ...base.agents, hosts } };
    const result: PlanResult = { plan: makePlan(config, survey), planHash: '0', findings: preflight(config, survey) };
    return { config, result, tooLarge: result.findings.filter(({ id }) => id === 'plan-too-large') };
  };

  it('blocks before it reaches what the Temporal server carries, and says how many bytes and agents there are', () => {
    const { result, tooLarge } = planned(2_800);
    assert.ok(bytes(result) < LIMIT_OF_TEMPORAL, 'it would pass the survey');
    const seen = tooLarge.map((one) => one.seen).join();
    assert.match(seen, /take \d{7} bytes with 2800 agents/);
    assert.equal(tooLarge[0]?.verdict, 'block');
  });

  it('blocks nobody with a thousand agents less', () => {
    assert.deepEqual(planned(1_700).tooLarge, []);
  });

  it('counts the hosts that a config lists, which every later step carries beside the plan', () => {
    const { config, result } = planned(1_000, 1_000);
    const [host] = config.agents.hosts;
    assert.ok(host);
    const listing = { ...config, agents: { ...config.agents, hosts: Array.from({ length: 8_000 }, () => host) } };
    assert.match(sizeRules(listing, result.plan, [])[0]?.seen ?? '', /^config and plan take/);
    assert.deepEqual(sizeRules(config, result.plan, []), []);
  });

  it('reaches whoever is told that it is too large, however large it is', () => {
    const { result, tooLarge } = planned(20_000);
    const told = deliverable(result);
    assert.ok(bytes(told) < LIMIT_OF_TEMPORAL / 10, String(bytes(told)));
    assert.deepEqual(told.findings.slice(0, tooLarge.length), tooLarge);
  });

  it('shrinks to less than half while it is carried, and nothing is lost: the steps follow from the rest', () => {
    const { config, result } = planned(1_000, 1_000);
    const carried = { ...result, plan: carriedPlan(result.plan) };
    assert.ok(
      bytes(carried.plan) * 2 < bytes(result.plan),
      `${String(bytes(carried.plan))} of ${String(bytes(result.plan))}`,
    );
    assert.deepEqual(wholePlan(config, carried), result);
    assert.equal(planHash(wholePlan(config, carried).plan), planHash(result.plan));
    assert.deepEqual(wholePlan(config, result), result, 'as an earlier version of a worker answers');
  });

  it('counts findings, too', () => {
    const { config, result } = planned(10);
    const [one] = result.findings;
    assert.ok(one);
    const many: Finding[] = Array.from({ length: 10_000 }, () => one);
    assert.ok(bytes({ plan: result.plan, findings: many }) > CARRIED_MAX_BYTES);
    assert.notEqual(sizeRules(config, result.plan, many).length, 0);
  });
});
