import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { HOOK_EVENTS, type HookConfig } from '../../src/domain/config.js';
import { temporalBinary } from '../../lab/temporal-binary.js';
import { FakeCluster } from '../fakes/fake-cluster.js';
import { aConfig } from '../fakes/plans.js';
import { MigrationEnv, type Migration } from '../workflow/migration-env.js';

/**
 * Records one history per path through the workflows, children included, into the folder given:
 * `node dist/test/replay/record-histories.js test/histories [NAME…]`. Run it for a new path, by its
 * name; recorded ones stay, so that a change which breaks running migrations is seen.
 */
type Walk = (cluster: FakeCluster, migration: Migration) => Promise<void>;

/**
 * A person is asked: in the last look before the window, which is taken again; about agents that are lost, of which
 * one comes back; about an observer that is missing on target; on a way back that can start too few masters.
 */
const asked: Readonly<Record<string, Walk>> = {
  'asked-in-the-last-look': async (cluster, migration) => {
    await migration.approve('begin');
    await migration.atGate('cut-over');
    cluster.agentsOnSource = ['a1'];
    await migration.approve('cut-over');
    await migration.until((s) => s.state === 'awaiting-decision');
    cluster.agentsOnSource = [];
    await migration.decide('retry');
    await migration.approve('complete');
    await migration.result();
  },
  'lost-agent': async (cluster, migration) => {
    await migration.atGate('begin');
    const ids = (await migration.plan())?.plan.agents.map(({ id }) => id) ?? [];
    cluster.gone = ids.slice(0, 1);
    await migration.approve('begin');
    await migration.decide('retry');
    await migration.until((s) => s.state === 'awaiting-decision' && s.incidents.length === 2);
    await migration.decide('skip');
    await migration.atGate('cut-over');
    cluster.gone = ids.slice(1, 2);
    await migration.approve('cut-over');
    await migration.decide('skip');
    await migration.atGate('complete');
    cluster.wreck({ activity: 'adoptHost', host: 'a2', kind: 'refuse', times: 2 });
    await migration.say('rollback', { by: 'ann' });
    await migration.decide('skip');
    await migration.until((s) => s.phase === 'clean-up' && s.state === 'awaiting-decision');
    await migration.decide('retry');
    await migration.result();
  },
  /** The window goes on without it. */
  'observer-lost-in-its-flip': async (cluster, migration) => {
    await migration.approve('begin');
    await migration.atGate('cut-over');
    cluster.wreck({ activity: 'flipObserver', host: 'o3', kind: 'fail' });
    await migration.approve('cut-over');
    await migration.until((s) => s.state === 'awaiting-decision', { patienceMs: 60_000 });
    cluster.mend();
    await migration.decide('retry');
    await migration.approve('complete');
    await migration.result();
  },
  'too-few-start': async (cluster, migration) => {
    await migration.approve('begin');
    await migration.atGate('cut-over');
    cluster.wreck({ activity: 'liftHold', kind: 'refuse' });
    cluster.electedOnlyAfter = 'lift m1 and start it';
    await migration.approve('cut-over');
    await migration.until((s) => s.state === 'awaiting-decision', { patienceMs: 60_000 });
    cluster.mend();
    await migration.decide('retry');
    await migration.approve('cut-over');
    await migration.approve('complete');
    await migration.result();
  },
};

/** Walked with each strategy; the names of dual publishing's begin with `dual-`. */
const shared: Readonly<Record<string, Walk>> = {
  migrated: async (_, migration) => {
    await migration.approve('begin');
    await migration.approve('cut-over');
    await migration.approve('complete');
    await migration.result();
  },
  'rolled-back-at-cut-over': async (_, migration) => {
    await migration.approve('begin');
    await migration.atGate('cut-over');
    await migration.say('rollback', { by: 'ann' });
    await migration.result();
  },
  'rolled-back-after-the-window': async (_, migration) => {
    await migration.approve('begin');
    await migration.approve('cut-over');
    await migration.atGate('complete');
    await migration.say('rollback', { by: 'ann' });
    await migration.result();
  },
  'turned-back': async (cluster, migration) => {
    cluster.wreck({ activity: 'awaitLeader', times: 1, kind: 'hang' });
    await migration.approve('begin');
    await migration.approve('cut-over');
    await migration.decide('rollback');
    await migration.result();
  },
};

const dual: Readonly<Record<string, Walk>> = {
  ...Object.fromEntries(Object.entries(shared).map(([name, walk]) => [`dual-${name}`, walk])),
  /** No master was started on target yet. */
  'dual-turned-back-early': async (cluster, migration) => {
    cluster.wreck({ activity: 'openDoor', times: 1, kind: 'hang' });
    await migration.approve('begin');
    await migration.approve('cut-over');
    await migration.decide('rollback');
    await migration.result();
  },
  'dual-native-contender': async (cluster, migration) => {
    await migration.approve('begin');
    await migration.atGate('cut-over');
    cluster.divergences.push({ kind: 'native-contender', znode: '/mesos/json.info_7', pid: 'x', master: 'm2' });
    await migration.decide('retry');
    await migration.until(() => cluster.journal.includes('lift m2 and start it'));
    await migration.approve('cut-over');
    await migration.approve('complete');
    await migration.result();
  },
  'dual-dead-master': async (cluster, migration) => {
    await migration.approve('begin');
    await migration.approve('cut-over');
    await migration.atGate('complete');
    cluster.dead = ['m2'];
    await migration.approve('complete');
    await migration.decide('skip');
    await migration.until((s) => s.phase === 'clean-up' && s.state === 'awaiting-decision');
    await migration.decide('skip');
    await migration.result();
  },
};

/** Of a migration that takes another one over; it began with anything that may stand on target. */
const taking: Readonly<Record<string, Walk>> = {
  'taken-over': async (_, migration) => {
    await migration.approve('begin');
    await migration.result();
  },
  'taken-over-asked-again': async (cluster, migration) => {
    const { planHash } = await migration.atGate('begin');
    cluster.changePlan();
    await migration.say('approve', { gate: 'begin', by: 'ann', planHash });
    await migration.approve('begin');
    await migration.result();
  },
  'dual-taken-over': async (cluster, migration) => {
    cluster.found.publishing = true;
    await migration.approve('begin');
    await migration.result();
  },
};

/** With hooks that are told everything; the one that is asked says no the first time. */
const hooked: Readonly<Record<string, Walk>> = {
  hooked: async (cluster, migration) => {
    let asked = 0;
    cluster.answer = ({ event }) => {
      const ok = event !== 'before-window' || ++asked > 1;
      return Promise.resolve({ ok, reason: ok ? null : 'not yet', output: '', tookMs: 1 });
    };
    await migration.approve('begin');
    await migration.approve('cut-over');
    await migration.decide('retry');
    await migration.approve('complete');
    await migration.result();
  },
};

const [folder, ...names] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: record-histories FOLDER');
await mkdir(folder, { recursive: true });
const env = new MigrationEnv();
await env.start();
try {
  for (const [name, walk] of Object.entries({ ...shared, ...dual, ...taking, ...hooked, ...asked })) {
    if (names.length > 0 && !names.includes(name)) continue;
    const takeOver = name in taking ? 'zkferry-c/0aa1' : null;
    const hooks: readonly HookConfig[] =
      name in hooked ? [{ on: HOOK_EVENTS, run: { kind: 'command', argv: ['/bin/true'] }, timeoutMs: 5_000 }] : [];
    const { policy: usual } = aConfig();
    // What speaks against the window is asked about at once.
    const timeouts = name === 'lost-agent' ? { ...usual.timeouts, frameworkMs: 0 } : usual.timeouts;
    const window = { budgetMs: 24_000, reserveMs: 14_000, forecastShare: 1 };
    const policy = { ...usual, ...window, timeouts, takeOver, hooks };
    const strategy = name.startsWith('dual-') ? { strategy: 'dual-publishing' as const, observers: [] } : {};
    const cluster = new FakeCluster(aConfig(2, { policy, ...strategy }));
    await env.migrate(cluster, async (migration) => {
      await walk(cluster, migration);
      for (const { suffix, workflowId, runId } of await env.family(migration.handle.workflowId)) {
        const { stdout } = await promisify(execFile)(
          temporalBinary(),
          ['workflow', 'show', '-w', workflowId, '-r', runId, '-o', 'json', '--address', env.address],
          { maxBuffer: 64 << 20 },
        );
        await writeFile(`${folder}/${name}${suffix}.json.gz`, gzipSync(JSON.stringify(JSON.parse(stdout))));
      }
    });
    console.log(`recorded ${name}`);
  }
} finally {
  await env.stop();
}
