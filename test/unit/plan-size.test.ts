import assert from 'node:assert/strict';
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
    const { config, result, tooLarge } = planned(2_000, 2_000);
    assert.ok(bytes({ config, plan: result.plan }) > CARRIED_MAX_BYTES);
    assert.notDeepEqual(tooLarge, []);
  });

  it('reaches whoever is told that it is too large, however large it is', () => {
    const { result, tooLarge } = planned(20_000);
    const told = deliverable(result);
    assert.ok(bytes(told) < LIMIT_OF_TEMPORAL / 10, String(bytes(told)));
    assert.deepEqual(told.findings.slice(0, tooLarge.length), tooLarge);
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
