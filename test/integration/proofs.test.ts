import { clientDestination } from '../../src/domain/plan.js';
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createEnsembleActivities } from '../../activities/ensembles/index.js';
import { createPlanningActivities } from '../../activities/planning/index.js';
import type { Ports } from '../../activities/ports.js';
import { createProofActivities } from '../../activities/proofs/index.js';
import { type Lab, startLab } from '../../lab/lab.js';
import { FourLetterProbe } from '../../src/adapters/four-letter-probe.js';
import { MesosHttp } from '../../src/adapters/mesos-http.js';
import { ZookeeperStore } from '../../src/adapters/zookeeper-store.js';
import { resolveSecret } from '../../src/config/credentials.js';
import { loadConfig } from '../../src/config/load-config.js';
import { parseInput } from '../../src/config/parse-input.js';
import type { ClusterConfig, HostConfig } from '../../src/domain/config.js';
import { carriedPlan } from '../../src/domain/carried-plan.js';
import type { PlanResult } from '../../src/domain/plan.js';
import type { ZnodeSession } from '../../src/ports/znode-store.js';
import { LocalShell } from '../fakes/local-shell.js';
import { OPEN } from '../fakes/fake-znode-store.js';

const never = new AbortController().signal;
const migration = 'zkferry-lab/run-1';
const unmoved = { changed: false, mainPidBefore: null, mainPid: 1, restartedAt: '2026-01-01T00:00:00.000Z' };

describe('survey, plan and proofs on a running cluster', function () {
  this.timeout(120_000);
  let dir: string;
  let lab: Lab;
  let config: ClusterConfig;
  let shell: LocalShell;
  let ports: Ports;
  let result: PlanResult;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'zkferry-proofs-'));
    // However many elections target holds until it serves, its epoch is to stay below source's.
    lab = await startLab({ dir, agents: 1, watchers: false, sourceElections: 20 });
    const loaded = await loadConfig(lab.clusterFile);
    assert.ok(loaded.ok);
    config = loaded.config;
    shell = new LocalShell();
    const [probe, store, mesos] = [new FourLetterProbe(), new ZookeeperStore(), new MesosHttp()];
    ports = { probe, store, mesos, shell, secrets: resolveSecret, parseInput };
    result = await createPlanningActivities(ports).surveyAndPlan({ config });
  });
  after(async () => {
    await lab.stop();
    await rm(dir, { recursive: true, force: true });
  });
  afterEach(() => shell.unreachable.clear());

  const inSource = async <T>(use: (session: ZnodeSession) => Promise<T>): Promise<T> => {
    const servers = config.source.servers;
    const session = await ports.store.connect(servers, { credentials: null, timeoutMs: 10_000 }, never);
    try {
      return await use(session);
    } finally {
      await session.close();
    }
  };
  const onHost = async (host: HostConfig, text: string): Promise<void> => {
    const script = { name: 'test', text, detached: false, timeoutMs: 10_000 };
    assert.equal((await shell.run(host, config.ssh, script, never)).exitCode, 0);
  };
  const blockers = ({ findings }: Pick<PlanResult, 'findings'>): string[] =>
    findings.filter(({ verdict }) => verdict === 'block').map(({ id, host }) => (host === null ? id : `${id} ${host}`));

  it('finds nothing that blocks a healthy cluster, and plans every process of it', () => {
    assert.deepEqual(blockers(result), []);
    assert.equal(result.plan.agents.length, 1);
    assert.equal(result.plan.frameworks.length, 1);
    assert.equal(result.plan.budget.budgetMs, 75_000);
    assert.equal(result.plan.raiseEpoch, true);
    const moved = result.plan.steps.filter(({ after }) => after !== null).map(({ host }) => host);
    assert.deepEqual(moved, [result.plan.agents[0]?.agent.name, 'framework1', 'master1', 'master2', 'master3']);
  });

  it('makes the same plan with the same hash again', async () => {
    const again = await createPlanningActivities(ports).surveyAndPlan({ config });
    assert.deepEqual(again.plan, result.plan);
    assert.equal(again.planHash, result.planHash);
  });

  it('writes nothing while it surveys', async () => {
    const seen = await inSource(async (session) => (await session.children('/'))?.sort());
    assert.deepEqual(seen, ['mesos', 'zookeeper']);
    assert.deepEqual([...new Set(shell.journal.map((line) => line.split(' ')[1]))].sort(), [
      'look-at-process',
      'survey-host',
    ]);
  });

  it('names a host that cannot be reached, and still makes every other check', async () => {
    shell.unreachable.add('master2');
    const found = await createPlanningActivities(ports).surveyAndPlan({ config });
    // Its connections cannot be attributed any more, so they are unknown clients, too.
    assert.ok(blockers(found).includes('check-host master2'), blockers(found).join());
    assert.ok(found.findings.some(({ id }) => id === 'budget'));
  });

  it('names a client of source that is no configured process, by address and session', async () => {
    await inSource(async ({ sessionId }) => {
      const found = await createPlanningActivities(ports).surveyAndPlan({ config });
      const finding = found.findings.find(({ id }) => id === 'unknown-client');
      assert.match(finding?.seen ?? '', new RegExp(`127\\.0\\.0\\.1:\\d+ \\(session ${sessionId}\\)`));
    });
  });

  it('blocks on a persistent subtree that nobody has decided about', async () => {
    await inSource((session) => session.create('/marathon', Buffer.alloc(0), OPEN, 'persistent'));
    const found = await createPlanningActivities(ports).surveyAndPlan({ config });
    assert.deepEqual(blockers(found), ['unknown-subtree']);
    await inSource((session) => session.remove('/marathon'));
  });

  it('calls every process a straggler while it is still on source', async () => {
    const report = await createPlanningActivities(ports).findStragglers({ config, plan: result.plan, twice: false });
    assert.deepEqual(report.agentsOnSource, [result.plan.agents[0]?.agent.name]);
    const hosts = [...new Set(report.findings.map(({ id, host }) => `${id} ${String(host)}`))].sort();
    assert.deepEqual(
      hosts,
      ['framework1', 'master1', 'master2', 'master3'].map((name) => `left-on-source ${name}`),
    );
  });

  it('reads contenders, their replicas and the one leader', async () => {
    const election = await createProofActivities(ports).readElection({ config, through: 'source' });
    assert.deepEqual(election.contenders.map(({ master }) => master).sort(), ['master1', 'master2', 'master3']);
    assert.equal(election.leader, election.contenders[0]?.master);
    assert.ok(election.contenders.every(({ replicas }) => replicas.length >= 1));
    assert.deepEqual(election.unknown, []);
  });

  it('proves a leader with its registry recovered where it is, and nowhere else', async () => {
    const proofs = createProofActivities(ports);
    const leader = await proofs.awaitLeader({ config, ensemble: 'source', quorum: 2, deadline: Date.now() + 5_000 });
    assert.match(leader.master, /^master[123]$/);
    const inTarget = proofs.awaitLeader({ config, ensemble: 'target', quorum: 2, deadline: Date.now() + 500 });
    await assert.rejects(inTarget, { code: 'FERRY_NOT_PROVED', message: /nobody stands for election in target/ });
  });

  it('does not prove that nobody leads while one master claims it', async () => {
    const proofs = createProofActivities(ports);
    const { leader } = await proofs.readElection({ config, through: 'source' });
    assert.ok(leader !== null);
    const claim = proofs.provesNoLeader({ config, stopped: [], deadline: Date.now() + 600 });
    await assert.rejects(claim, { code: 'FERRY_NOT_PROVED', message: new RegExp(`${leader} claims to lead`) });
    const rest = { stopped: [leader], deadline: Date.now() + 5_000 };
    // With its servers taken for observers: these are all that the standbys know.
    const behind = { ...config, observers: config.source.servers, source: { servers: [] } };
    assert.equal((await proofs.provesNoLeader({ config: behind, ...rest })).clear, true);
    const onSource = proofs.provesNoLeader({ config, ...rest, deadline: Date.now() + 600 });
    await assert.rejects(onSource, { code: 'FERRY_NOT_PROVED', message: /master\d runs with .* which is no observer/ });
  });

  it('takes an agent for back only on the servers of the URL', async () => {
    const proofs = createProofActivities(ports);
    const [planned] = result.plan.agents;
    assert.ok(planned);
    const before = await proofs.readTasks({ access: config, agent: planned.agent });
    assert.equal(before.id, planned.id);
    assert.equal(Object.keys(before.tasks).length, 2);
    const request = { config, planned, tasksBefore: before.tasks, repoint: unmoved };
    await proofs.awaitAgent({ ...request, url: result.plan.urls.source, patienceMs: 10_000 });
    const elsewhere = proofs.awaitAgent({ ...request, url: clientDestination(result.plan).url, patienceMs: 600 });
    await assert.rejects(elsewhere, { code: 'FERRY_NOT_PROVED', message: /still connected to/ });
    const lost = proofs.awaitAgent({
      ...request,
      tasksBefore: { ...before.tasks, gone: 'container' },
      url: result.plan.urls.source,
      patienceMs: 600,
    });
    await assert.rejects(lost, { code: 'FERRY_NOT_PROVED', message: /tasks missing.*gone/ });
    const other = proofs.awaitAgent({
      ...request,
      planned: { ...planned, id: 'other' },
      url: result.plan.urls.source,
      patienceMs: 60_000,
    });
    await assert.rejects(other, { code: 'FERRY_NOT_PROVED', message: /kept its id other/ });
  });

  it('takes a framework for back only with its id, connected, on the servers of the URL', async () => {
    const proofs = createProofActivities(ports);
    const [planned] = result.plan.frameworks;
    const [instance] = planned?.framework.instances ?? [];
    assert.ok(planned && instance);
    const request = { config, instance, repoint: unmoved, url: result.plan.urls.source };
    await proofs.awaitFramework({ ...request, frameworkId: planned.id, patienceMs: 10_000 });
    const unknown = proofs.awaitFramework({ ...request, frameworkId: 'other', patienceMs: 500 });
    await assert.rejects(unknown, { code: 'FERRY_NOT_PROVED', message: /does not know the framework/ });
  });

  it('never deletes znodes of a master that was not seen to be replaced', async () => {
    const proofs = createProofActivities(ports);
    const { contenders, leader } = await proofs.readElection({ config, through: 'source' });
    const standby = contenders.find(({ master }) => master !== leader);
    const master = config.masters.find(({ name }) => name === standby?.master);
    assert.ok(master && standby);
    const ghosts = [standby.znode, ...standby.replicas];
    const url = result.plan.urls.source;
    await proofs.awaitMaster({ config, master, repoint: unmoved, ghosts, url, patienceMs: 10_000 });
    assert.deepEqual((await proofs.readElection({ config, through: 'source' })).contenders, contenders);
  });

  it('sees the agents back and the invariants hold in the ensemble they hold in', async () => {
    const proofs = createProofActivities(ports);
    const expectedIds = result.plan.agents.map(({ id }) => id);
    assert.deepEqual((await proofs.awaitAgentsBack({ config, expectedIds, patienceMs: 5_000 })).missing, []);
    const more = await proofs.awaitAgentsBack({ config, expectedIds: [...expectedIds, 'gone'], patienceMs: 500 });
    assert.deepEqual(more.missing, ['gone']);
    await proofs.watchSoak({ config, ensemble: 'source', expectedIds, soakMs: 1_500 });
    const wrong = proofs.watchSoak({ config, ensemble: 'target', expectedIds, soakMs: 10_000 });
    await assert.rejects(wrong, { code: 'FERRY_INVARIANT', message: /elected in target/ });
    const missing = proofs.watchSoak({ config, ensemble: 'source', expectedIds: ['gone'], soakMs: 10_000 });
    await assert.rejects(missing, { code: 'FERRY_INVARIANT', message: /gone/ });
  });

  it('locks the cluster for one migration, prepares the trees, and leaves nothing behind', async () => {
    const ensembles = createEnsembleActivities(ports);
    const proofs = createProofActivities(ports);
    await ensembles.acquireLock({ config, migration });
    await ensembles.acquireLock({ config, migration });
    await assert.rejects(ensembles.acquireLock({ config, migration: 'other' }), {
      code: 'FERRY_LOCKED',
      message: /run-1/,
    });
    const { created } = await ensembles.prepareTrees({ config, migration });
    assert.deepEqual(created, [
      'source:/zkferry-marker-lab',
      'target:/zkferry-marker-lab',
      'target:/mesos',
      'target:/mesos/log_replicas',
    ]);
    assert.deepEqual((await ensembles.prepareTrees({ config, migration })).created, []);
    const residue = await proofs.findResidue({ config });
    assert.equal(residue.findings.filter(({ verdict }) => verdict === 'block').length, 3);
    const planning = createPlanningActivities(ports);
    const replanned = await planning.replan({ config, plan: carriedPlan(result.plan), migration });
    assert.equal(replanned.planHash, result.planHash);
    assert.ok(!('steps' in replanned.plan));
    // As an earlier version of the workflows asks.
    assert.deepEqual((await planning.replan({ config, plan: result.plan, migration })).plan.steps, result.plan.steps);
    // The epoch was not raised here, and nothing was moved; an agent that was not is for the straggler check.
    assert.deepEqual(blockers(replanned), [
      'epoch-not-above',
      ...['master1', 'master2', 'master3', 'framework1'].map((name) => `master-url-not-observers ${name}`),
    ]);

    await ensembles.cleanTrees({ config, migration: 'other', removeParents: false });
    assert.equal((await proofs.findResidue({ config })).findings.length, 3);
    assert.deepEqual(await ensembles.cleanTrees({ config, migration, removeParents: true }), { residue: [] });
    await ensembles.releaseLock({ config, migration: 'other' });
    assert.equal((await proofs.findResidue({ config })).findings.length, 1);
    await ensembles.releaseLock({ config, migration });
    assert.deepEqual((await proofs.findResidue({ config })).findings, []);
  });

  it('reads the epochs served and held, and where to raise them to', async () => {
    const ensembles = createEnsembleActivities(ports);
    const epochs = await ensembles.readEpochs({ config });
    assert.deepEqual(Object.keys(epochs.target).sort(), ['target1', 'target2', 'target3']);
    const served = Object.values(epochs.target).map(Number);
    assert.ok(Number(epochs.source) > 20 && Math.max(...served) <= 20, JSON.stringify(epochs));
    assert.equal(Number(epochs.raiseTo), Math.max(Number(epochs.source), ...served) + 100);
    const quorum = await ensembles.awaitQuorum({ config, ensemble: 'target' });
    assert.deepEqual(quorum.epochs, epochs.target);
  });

  it('names the servers of a target that has lost its quorum, and takes it again once it is whole', async () => {
    const ensembles = createEnsembleActivities(ports);
    const impatient = { ...config.policy, timeouts: { ...config.policy.timeouts, serverMs: 1_500 } };
    const down = ['target1', 'target2'].map((name) => lab.host(name).supervisor);
    for (const supervisor of down) await supervisor.stop('zookeeper');
    try {
      // A leader without followers goes on serving until it next counts them.
      const [, , third] = config.target.servers;
      assert.ok(third);
      const noticed = async () => {
        const state = await ports.probe.state(third, new AbortController().signal).catch(() => null);
        return state?.mode === 'not-serving';
      };
      while (!(await noticed())) await delay(100);
      await assert.rejects(ensembles.awaitQuorum({ config: { ...config, policy: impatient }, ensemble: 'target' }), {
        code: 'FERRY_NOT_PROVED',
        message: /every server of target serves .*last seen: target1, target2, target3 do not serve/,
        remedy: /look at the host and its logs/,
      });
    } finally {
      for (const supervisor of down) await supervisor.start('zookeeper');
    }
    await ensembles.awaitQuorum({ config, ensemble: 'target' });
  });

  it('says of an observer that does not start how it was asked and what to do', async () => {
    const [observer] = config.observers;
    assert.ok(observer);
    await onHost(observer, `echo nonsense > ${observer.root}${observer.configFile}`);
    await onHost(observer, `systemctl start --no-block ${observer.unit}`);
    try {
      const waiting = createProofActivities(ports).awaitObserver({
        config,
        observer,
        ensemble: 'source',
        patienceMs: 1_500,
      });
      await assert.rejects(waiting, {
        code: 'FERRY_NOT_PROVED',
        host: observer.name,
        message: /the observer serves source; last seen: .*:2181\) did not answer srvr: connect ECONNREFUSED/,
        remedy: /look at the host and its logs/,
      });
    } finally {
      await onHost(observer, `systemctl stop ${observer.unit}; rm ${observer.root}${observer.configFile}`);
    }
  });

  it('clears a silent master only when its host says that its unit has no process', async () => {
    const proofs = createProofActivities(ports);
    const { leader } = await proofs.readElection({ config, through: 'source' });
    const standby = config.masters.find(({ name }) => name !== leader);
    assert.ok(standby);
    const stopped = config.masters.map(({ name }) => name).filter((name) => name !== standby.name);
    await onHost(standby, `systemctl stop ${standby.unit}`);
    shell.unreachable.add(standby.name);
    const unknown = proofs.provesNoLeader({ config, stopped, deadline: Date.now() + 700 });
    await assert.rejects(unknown, { code: 'FERRY_NOT_PROVED' });
    shell.unreachable.clear();
    await proofs.provesNoLeader({ config, stopped, deadline: Date.now() + 10_000 });
    await onHost(standby, `systemctl start ${standby.unit}`);
  });
});
