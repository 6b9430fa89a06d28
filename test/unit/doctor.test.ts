import assert from 'node:assert/strict';
import { describeDiagnosis, describeObservation } from '../../src/cli/doctor-text.js';
import { diagnose } from '../../src/domain/doctor/diagnosis.js';
import { highestGeneration, type Observation } from '../../src/domain/doctor/observation.js';
import { standingOf } from '../../src/domain/doctor/standing.js';
import { down, heldTree, MIGRATION, moved, onObservers, published, untouched, where } from '../fakes/observations.js';
import { aConfig } from '../fakes/plans.js';

const config = aConfig();
const dual = aConfig(3, { strategy: 'dual-publishing', observers: [] });
const file = 'cluster.yaml';

/** Commands by hand, one text: `stage/host/command`. */
function script(seen: Observation, of = config): string[] {
  return diagnose(of, seen, file).byHand.flatMap(({ steps }, stage) =>
    steps.flatMap(({ host, commands }) => commands.map((line) => `${String(stage)} ${host ?? 'zk'} ${line}`)),
  );
}

function inOrder(lines: readonly string[], wanted: readonly RegExp[]): void {
  let at = -1;
  for (const pattern of wanted) {
    const next = lines.findIndex((line, index) => index > at && pattern.test(line));
    assert.ok(next > at, `${String(pattern)} in its order:\n${lines.join('\n')}`);
    at = next;
  }
}

describe('the doctor, strategy observers', () => {
  it('finds nothing in a cluster that nobody has touched', () => {
    const { verdict, clean, byHand, takeOver } = diagnose(config, untouched(config), file);
    assert.deepEqual(
      { verdict, clean, byHand, takeOver },
      { verdict: 'untouched', clean: true, byHand: [], takeOver: null },
    );
  });

  it('calls a host that it cannot see unknown, and is not content then', () => {
    const seen = untouched(config);
    const { clean, unknown } = diagnose(
      config,
      { ...seen, agents: where(seen.agents, ({ host }) => (host.name === 'a2' ? null : {})) },
      file,
    );
    assert.equal(clean, false);
    assert.deepEqual(unknown, [{ name: 'a2', why: 'no route to it' }]);
  });

  it('is not content while nobody can name the agents', () => {
    assert.equal(diagnose(config, { ...untouched(config), agentsKnown: false }, file).clean, false);
  });

  it('sees a migration that stopped between agents, and moves them back by hand after schedulers and masters', () => {
    const seen = onObservers(config);
    const { verdict, doubts, takeOver } = diagnose(config, seen, file);
    assert.equal(verdict, 'mid-way forward');
    assert.deepEqual(doubts, []);
    assert.equal(takeOver, `zkferry start --take-over ${MIGRATION} ${file}`);
    const lines = script(seen);
    inOrder(lines, [/m2 cp -p .*orig-mesos-master/, /m1 cp -p/, /f1 cp -p/, /a1 cp -p/, /o1 systemctl stop/]);
    inOrder(lines, [/o1 systemctl stop/, /zk .*deleteall '\/zkferry-marker-test'/, /zk .*deleteall '\/zkferry-test'/]);
    inOrder(lines, [/zk .*deleteall '\/zkferry-test'/, /m1 rm -rf '\/var\/lib\/zkferry\/test'/]);
    assert.ok(!lines.some((line) => line.includes('held-')), 'nothing has to be held down');
  });

  it('puts the barrier before everything while the window may be open', () => {
    const open = onObservers(config);
    const seen: Observation = {
      ...open,
      masters: where(open.masters, ({ unit }) => down(unit)).map((one) => ({ ...one, elected: null })),
      observers: where(open.observers, ({ unit }) => down(unit)).map((one) => ({ ...one, serves: 'nothing' })),
    };
    const { verdict, doubts } = diagnose(config, seen, file);
    assert.equal(verdict, 'inside the window');
    assert.ok(doubts.includes('m1 is held down'));
    const lines = script(seen);
    for (const name of ['m1', 'm3', 'o1', 'o3']) {
      const stops = lines.findIndex((line) => line.includes(`${name} systemctl stop`));
      const starts = lines.findIndex((line) => / systemctl (start|restart)/.test(line));
      assert.ok(stops >= 0 && stops < starts, `${name} is stopped before anything starts:\n${lines.join('\n')}`);
    }
    inOrder(lines, [
      /o1 touch .*held-zookeeper/,
      /o1 cp -p .*zkferry-source/,
      /o1 systemctl start/,
      /m1 systemctl start/,
    ]);
  });

  it('calls it split when observers serve both ensembles', () => {
    const open = onObservers(config);
    const seen: Observation = {
      ...open,
      observers: open.observers.map((one, n) => ({
        ...one,
        serves: n === 0 ? ('target' as const) : ('source' as const),
      })),
    };
    assert.equal(diagnose(config, seen, file).verdict, 'split');
    assert.equal(standingOf(config, seen).standing, 'unknown');
  });

  it('knows a cluster that has arrived on target', () => {
    const open = onObservers(config);
    const seen: Observation = {
      ...open,
      observers: open.observers.map((one) => ({ ...one, serves: 'target' as const })),
    };
    assert.equal(diagnose(config, seen, file).verdict, 'on target');
    const clean = {
      ...untouched(config),
      observers: where(seen.observers, () => ({ state: null, kept: [], tag: null, parked: false })),
      masters: where(seen.masters, () => ({ state: null, kept: [], original: null })),
      agents: where(seen.agents, () => ({ state: null, kept: [], original: null })),
      frameworks: where(seen.frameworks, () => ({ state: null, kept: [], original: null })),
    };
    assert.deepEqual([diagnose(config, clean, file).verdict, diagnose(config, clean, file).clean], ['on target', true]);
  });

  it('knows mere leftovers', () => {
    const seen = { ...untouched(config), source: heldTree('source') };
    const { verdict, clean, doubts } = diagnose(config, seen, file);
    assert.deepEqual({ verdict, clean, doubts }, { verdict: 'leftovers only', clean: false, doubts: [] });
    assert.equal(script(seen).length, 2, 'marker and lock');
  });

  it('recommends to take over the last one when that was taking over the other', () => {
    const half = onObservers(config);
    const seen = { ...half, source: { ...half.source, lock: 'zkferry-test/0bb2', tookOver: [MIGRATION] } };
    assert.equal(diagnose(config, seen, file).takeOver, `zkferry start --take-over zkferry-test/0bb2 ${file}`);
  });

  it('recommends no take-over when two migrations have left something', () => {
    const seen = {
      ...onObservers(config),
      target: heldTree('target', 'test', { marker: { ensemble: 'target', migration: 'x/1' } }),
    };
    assert.equal(diagnose(config, seen, file).takeOver, null);
  });
});

describe('the doctor, strategy dual-publishing', () => {
  it('sees agents on target under a leader on source', () => {
    const seen = published(dual);
    const { verdict, doubts } = diagnose(dual, seen, file);
    assert.equal(verdict, 'mid-way forward');
    assert.deepEqual(doubts, []);
    const lines = script(seen, dual);
    inOrder(lines, [/f1 cp -p/, /a1 cp -p/, /zk .*setAcl '\/mesos' 'world:anyone:rwcda'/, /publisher-test/]);
    assert.ok(!lines.some((line) => /m\d systemctl (stop|restart)/.test(line)), 'no master is touched');
  });

  it('stops all masters first when one may stand on target', () => {
    const at = published(dual);
    const seen: Observation = {
      ...at,
      masters: where(at.masters, ({ host, unit }) =>
        host.name === 'm1'
          ? moved('target', unit)
          : down(unit, { file: 'target', kept: [`found-${unit}`, `place-${unit}`] }),
      ),
    };
    const { verdict, doubts } = diagnose(dual, seen, file);
    assert.equal(verdict, 'inside the window');
    assert.ok(doubts.some((why) => why.includes('m1')));
    const lines = script(seen, dual);
    for (const name of ['m1', 'm2', 'm3'])
      inOrder(lines, [new RegExp(`0 ${name} systemctl stop`), /m\d systemctl start/]);
    inOrder(lines, [/m2 cp -p .*found-mesos-master/, /m2 systemctl start/, /a1 cp -p/, /target|setAcl/]);
  });

  it('starts no master by hand that is not known to point at source then', () => {
    const at = published(dual);
    const seen: Observation = {
      ...at,
      masters: where(at.masters, ({ host, unit }) =>
        host.name === 'm1' ? null : down(unit, host.name === 'm2' ? { file: 'target', original: null } : {}),
      ),
    };
    const lines = script(seen, dual);
    for (const name of ['m1', 'm2']) {
      inOrder(lines, [new RegExp(`0 ${name} systemctl stop`), new RegExp(`${name} # keep it stopped`)]);
      assert.ok(!lines.some((line) => line.includes(`${name} systemctl start`)));
    }
    inOrder(lines, [/m3 systemctl start/]);
  });

  it('calls it split when masters look at both', () => {
    const at = published(dual);
    const seen = {
      ...at,
      masters: where(at.masters, ({ host }) =>
        host.name === 'm1' ? { file: 'target' as const, connected: 'target' as const } : {},
      ),
    };
    assert.equal(diagnose(dual, seen, file).verdict, 'split');
  });
});

describe('where what crosses may stand', () => {
  it('is source for certain while every master is on source itself, whatever observers do', () => {
    const seen = untouched(config);
    const rehearsing = seen.observers.map((one) => ({ ...one, serves: 'target' as const }));
    assert.equal(standingOf(config, { ...seen, observers: rehearsing }).standing, 'source');
  });

  it('is unknown as soon as one thing that counts is', () => {
    const at = onObservers(config);
    const cases: Observation[] = [
      { ...at, masters: where(at.masters, ({ host }) => (host.name === 'm2' ? null : {})) },
      { ...at, masters: where(at.masters, ({ host }) => (host.name === 'm2' ? { connected: 'unknown' } : {})) },
      { ...at, masters: where(at.masters, ({ host }) => (host.name === 'm2' ? { held: true } : {})) },
      { ...at, observers: where(at.observers, ({ host }) => (host.name === 'o3' ? null : {})) },
      { ...at, observers: at.observers.map((one, n) => (n === 1 ? { ...one, serves: 'unknown' as const } : one)) },
      { ...at, observers: at.observers.map((one, n) => (n === 1 ? { ...one, serves: 'nothing' as const } : one)) },
    ];
    for (const [index, seen] of cases.entries())
      assert.equal(standingOf(config, seen).standing, 'unknown', String(index));
    assert.equal(standingOf(config, at).standing, 'source');
  });

  it('counts a stopped master for source only where its file does', () => {
    const at = published(dual);
    const stopped = (file: 'source' | 'target') => ({
      ...at,
      masters: where(at.masters, () => ({ process: 'stopped' as const, connected: 'unknown' as const, file })),
    });
    assert.equal(standingOf(dual, stopped('source')).standing, 'source');
    assert.equal(standingOf(dual, stopped('target')).standing, 'unknown');
  });

  it('is unknown while source is closed to its own masters, or unseen', () => {
    const at = published(dual);
    const { door } = at.target;
    assert.equal(standingOf(dual, { ...at, source: { ...at.source, door } }).standing, 'unknown');
    assert.equal(standingOf(dual, { ...at, source: { ...at.source, problem: 'no session' } }).standing, 'unknown');
  });
});

describe('what the doctor prints', () => {
  it('shows no credentials, names each host, and quotes what it is told', () => {
    const seen = onObservers(config);
    const text = [...describeObservation(seen), ...describeDiagnosis(diagnose(config, seen, file))].join('\n');
    for (const name of ['s1', 't3', 'o2', 'm3', 'a1', 'f1']) assert.match(text, new RegExp(`\\b${name}\\b`));
    assert.match(text, /# m1 had: zk:\/\/\*\*\*@10\.0\.0\.2:2181\/mesos/);
    assert.match(text, /FIRST make sure/);
    assert.equal(highestGeneration(seen), 9);
  });
});
