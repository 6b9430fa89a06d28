import assert from 'node:assert/strict';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { z } from 'zod';
import type { LabJson } from '../../lab/contract.js';
import { SCHEMAS } from '../../src/cli/schemas/index.js';
import type { labSchema } from '../../src/cli/schemas/lab.js';
import { planHash } from '../../src/domain/canonical-json.js';
import { diagnose } from '../../src/domain/doctor/diagnosis.js';
import type { Observation } from '../../src/domain/doctor/observation.js';
import { makePlan } from '../../src/domain/make-plan.js';
import { preflight } from '../../src/domain/preflight.js';
import { zkferry } from '../cli/zkferry.js';
import { heldTree, onObservers, published, untouched, where } from '../fakes/observations.js';
import { aConfig } from '../fakes/plans.js';
import { blocking } from '../fakes/preflight-cases.js';
import { status as migrated } from '../fakes/reports.js';
import { atGate, inTheWindow, onTheMove, stranded } from '../fakes/statuses.js';
import { aDualConfig, aDualSurvey, aSpreadConfig, aSurvey } from '../fakes/surveys.js';
import { fixturePath } from './fixture-path.js';

/** Does not compile when the lab's type and its schema drift apart. */
export const asLab = (value: z.infer<typeof labSchema>): LabJson => value;

const ajv = new Ajv2020({ allErrors: true, validateFormats: false });
const validators = Object.fromEntries(Object.entries(SCHEMAS).map(([name, schema]) => [name, ajv.compile(schema())]));

function fits(name: string, value: unknown): void {
  const validate = validators[name];
  assert.ok(validate, name);
  assert.ok(validate(JSON.parse(JSON.stringify(value))), `${name}: ${ajv.errorsText(validate.errors)}`);
}

function fitsNot(name: string, value: unknown): void {
  assert.equal(validators[name]?.(value), false, name);
}

describe('the schemas of --json', function () {
  this.timeout(60_000);

  it('are what zkferry schema prints, which lists them, too', async () => {
    for (const name of ['config', 'status'] as const) {
      const { stdout } = await zkferry(['schema', name]);
      assert.deepEqual(JSON.parse(stdout), JSON.parse(JSON.stringify(SCHEMAS[name]?.())), name);
    }
    const { stdout } = await zkferry(['schema', '--list']);
    assert.deepEqual(stdout.trim().split('\n'), Object.keys(SCHEMAS));
    assert.deepEqual(JSON.parse((await zkferry(['schema', '--list', '--json'])).stdout), Object.keys(SCHEMAS));
  });

  it('know valid and invalid configs', async () => {
    const [minimal, faulty] = [fixturePath('minimal-cluster.yaml'), fixturePath('faulty-cluster.yaml')];
    fits('input', JSON.parse((await zkferry(['input', minimal])).stdout));
    fits('validate', JSON.parse((await zkferry(['validate', minimal, '--json'])).stdout));
    const invalid: unknown = JSON.parse((await zkferry(['validate', faulty, '--json'])).stdout);
    fits('validate', invalid);
    for (const verb of ['preflight', 'plan']) {
      const { code, stdout } = await zkferry([verb, faulty, '--json']);
      assert.equal(code, 2);
      assert.deepEqual(JSON.parse(stdout), invalid);
    }
    fits('preflight', invalid);
    fitsNot('validate', { ok: false });
  });

  it('know every state of a migration', () => {
    for (const status of [atGate, inTheWindow, onTheMove, stranded, migrated]) fits('status', status);
    fitsNot('status', { ...migrated, state: 'lost' });
    fitsNot('status', { ...migrated, more: 1 });
  });

  it('know plans and findings of both strategies', () => {
    const [config, dual] = [aSpreadConfig(), aDualConfig()];
    for (const [from, survey] of [
      [config, aSurvey(config)],
      [dual, aDualSurvey(dual)],
    ] as const) {
      const plan = makePlan(from, survey);
      fits('plan', { plan, planHash: planHash(plan), findings: preflight(from, survey) });
      fits('plan', { plan: { ...plan, temporal: { timerLateMs: 12, known: true } }, planHash: '', findings: [] });
    }
    const findings = blocking.flatMap(([, , , change]) => preflight(config, change(aSurvey(config), config)));
    assert.ok(findings.length > 10);
    fits('preflight', { ok: false, findings });
    fitsNot('preflight', { ok: false, findings: [{ ...findings[0], id: 'no-such-check' }] });
  });

  it('know what the doctor sees and advises', () => {
    const config = aConfig();
    const dual = aConfig(3, { strategy: 'dual-publishing', observers: [] });
    const unreachable: Observation = { ...untouched(config), agents: where(untouched(config).agents, () => null) };
    const cases = [
      [config, untouched(config)],
      [config, onObservers(config)],
      [config, unreachable],
      [config, { ...onObservers(config), target: heldTree('target', 'test', { door: 'unreadable' }) }],
      [dual, published(dual)],
    ] as const;
    for (const [of, observation] of cases) {
      const { cluster, strategy } = of;
      fits('doctor', { cluster, strategy, ...diagnose(of, observation, 'cluster.yaml'), observation });
    }
    fitsNot('doctor', { cluster: 'test' });
  });

  it('know what the doctor of Temporal says, also where nothing listens', async () => {
    const { code, stdout } = await zkferry(['doctor', '--temporal', '--json'], { TEMPORAL_ADDRESS: '127.0.0.1:1' });
    assert.equal(code, 1);
    fits('doctor-temporal', JSON.parse(stdout));
  });
});
