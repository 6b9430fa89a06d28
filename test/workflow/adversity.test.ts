import assert from 'node:assert/strict';
import { ApplicationFailure } from '@temporalio/common';
import type { Activities } from '../../activities/contract.js';
import { FakeCluster } from '../fakes/fake-cluster.js';
import { aConfig } from '../fakes/plans.js';
import { MigrationEnv, type Migration } from './migration-env.js';

/** A fake cluster of which some activities are told otherwise; each override gets the original. */
class Told extends FakeCluster {
  override: (original: Activities) => Partial<Activities> = () => ({});
  override get activities(): Activities {
    const original = super.activities;
    return { ...original, ...this.override(original) };
  }
}

const refused = (message: string, host: string | null = null) =>
  ApplicationFailure.nonRetryable(message, 'FERRY_HOST_STEP', { host, remedy: 'mend it' });

const QUICK = { ...aConfig().policy.timeouts, frameworkMs: 0 };

describe('a migration in adversity', function () {
  this.timeout(120_000);
  const env = new MigrationEnv();
  before(() => env.start());
  after(() => env.stop());

  const short = { ...aConfig().policy, budgetMs: 40_000, reserveMs: 25_000, forecastShare: 1 };

  async function toWindow(cluster: FakeCluster, migration: Migration): Promise<number> {
    await migration.approve('begin');
    await migration.atGate('cut-over');
    const mark = cluster.journal.length;
    await migration.approve('cut-over');
    return mark;
  }

  it('goes back although the ghosts of the stopped leader cannot be removed', async () => {
    const cluster = new Told(aConfig(3, { policy: short }));
    await env.migrate(cluster, async (migration) => {
      cluster.wreck({ activity: 'stopHeld', host: 'o2', kind: 'hang' });
      cluster.wreck({ activity: 'removeGhosts', kind: 'refuse' });
      const mark = await toWindow(cluster, migration);
      await migration.until((s) => s.state === 'awaiting-decision', { patienceMs: 60_000 });
      const effects = cluster.journal.slice(mark);
      assert.ok(
        effects.includes('lift o1 and start it') && effects.includes('lift m1 and start it'),
        effects.join(', '),
      );
      assert.ok(effects.includes('leader in source'), effects.join(', '));
    });
  });

  it('can retry add-observers after an observer failed to join source', async () => {
    const cluster = new Told(aConfig());
    const serving = new Map<string, string>();
    cluster.override = (original) => ({
      installObserver: async (a) => {
        const now = serving.get(a.observer.name);
        // As the real script: a running observer of the other ensemble is refused.
        if (now !== undefined && now !== a.ensemble) throw refused('it runs for the other ensemble', a.observer.name);
        serving.set(a.observer.name, a.ensemble);
        return original.installObserver(a);
      },
      stopObserver: async (a) => {
        serving.delete(a.observer.name);
        return original.stopObserver(a);
      },
      awaitObserver: async (a) => {
        if (slow && a.observer.name === 'o2' && a.ensemble === 'source') throw refused('it does not serve', 'o2');
        return original.awaitObserver(a);
      },
    });
    let slow = true;
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await migration.until((s) => s.state === 'awaiting-decision');
      slow = false;
      await migration.decide('retry');
      await migration.until(
        (s) => s.phase === 'move-agents' || (s.state === 'awaiting-decision' && s.incidents.length > 1),
      );
      const status = await migration.status();
      assert.equal(status.incidents.length, 1, JSON.stringify(status.incidents.at(-1)));
    });
  });

  it('restores a master that does not answer because its move has broken it', async () => {
    const config = aConfig();
    const cluster = new Told({
      ...config,
      policy: { ...config.policy, timeouts: { ...config.policy.timeouts, masterMs: 3_000 } },
    });
    cluster.override = (original) => ({
      readElection: async (a) => {
        const election = await original.readElection(a);
        const moved = cluster.journal.includes('restart m2 onto its url');
        const restored = cluster.journal.includes('restart m2 onto source');
        return { ...election, unknown: moved && !restored ? ['m2'] : [] };
      },
    });
    await env.migrate(cluster, async (migration) => {
      cluster.wreck({ activity: 'awaitMaster', host: 'm2', kind: 'refuse' });
      await migration.approve('begin');
      await migration.until((s) => s.state === 'awaiting-decision');
      cluster.mend();
      await migration.decide('rollback');
      const status = await migration.until(
        (s) => s.state === 'rolled-back' || (s.state === 'awaiting-decision' && s.incidents.length > 1),
      );
      assert.ok(cluster.journal.includes('restart m2 onto source'), JSON.stringify(status.incidents.at(-1)));
    });
  });

  it('does not ask again in the soak for an agent whose loss a person has accepted', async () => {
    const cluster = new Told(aConfig());
    let asked: readonly string[] = [];
    let lost: string[] = [];
    cluster.override = (original) => ({
      awaitAgentsBack: async (a) => {
        const report = await original.awaitAgentsBack(a);
        return { ...report, missing: a.expectedIds.filter((id) => lost.includes(id)) };
      },
      watchSoak: async (a) => {
        asked = a.expectedIds;
        return original.watchSoak(a);
      },
    });
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      const { planHash } = await migration.atGate('cut-over');
      const plan = await migration.plan();
      lost = [plan?.plan.agents[2]?.id ?? ''];
      await migration.say('approve', { gate: 'cut-over', by: 'ann', planHash });
      await migration.until((s) => s.state === 'awaiting-decision');
      await migration.decide('skip');
      await migration.atGate('complete');
      assert.ok(!asked.includes(lost[0] ?? ''), `the soak still wants ${asked.join(', ')}`);
    });
  });

  it('offers no rollback after gate complete', async () => {
    const cluster = new Told(aConfig(3, { policy: { ...aConfig().policy, settle: true } }));
    await env.migrate(cluster, async (migration) => {
      await toWindow(cluster, migration);
      await migration.atGate('complete');
      cluster.wreck({ activity: 'repointAgent', host: 'a2', kind: 'refuse' });
      await migration.approve('complete');
      const status = await migration.until((s) => s.state === 'awaiting-decision');
      const incident = status.incidents.at(-1);
      await assert.rejects(
        migration.say('decide', { incident: incident?.id, action: 'rollback', by: 'ann' }),
        'a decision for rollback is accepted although the migration is complete',
      );
    });
  });

  it('stops nothing in the window while a master does not answer', async () => {
    const cluster = new Told(aConfig(3, { policy: short }));
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      const { planHash } = await migration.atGate('cut-over');
      const mark = cluster.journal.length;
      cluster.silentReads = 1_000;
      await migration.say('approve', { gate: 'cut-over', by: 'ann', planHash });
      await migration.until(() =>
        cluster.journal.slice(mark).some((e) => e.startsWith('lift m1') || e.startsWith('stop o1')),
      );
      assert.ok(!cluster.journal.slice(mark).includes('stop o1'), cluster.journal.slice(mark).join(', '));
    });
  });

  it('looks again after the approval of gate begin before it writes', async () => {
    const cluster = new Told(aConfig());
    await env.migrate(cluster, async (migration) => {
      const { planHash } = await migration.atGate('begin');
      // Days later: what was surveyed is not what is there.
      cluster.changePlan();
      cluster.blocker = 'another cluster elects in target by now';
      await migration.say('approve', { gate: 'begin', by: 'ann', planHash });
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      assert.deepEqual(cluster.journal, []);
    });
  });

  it('does not remove the observers under an agent that could not be moved back', async () => {
    const cluster = new Told(aConfig());
    await env.migrate(cluster, async (migration) => {
      await migration.approve('begin');
      await migration.atGate('cut-over');
      cluster.wreck({ activity: 'repointAgent', host: 'a2', kind: 'refuse' });
      await migration.say('rollback', { by: 'ann' });
      await migration.decide('skip');
      const status = await migration.until(
        (s) => s.state !== 'rolling-back' && s.incidents.every(({ closedAt }, n) => n > 0 || closedAt !== null),
      );
      assert.notEqual(status.state, 'rolled-back', 'a2 still names observers that are gone');
    });
  });

  /** Agents that no master lists any more, as the look before the window finds them. */
  function withGone(cluster: Told, more: (original: Activities) => Partial<Activities> = () => ({})) {
    const gone: { name: string; id: string }[] = [];
    cluster.override = (original) => ({
      replan: async (a) => {
        const planned = await original.replan(a);
        const block = { verdict: 'block', why: 'a test', remedy: 'bring it back' } as const;
        const findings = gone.flatMap(({ name, id }) => [
          { ...block, id: 'agent-gone' as const, host: name, agentId: id, seen: `${name} (${id}) is gone` },
          { ...block, id: 'agent-not-registered' as const, host: name, seen: `${name} is not registered` },
        ]);
        return { ...planned, findings };
      },
      ...more(original),
    });
    /** Has a2 be gone by the time the gate looks, which then asks. */
    const lose = async (migration: Migration): Promise<void> => {
      await migration.atGate('begin');
      const planned = (await migration.plan())?.plan.agents.find(({ agent }) => agent.name === 'a2');
      gone.push({ name: 'a2', id: planned?.id ?? '' });
      await migration.approve('begin');
      await migration.until((s) => s.state === 'awaiting-decision');
    };
    return { gone, lose };
  }

  it('expects an agent again that comes back after its loss was accepted', async () => {
    const cluster = new Told(aConfig(3, { policy: { ...aConfig().policy, timeouts: QUICK } }));
    let expected: readonly string[] = [];
    const counted: (readonly string[])[] = [];
    const { gone, lose } = withGone(cluster, (original) => ({
      awaitAgentsBack: (a) => {
        counted.push(a.expectedIds);
        return original.awaitAgentsBack(a);
      },
      watchSoak: (a) => {
        expected = a.expectedIds;
        return original.watchSoak(a);
      },
    }));
    await env.migrate(cluster, async (migration) => {
      await lose(migration);
      await migration.decide('skip');
      await migration.atGate('cut-over');
      const [{ id } = { id: '' }] = gone.splice(0);
      await migration.approve('cut-over');
      await migration.atGate('complete');
      assert.ok(counted.at(-1)?.includes(id), 'the window does not wait for it');
      assert.ok(expected.includes(id), 'the soak does not watch it');
    });
  });

  it('shows no incident that was decided while it looks or cleans again', async () => {
    const cluster = new Told(aConfig(3, { policy: { ...aConfig().policy, timeouts: QUICK } }));
    let goes = true;
    let begun = 0;
    const stands = async () => {
      begun += 1;
      while (!goes) await new Promise((resolve) => setTimeout(resolve, 50));
    };
    const { lose } = withGone(cluster, (original) => ({
      findStragglers: async (a) => {
        await stands();
        return original.findStragglers(a);
      },
      releaseHost: async (a) => {
        if (a.host.name === 'a2') await stands();
        return original.releaseHost(a);
      },
    }));
    /** What is shown while the step that follows an answer is under way. */
    async function shownAfter(migration: Migration, action: 'retry' | 'skip'): Promise<string> {
      goes = false;
      begun = 0;
      await migration.decide(action);
      const { state } = await migration.until(() => begun > 0);
      goes = true;
      return state;
    }
    await env.migrate(cluster, async (migration) => {
      await lose(migration);
      assert.equal(await shownAfter(migration, 'skip'), 'running', 'after what speaks against the window');
      await migration.atGate('cut-over');
      cluster.agentsOnSource = ['a1'];
      await migration.approve('cut-over');
      await migration.until((s) => s.state === 'awaiting-decision');
      cluster.agentsOnSource = [];
      assert.equal(await shownAfter(migration, 'skip'), 'running', 'after stragglers');
      await migration.atGate('complete');
      cluster.wreck({ activity: 'releaseHost', host: 'a2', kind: 'refuse' });
      await migration.approve('complete');
      await migration.until((s) => s.state === 'awaiting-decision');
      cluster.mend();
      assert.equal(await shownAfter(migration, 'retry'), 'running', 'after the clean-up');
      assert.equal((await migration.result()).state, 'migrated');
    });
  });

  it('goes back without an agent whose loss was accepted, and names what is left on its host', async () => {
    const cluster = new Told(aConfig(3, { policy: { ...aConfig().policy, timeouts: QUICK } }));
    const { lose } = withGone(cluster);
    await env.migrate(cluster, async (migration) => {
      await lose(migration);
      await migration.decide('skip');
      await migration.atGate('cut-over');
      cluster.wreck({ activity: 'adoptHost', host: 'a2', kind: 'refuse' });
      await migration.say('rollback', { by: 'ann' });
      // The move back asks, as for every agent.
      await migration.decide('skip');
      const { phase, waitingFor } = await migration.until(
        (s) => s.state === 'awaiting-decision' && s.incidents.at(-2)?.closedAt !== null,
      );
      assert.equal(phase, 'clean-up');
      assert.match(
        waitingFor?.what ?? '',
        /a2.*skip leaves what zkferry has written on a2, and its master URL as it is/,
      );
      assert.ok(cluster.journal.includes('remove o1') && cluster.journal.includes('release a1'));
      // It is back after all: then it is brought back to source first.
      cluster.mend();
      await migration.decide('retry');
      assert.equal((await migration.result()).state, 'rolled-back');
      const last = cluster.journal.filter((effect) => effect.includes(' a2'));
      assert.deepEqual(last.slice(-2), ['restart a2 onto source', 'release a2']);
    });
  });

  it('passes gate cut-over without an agent that is gone, once its loss was accepted by name', async () => {
    const cluster = new Told(aConfig(3, { policy: { ...aConfig().policy, timeouts: QUICK } }));
    let [expected, looked]: [readonly string[], readonly string[]] = [[], []];
    const { lose } = withGone(cluster, (original) => ({
      findStragglers: (a) => {
        looked = a.plan.agents.map(({ agent }) => agent.name);
        return original.findStragglers(a);
      },
      watchSoak: (a) => {
        expected = a.expectedIds;
        return original.watchSoak(a);
      },
      releaseHost: (a) => {
        if (a.host.name === 'a2') throw refused('no answer', 'a2');
        return original.releaseHost(a);
      },
    }));
    await env.migrate(cluster, async (migration) => {
      await lose(migration);
      const ids = (await migration.plan())?.plan.agents ?? [];
      const { incidents, waitingFor } = await migration.status();
      assert.equal(incidents.at(-1)?.host, 'a2');
      assert.match(waitingFor?.what ?? '', /skip accepts the loss of exactly what is named/);
      await migration.decide('skip');
      await migration.atGate('cut-over');
      assert.ok(!looked.includes('a2') && looked.includes('a1'), looked.join(', '));
      await migration.approve('cut-over');
      await migration.atGate('complete');
      assert.deepEqual(
        expected,
        ids.filter(({ agent }) => agent.name !== 'a2').map(({ id }) => id),
      );
      await migration.approve('complete');
      // What cannot be cleaned is asked about by itself, and keeps nothing else from being cleaned.
      const asked = await migration.until((s) => s.state === 'awaiting-decision');
      assert.equal(asked.incidents.at(-1)?.host, 'a2');
      await migration.decide('skip');
      await migration.until((s) => s.state === 'migrated');
      assert.ok(cluster.journal.includes('unlock') && cluster.journal.includes('release a1'));
    });
  });

  it('goes back inside the budget although ssh to a standby hangs, whose own word is that it does not lead', async () => {
    const cluster = new Told(aConfig(3, { policy: short }));
    const hangs = async (name: string) => {
      if (name !== 'm3' || cluster.observersOn === null) return;
      const { Context } = await import('@temporalio/activity');
      for (let n = 0; n < 80; n += 1) {
        Context.current().heartbeat();
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      throw ApplicationFailure.create({ message: 'm3 cannot be reached by ssh', type: 'FERRY_HOST_UNREACHABLE' });
    };
    cluster.override = (original) => ({
      holdUnit: async (a) => {
        await hangs(a.host.name);
        return original.holdUnit(a);
      },
      stopHeld: async (a) => {
        await hangs(a.host.name);
        return original.stopHeld(a);
      },
    });
    await env.migrate(cluster, async (migration) => {
      cluster.wreck({ activity: 'awaitLeader', times: 1, kind: 'hang' });
      const mark = await toWindow(cluster, migration);
      await migration.until(() => cluster.journal.slice(mark).includes('start o1 on target'));
      await new Promise((resolve) => setTimeout(resolve, 35_000));
      assert.ok(cluster.journal.slice(mark).includes('start o1 on source'), cluster.journal.slice(mark).join(', '));
    });
  });

  it('starts an observer again although a master of the same machine was let go at the same time', async () => {
    const cluster = new Told(aConfig(3, { policy: short }));
    // m2 and o2 share a machine, and so its state folder with the generation in it.
    let highest = 0;
    cluster.override = (original) => ({
      liftHold: async (a) => {
        if (!['m2', 'o2'].includes(a.host.name)) return original.liftHold(a);
        if (a.host.name === 'o2') await new Promise((resolve) => setTimeout(resolve, 1_000));
        if (a.fence.generation < highest)
          throw ApplicationFailure.nonRetryable(
            `generation ${a.fence.generation} is older than ${highest}`,
            'FERRY_FENCED',
          );
        highest = a.fence.generation;
        return original.liftHold(a);
      },
    });
    await env.migrate(cluster, async (migration) => {
      cluster.wreck({ activity: 'stopHeld', host: 'o3', kind: 'hang' });
      const mark = await toWindow(cluster, migration);
      await migration.until((s) => s.state === 'awaiting-decision', { patienceMs: 60_000 });
      assert.ok(cluster.journal.slice(mark).includes('lift o2 and start it'), cluster.journal.slice(mark).join(', '));
    });
  });
});
