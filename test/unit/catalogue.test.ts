import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../lab/repository-root.js';
import { preflightTable } from '../../src/cli/preflight-table.js';
import type { ClusterConfig } from '../../src/domain/config.js';
import { takeOverFindings } from '../../src/domain/doctor/take-over-rules.js';
import { makePlan } from '../../src/domain/make-plan.js';
import type { Finding } from '../../src/domain/plan.js';
import { preflight } from '../../src/domain/preflight.js';
import { CATALOGUE, type CatalogueEntry, type FindingId } from '../../src/domain/preflight/catalogue/index.js';
import { replanFindings } from '../../src/domain/preflight/replan-rules.js';
import { stragglersOf } from '../../src/domain/straggler.js';
import type { Survey } from '../../src/domain/survey.js';
import { blocking, blockingDual, type Case, telling, warning } from '../fakes/preflight-cases.js';
import { MIGRATION, onObservers, published, where } from '../fakes/observations.js';
import { clusterIs, contender, elsewhere, placeIs, serverIs, treeIs } from '../fakes/survey-changes.js';
import { aDualConfig, aDualSurvey, aSpreadConfig, aSurvey } from '../fakes/surveys.js';

const [config, dual] = [aSpreadConfig(), aDualConfig()];
const begin = (from: ClusterConfig, survey: Survey) => (cases: readonly Case[]) =>
  cases.flatMap(([, , , change]) => preflight(from, change(survey, from)));
const later = (from: ClusterConfig, survey: Survey, change: (survey: Survey) => Survey): Finding[] =>
  replanFindings(from, makePlan(from, survey), change(survey), 'this one');
const taken = (from: string, seen = onObservers(config)): Finding[] =>
  takeOverFindings(config, aSurvey(config), seen, { from, migration: 'this one' });
const framework = config.frameworks[0];
assert.ok(framework);

/** Everything that rules find in the surveys of the other tests, and in those that need another config or a plan. */
const found: readonly Finding[] = [
  ...begin(config, aSurvey(config))([...blocking, ...warning, ...telling]),
  ...begin(
    dual,
    aDualSurvey(dual),
  )([
    ...blockingDual,
    ['acls-unproved', null, '', (survey) => ({ ...survey, target: { ...survey.target, acls: 'unproved' } })],
  ]),
  ...preflight({ ...config, masters: config.masters.slice(1) }, aSurvey(config)),
  ...preflight({ ...config, target: { ...config.target, allowRestart: false } }, aSurvey(config)),
  ...preflight({ ...config, frameworks: [{ ...framework, stop: 'unit' }] }, aSurvey(config)),
  ...later(config, aSurvey(config), serverIs('source', 0, { epoch: '900' })),
  ...later(config, aSurvey(config), placeIs('a1', { runsWith: elsewhere })),
  ...later(
    config,
    aSurvey(config),
    clusterIs(({ agents }) => ({ agents: agents.slice(1) })),
  ),
  ...later(config, aSurvey(config), treeIs('source', { lock: 'another one' })),
  ...later(dual, aDualSurvey(dual), treeIs('target', { contenders: [contender('m1')] })),
  ...later(dual, aDualSurvey(dual), placeIs('a1', { runsWith: elsewhere })),
  ...taken('another one'),
  ...taken('another one', { ...onObservers(config), masters: where(onObservers(config).masters, () => null) }),
  ...taken(MIGRATION, published(config)),
  ...stragglersOf(config, [], [{ client: '10.1.0.10:40001', sessionId: '0x1', owner: 'm1' }]).findings,
];

describe('the catalogue of preflight', () => {
  for (const [id, entry] of Object.entries<CatalogueEntry>(CATALOGUE)) {
    it(`has ${id}, which some rule finds, with every verdict that it names and no other`, () => {
      const verdicts = new Set(found.filter((one) => one.id === id).map(({ verdict }) => verdict));
      assert.deepEqual([...verdicts].sort(), [...entry.verdicts].sort());
    });
  }

  it('has an id for every check that a survey makes, and nothing to do only where a check only tells', () => {
    for (const [id, { verdicts, remedy, why, looks }] of Object.entries<CatalogueEntry>(CATALOGUE)) {
      assert.equal(
        remedy === null,
        verdicts.every((verdict) => verdict === 'info'),
        id,
      );
      assert.ok(why !== '' && looks !== '', id);
    }
  });

  it('names where a check is made: what is found again before the window, and by which strategy', () => {
    const again = (from: ClusterConfig, survey: Survey, cases: readonly Case[]): Set<FindingId> =>
      new Set(cases.flatMap(([, , , change]) => later(from, survey, (one) => change(one, from)).map(({ id }) => id)));
    const seen = new Set([
      ...again(config, aSurvey(config), blocking),
      ...again(dual, aDualSurvey(dual), blockingDual),
      ...later({ ...config, masters: config.masters.slice(1) }, aSurvey(config), (one) => one).map(({ id }) => id),
      // These two look at who is left, not at a survey.
      'unknown-client',
      'left-on-source',
    ]);
    const blockers = Object.entries<CatalogueEntry>(CATALOGUE).filter(
      ([, { when, verdicts }]) => when.includes('begin') && verdicts.includes('block'),
    );
    assert.deepEqual(
      blockers.filter(([, { when }]) => when.length === 2).map(([id]) => id),
      blockers.filter(([id]) => seen.has(id as FindingId)).map(([id]) => id),
    );
  });

  it('is what docs/preflight.md shows: npm run docs writes it', () => {
    const file = join(repositoryRoot(), 'docs', 'preflight.md');
    assert.equal(readFileSync(file, 'utf8'), preflightTable());
  });
});
