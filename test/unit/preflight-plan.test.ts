import { clientDestination } from '../../src/domain/plan.js';
import assert from 'node:assert/strict';
import { planHash } from '../../src/domain/canonical-json.js';
import { makePlan } from '../../src/domain/make-plan.js';
import { replanFindings } from '../../src/domain/preflight/replan-rules.js';
import { parseSocketAddress } from '../../src/domain/socket-table.js';
import { isClean, stragglersOf } from '../../src/domain/straggler.js';
import type { Survey } from '../../src/domain/survey.js';
import { aDualConfig, aDualSurvey, aSpreadConfig, aSurvey } from '../fakes/surveys.js';

const config = aSpreadConfig();
const migration = 'zkferry-test/run';

describe('a plan', () => {
  it('holds nothing that a second survey would see differently', () => {
    const survey = aSurvey(config);
    const later: Survey = {
      ...survey,
      source: { ...survey.source, servers: survey.source.servers.map((server) => ({ ...server, epoch: '4' })) },
      masters: survey.masters.map((one) => ({ ...one, metrics: { ...one.metrics, 'master/uptime_secs': 99 } })),
      cluster: survey.cluster && { ...survey.cluster, agents: [...survey.cluster.agents].reverse() },
    };
    assert.equal(planHash(makePlan(config, later)), planHash(makePlan(config, survey)));
  });

  it('changes its hash when the budget or an agent changes', () => {
    const survey = aSurvey(config);
    const hash = planHash(makePlan(config, survey));
    const fewer = {
      ...survey,
      cluster: survey.cluster && { ...survey.cluster, agents: survey.cluster.agents.slice(1) },
    };
    assert.notEqual(planHash(makePlan(config, fewer)), hash);
    const lower = { ...config, policy: { ...config.policy, budgetMs: 60_000 } };
    assert.equal(makePlan(lower, survey).budget.budgetMs, 60_000);
    assert.notEqual(planHash(makePlan(lower, survey)), hash);
  });

  it('raises the epoch only where the operator allows the restart', () => {
    assert.equal(makePlan(config, aSurvey(config)).raiseEpoch, true);
    const fixed = { ...config, target: { ...config.target, allowRestart: false } };
    assert.equal(makePlan(fixed, aSurvey(config)).raiseEpoch, false);
  });

  it('shows each move with the URL before and after, without credentials, and how it is undone', () => {
    const moves = makePlan(config, aSurvey(config)).steps.filter(({ after }) => after !== null);
    assert.deepEqual(
      moves.map(({ host }) => host),
      ['a1', 'a2', 'f1', 'm1', 'm2', 'm3'],
    );
    for (const { before, after, undo } of moves) {
      assert.equal(before, 'zk://10.1.0.1:2181,10.1.0.2:2181,10.1.0.3:2181/mesos');
      assert.equal(after, 'zk://10.1.0.7:2181,10.1.0.8:2181,10.1.0.9:2181/mesos');
      assert.match(undo, /original/);
    }
  });
});

describe('a plan of dual-publishing', () => {
  const dual = aDualConfig();
  const plan = makePlan(dual, aDualSurvey(dual));

  it('raises no epoch, although target is lower and may be restarted', () => {
    assert.equal(dual.target.allowRestart, true);
    assert.equal(plan.raiseEpoch, false);
    assert.ok(!plan.steps.some(({ what }) => what.includes('acceptedEpoch')));
  });

  it('takes agents and schedulers to target first, and the masters together in the window', () => {
    const source = 'zk://10.1.0.1:2181,10.1.0.2:2181,10.1.0.3:2181/mesos';
    const target = 'zk://10.1.0.4:2181,10.1.0.5:2181,10.1.0.6:2181/mesos';
    const moves = plan.steps.filter(({ after }) => after !== null);
    assert.deepEqual(
      moves.map(({ phase, host }) => `${phase} ${String(host)}`),
      ['move-agents a1', 'move-agents a2', 'move-frameworks f1', 'cut-over m1', 'cut-over m2', 'cut-over m3'],
    );
    for (const { before, after } of moves) assert.deepEqual([before, after], [source, target]);
  });

  it('names its phases in the order in which they run, and what is written, with the way back', () => {
    const phases = [...new Set(plan.steps.map(({ phase }) => phase))];
    assert.deepEqual(phases, ['prepare-target', 'publish', 'move-agents', 'move-frameworks', 'cut-over', 'soak']);
    const text = plan.steps.map(({ what }) => what).join('\n');
    for (const said of ['/zkferry-door-test', '/zkferry-publisher-test', 'counter', 'is stopped at once', 'barrier']) {
      assert.ok(text.includes(said), said);
    }
    assert.ok(plan.steps.every(({ undo }) => undo !== ''));
    assert.match(plan.pointOfNoReturn, /leads in target/);
    assert.ok(!text.includes('observer'));
  });
});

describe('a fresh preflight in mid-migration', () => {
  const plan = makePlan(config, aSurvey(config));
  const observers = { servers: clientDestination(plan).url.servers, path: '/mesos' };
  const moved = (): Survey => {
    const survey = aSurvey(config);
    assert.ok(survey.source.tree);
    const raised = survey.target.servers.map((server) => ({ ...server, epoch: '104' }));
    return {
      ...survey,
      source: { ...survey.source, tree: { ...survey.source.tree, lock: JSON.stringify({ migration }) } },
      target: { ...survey.target, servers: raised },
      hosts: Object.fromEntries(
        Object.entries(survey.hosts).map(([name, host]) => [
          name,
          host.place === null ? host : { ...host, place: { ...host.place, url: observers, runsWith: observers } },
        ]),
      ),
    };
  };
  const ids = (survey: Survey): string[] =>
    replanFindings(config, plan, survey, migration).map(({ id, host }) => `${id} ${String(host)}`);

  it('finds nothing when everything is on the observers', () => {
    assert.deepEqual(ids(moved()), []);
  });

  it('names a process that went back to another URL', () => {
    const survey = moved();
    const host = survey.hosts['a1'];
    assert.ok(host?.place);
    const hosts = {
      ...survey.hosts,
      a1: { ...host, place: { ...host.place, runsWith: { ...observers, path: '/other' } } },
    };
    assert.deepEqual(ids({ ...survey, hosts }), ['master-url-not-observers a1']);
  });

  it('leaves an agent that was never moved to the straggler check, where a person may postpone it (S5)', () => {
    const survey = moved();
    const host = survey.hosts['a1'];
    assert.ok(host?.place);
    const source = { servers: plan.urls.source.servers, path: '/mesos' };
    const { place } = host;
    const runningWith = (runsWith: typeof source): Survey => ({
      ...survey,
      hosts: { ...survey.hosts, a1: { ...host, place: { ...place, url: source, runsWith } } },
    });
    assert.deepEqual(ids(runningWith(source)), []);
    // Moved, and its file changed back since: it would return to source at its next restart.
    assert.deepEqual(ids(runningWith(observers)), ['master-url-not-observers a1']);
  });

  it('names an epoch that source has caught up with, a lost agent and a lost lock', () => {
    const survey = moved();
    assert.ok(survey.cluster && survey.source.tree);
    const changed: Survey = {
      ...survey,
      source: {
        ...survey.source,
        servers: survey.source.servers.map((server) => ({ ...server, epoch: '104' })),
        tree: { ...survey.source.tree, lock: JSON.stringify({ migration: 'other' }) },
      },
      cluster: { ...survey.cluster, agents: survey.cluster.agents.slice(1) },
    };
    assert.deepEqual(ids(changed), ['epoch-not-above null', 'agent-gone a1', 'lock-lost null']);
    const gone = replanFindings(config, plan, changed, migration).find(({ id }) => id === 'agent-gone');
    assert.equal(gone?.agentId, plan.agents.find(({ agent }) => agent.name === 'a1')?.id);
  });
});

describe('a fresh preflight in the middle of dual-publishing', () => {
  const dual = aDualConfig();
  const plan = makePlan(dual, aDualSurvey(dual));
  const target = { servers: plan.urls.target.servers, path: '/mesos' };
  const masters = dual.masters.map(({ name }) => name);
  const moved = (): Survey => {
    const survey = aDualSurvey(dual);
    assert.ok(survey.source.tree && survey.target.tree);
    const { contenders } = survey.source.tree;
    return {
      ...survey,
      source: { ...survey.source, tree: { ...survey.source.tree, lock: JSON.stringify({ migration }) } },
      target: { ...survey.target, tree: { ...survey.target.tree, electionPath: 'readable', contenders } },
      hosts: Object.fromEntries(
        Object.entries(survey.hosts).map(([name, host]) => [
          name,
          host.place === null || masters.includes(name)
            ? host
            : { ...host, place: { ...host.place, url: target, runsWith: target } },
        ]),
      ),
    };
  };
  const at = (name: string, survey: Survey, url: typeof target): Survey => {
    const host = survey.hosts[name];
    assert.ok(host?.place);
    return { ...survey, hosts: { ...survey.hosts, [name]: { ...host, place: { ...host.place, runsWith: url } } } };
  };
  const ids = (survey: Survey): string[] =>
    replanFindings(dual, plan, survey, migration).map(({ id, host }) => `${id} ${String(host)}`);

  it('takes mirrors for what they are, and finds nothing when clients are on target and masters on source', () => {
    assert.deepEqual(ids(moved()), []);
  });

  it('names a contender in target that is nobody’s mirror', () => {
    const survey = moved();
    const { tree } = survey.target;
    assert.ok(tree);
    const own = { znode: '/mesos/json.info_0000001007', pid: 'master@10.1.0.8:5050', master: 'm2' };
    const sameName = { ...own, znode: '/mesos/json.info_0000000004' };
    for (const native of [own, sameName]) {
      const contenders = [...tree.contenders, native];
      const crowded: Survey['target'] = { ...survey.target, tree: { ...tree, contenders } };
      assert.deepEqual(ids({ ...survey, target: crowded }), ['native-contender m2']);
    }
  });

  it('names a master that left source, an agent that went back to it, and a lost contender', () => {
    const source = { servers: plan.urls.source.servers, path: '/mesos' };
    assert.deepEqual(ids(at('m3', moved(), target)), ['master-url-not-source m3']);
    assert.deepEqual(ids(at('a1', moved(), source)), ['master-url-not-target a1']);
    const survey = moved();
    assert.ok(survey.source.tree && survey.target.tree);
    const contenders = survey.source.tree.contenders.slice(1);
    const fewer: Survey = {
      ...survey,
      source: { ...survey.source, tree: { ...survey.source.tree, contenders } },
      target: { ...survey.target, tree: { ...survey.target.tree, contenders } },
    };
    assert.deepEqual(ids(fewer), ['contenders-in-source null']);
  });

  it('does not mind that source elects in a higher epoch', () => {
    const survey = moved();
    const servers = survey.source.servers.map((server) => ({ ...server, epoch: '500' }));
    assert.deepEqual(ids({ ...survey, source: { ...survey.source, servers } }), []);
  });
});

describe('the straggler check', () => {
  const { agents } = makePlan(config, aSurvey(config));
  const accepting = { ...config, policy: { ...config.policy, acceptClients: ['10.7.7.7'] } };

  it('tells agents, which can be moved again, from everybody else', () => {
    const found = stragglersOf(config, agents, [
      { client: '10.1.0.13:40000', sessionId: '0x1', owner: 'a1' },
      { client: '10.1.0.10:40000', sessionId: '0x2', owner: 'm1' },
      { client: '10.7.7.7:40000', sessionId: '0x3', owner: null },
    ]);
    assert.deepEqual(found.agentsOnSource, ['a1']);
    assert.deepEqual(
      found.findings.map(({ id, host }) => `${id} ${String(host)}`),
      ['left-on-source m1', 'unknown-client 10.7.7.7'],
    );
  });

  it('is clean when only accepted clients are left', () => {
    assert.ok(isClean(stragglersOf(accepting, agents, [{ client: '10.7.7.7:1', sessionId: '0x3', owner: null }])));
  });

  it('lets the masters stay on source with dual-publishing, and nobody else', () => {
    const dual = aDualConfig();
    const found = stragglersOf(dual, agents, [
      { client: '10.1.0.10:40000', sessionId: '0x1', owner: 'm1' },
      { client: '10.1.0.15:40000', sessionId: '0x2', owner: 'f1' },
      { client: '10.7.7.7:40000', sessionId: '0x3', owner: null },
      { client: '10.1.0.13:40000', sessionId: '0x4', owner: 'a1' },
    ]);
    assert.deepEqual(found.agentsOnSource, ['a1']);
    assert.deepEqual(
      found.findings.map(({ id, host }) => `${id} ${String(host)}`),
      ['left-on-source f1', 'unknown-client 10.7.7.7'],
    );
    assert.match(found.findings[0]?.remedy ?? '', /names target/);
  });

  it('does not take a session without a connection for gone', () => {
    assert.ok(!isClean(stragglersOf(accepting, agents, [{ client: null, sessionId: '0x3', owner: null }])));
  });
});

describe('a socket table', () => {
  it('is read in the byte order of the machine, mapped addresses as IPv4', () => {
    assert.deepEqual(parseSocketAddress('0100007F:0885'), { ip: '127.0.0.1', port: 2181 });
    assert.deepEqual(parseSocketAddress('0000000000000000FFFF00000100007F:0885'), { ip: '127.0.0.1', port: 2181 });
    assert.deepEqual(parseSocketAddress('B80D0120000000000000000001000000:0885'), {
      ip: '2001:db8:0:0:0:0:0:1',
      port: 2181,
    });
  });
});
