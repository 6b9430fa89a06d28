import assert from 'node:assert/strict';
import type { ClusterConfig } from '../../src/domain/config.js';
import { preflight } from '../../src/domain/preflight.js';
import type { Survey } from '../../src/domain/survey.js';
import { blocking, blockingDual, type Case, telling, warning } from '../fakes/preflight-cases.js';
import { clusterIs, frameworkIs, hostIs, serverIs, treeIs } from '../fakes/survey-changes.js';
import { aDualConfig, aDualSurvey, aSpreadConfig, aSurvey } from '../fakes/surveys.js';

describe('preflight', () => {
  const config = aSpreadConfig();
  const ids = (survey: Survey, verdict: string, changed = config): string[] =>
    preflight(changed, survey)
      .filter((finding) => finding.verdict === verdict)
      .map(({ id, host }) => `${id} ${String(host)}`);

  it('finds nothing to block or warn about in a healthy cluster', () => {
    assert.deepEqual(ids(aSurvey(config), 'block'), []);
    assert.deepEqual(ids(aSurvey(config), 'warn'), []);
  });

  for (const [id, host, when, change] of blocking) {
    it(`blocks with ${id} when ${when}`, () => {
      const findings = preflight(config, change(aSurvey(config), config));
      const found = findings.filter((one) => one.verdict === 'block' && one.id === id);
      assert.ok(
        found.some((one) => one.host === host),
        JSON.stringify(findings.filter((one) => one.verdict === 'block')),
      );
      for (const { seen, why, remedy } of found)
        assert.ok(seen !== '' && why !== '' && remedy !== null && remedy !== '');
    });
  }

  const quieter: readonly (readonly ['warn' | 'info', Case])[] = [
    ...warning.map((one) => ['warn', one] as const),
    ...telling.map((one) => ['info', one] as const),
  ];
  for (const [verdict, [id, host, when, change]] of quieter) {
    it(`${verdict === 'warn' ? 'warns with' : 'tells'} ${id} when ${when}`, () => {
      assert.ok(ids(change(aSurvey(config), config), verdict).includes(`${id} ${String(host)}`));
      if (verdict === 'warn') assert.deepEqual(ids(change(aSurvey(config), config), 'block'), []);
    });
  }

  it('blocks with masters-even when a master is missing in the configuration', () => {
    const even = { ...config, masters: config.masters.slice(0, 2) };
    assert.ok(ids(aSurvey(config), 'block', even).includes('masters-even null'));
  });

  it('shows every blocker at once and puts them first', () => {
    const broken = hostIs('m1', { mayWrite: false })(frameworkIs({ checkpoint: false })(aSurvey(config)));
    const verdicts = preflight(config, broken).map(({ verdict }) => verdict);
    assert.deepEqual(verdicts.slice(0, 2), ['block', 'block']);
    assert.ok(!verdicts.slice(2).includes('block'));
  });

  it('lets what a person has accepted by name pass', () => {
    const framework = config.frameworks[0];
    assert.ok(framework);
    const accepting: ClusterConfig = {
      ...config,
      frameworks: [{ ...framework, acceptTaskLoss: true }],
      policy: {
        ...config.policy,
        acceptAgents: ['a1'],
        acceptClients: ['10.7.7.7'],
        subtrees: { '/marathon': 'copied' },
      },
    };
    const survey = [
      frameworkIs({ checkpoint: false, failoverTimeoutMs: 0 }),
      clusterIs(({ agents }) => ({ agents: agents.map((a) => ({ ...a, active: a.agent.name !== 'a1' })) })),
      treeIs('source', { roots: ['/mesos', '/marathon'] }),
      (one: Survey): Survey => ({ ...one, clients: [{ client: '10.7.7.7:4711', sessionId: '0x9', owner: null }] }),
    ].reduce((one, change) => change(one), aSurvey(config));
    assert.deepEqual(ids(survey, 'block', accepting), []);
  });

  it('warns that clients heal slowly when the epoch is low and may not be raised', () => {
    const fixed = { ...config, target: { ...config.target, allowRestart: false } };
    assert.deepEqual(ids(aSurvey(config), 'warn', fixed), ['epoch-low null']);
  });

  it('says nothing about epochs when target is well above source', () => {
    const high = [0, 1, 2].reduce<Survey>((one, at) => serverIs('target', at, { epoch: '200' })(one), aSurvey(config));
    assert.ok(!preflight(config, high).some(({ id }) => id.startsWith('epoch')));
  });
});

describe('preflight of dual-publishing', () => {
  const config = aDualConfig();
  const found = (survey: Survey, verdict: string): string[] =>
    preflight(config, survey)
      .filter((finding) => finding.verdict === verdict)
      .map(({ id, host }) => `${id} ${String(host)}`);

  it('finds nothing to block or warn about in a healthy cluster', () => {
    assert.deepEqual(found(aDualSurvey(config), 'block'), []);
    assert.deepEqual(found(aDualSurvey(config), 'warn'), []);
  });

  for (const [id, host, when, change] of blockingDual) {
    it(`blocks with ${id} when ${when}`, () => {
      const findings = preflight(config, change(aDualSurvey(config), config)).filter(
        ({ verdict }) => verdict === 'block',
      );
      const named = findings.filter((one) => one.id === id);
      assert.ok(
        named.some((one) => one.host === host),
        JSON.stringify(findings),
      );
      for (const { seen, why, remedy } of named)
        assert.ok(seen !== '' && why !== '' && remedy !== null && remedy !== '');
      assert.doesNotMatch(JSON.stringify(findings), /hunter2/);
    });
  }

  it('says nothing about epochs, whatever they are', () => {
    for (const epoch of ['0', '999999']) {
      const survey = serverIs('source', 0, { epoch })(aDualSurvey(config));
      assert.ok(!preflight(config, survey).some(({ id }) => id.startsWith('epoch')));
    }
  });

  it('says when the enforcement of ACLs is still to be proved', () => {
    const survey = aDualSurvey(config);
    const old: Survey = { ...survey, target: { ...survey.target, acls: 'unproved' } };
    assert.ok(found(old, 'info').includes('acls-unproved null'));
    assert.deepEqual(found(old, 'block'), []);
  });

  it('warns when target would keep the znodes of dead masters longer than source', () => {
    const survey = serverIs('target', 2, { settings: { minSessionTimeout: '12000' } })(aDualSurvey(config));
    assert.deepEqual(found(survey, 'warn'), ['session-minimum t3']);
  });

  it('asks nothing of this of the other strategy', () => {
    const other = aSpreadConfig();
    const ids = preflight(other, aSurvey(other)).map(({ id }) => id);
    for (const id of ['contenders-in-source', 'acls-unproved', 'master-not-on-source'] as const)
      assert.ok(!ids.includes(id));
  });
});
