import { ApplicationFailure } from '@temporalio/common';
import { Context, sleep } from '@temporalio/activity';
import { toFailure } from '../../activities/interceptor.js';
import type { Activities, Divergence, EnsembleName, RepointReport } from '../../activities/contract.js';
import { MastersUnseenError } from '../../src/domain/door-errors.js';
import type { HookNotice, HookReport } from '../../src/domain/hooks.js';
import type { ClusterConfig } from '../../src/domain/config.js';
import type { PlannedAgent, PlanResult } from '../../src/domain/plan.js';
import { aPlan } from './plans.js';
import { UNMEASURED } from '../../src/domain/temporal-timers.js';

/** What a test wants to go wrong: by activity name and host; `times` failures, or for ever. */
export interface Mishap {
  readonly activity: keyof Activities;
  readonly host?: string;
  readonly times?: number;
  /**
   * `refuse`: a failure that no retry of Temporal helps. `hang`: never ends, but heeds a cancellation.
   * `wait`: succeeds once `release` is called, and heeds no cancellation; the journal tells of one.
   */
  readonly kind: 'fail' | 'refuse' | 'hang' | 'wait';
  /** A `FERRY_…` code; default: one that no rule knows. */
  readonly code?: string;
}

/**
 * A cluster that exists only as a journal of effects, in the order they happened: `stop o1`,
 * `start o1 on target`. Typed by the activities' contract, so that it cannot drift from it.
 */
export class FakeCluster {
  readonly journal: string[] = [];
  readonly mishaps: { mishap: Mishap; left: number }[] = [];
  /** Blocks preflight when set. */
  blocker: string | null = null;
  newcomers: PlannedAgent[] = [];
  agentsOnSource: string[] = [];
  /** Looks for stragglers that were answered. */
  stragglerLooks = 0;
  epochs = { source: '5', target: '1' };
  /** No server of target serves before they are started again. */
  targetDown = false;
  leader: string | null = 'm1';
  observersOn: EnsembleName | null = null;
  /** Reads of the election in which a master does not answer yet. */
  silentReads = 0;
  /** The effect without which nobody is elected: no standby is able to lead. Null = one is. */
  electedOnlyAfter: string | null = null;
  /** What the watch over both ensembles reports next; it waits while there is nothing. */
  readonly divergences: Divergence[] = [];
  /** What a survey for a take-over finds; `absent` empties by itself once a leader is there. */
  found = { standing: 'unknown' as 'source' | 'unknown', generation: 40, publishing: false, targetServes: true };
  absent: string[] = [];
  /** Agents are listed by a leading master alone. */
  agentsNeedLeader = false;
  /** Names of what still runs of a migration to be taken over. */
  running: string[] = [];
  readonly adopted: { host: string; from: readonly string[] | undefined; generation: number }[] = [];
  /** What hooks were told, in the order it began. */
  readonly notices: HookNotice[] = [];
  /** What a hook answers. */
  answer: (notice: HookNotice) => Promise<HookReport> = () =>
    Promise.resolve({ ok: true, reason: null, output: '', tookMs: 1 });
  readonly doors = { source: 'open', target: 'open' };
  /** Whether the publisher's mirrors stand in target. */
  mirrored = false;
  /** The proof of a leader takes this long, and does not stop for a cancellation any more. */
  leaderMs = 0;
  /** Milliseconds every host step takes. */
  stepMs = 0;
  /** The reply of every step's first attempt is lost, so that each is carried out twice. */
  losesReplies = false;
  #hash = 0;
  #released = false;
  readonly #after: { effect: string; mishap: Mishap }[] = [];
  /** Steps that wait for `release`. */
  waiting = 0;
  /** Ids of agents that have not registered with the leading master. */
  lateAgents: string[] = [];
  /** Ids of agents that no master lists any more. */
  gone: string[] = [];
  /** Masters whose hosts are dead for good, as the last proof and the clean-up find them. */
  dead: string[] = [];
  /** How often a step has begun to hang. */
  hung = 0;

  constructor(readonly config: ClusterConfig) {}

  /** As `wreck`, from the next time on that this effect has happened. */
  wreckAfter(effect: string, mishap: Mishap): void {
    this.#after.push({ effect, mishap });
  }

  wreck(mishap: Mishap): void {
    this.mishaps.push({ mishap, left: mishap.times ?? Number.POSITIVE_INFINITY });
  }

  /** The watch over both ensembles, as long as nothing is wrong. */
  async #watch(asked: readonly string[]): Promise<Divergence> {
    const isAsked = (one: Divergence) => asked.includes(one.kind === 'native-contender' ? one.znode : one.kind);
    // What is wrong goes on being wrong until people are asked about it: a report may be lost.
    for (const heard of this.divergences.filter(isAsked)) this.divergences.splice(this.divergences.indexOf(heard), 1);
    for (;;) {
      const found = this.divergences.find((one) => !isAsked(one));
      if (found !== undefined) return found;
      Context.current().heartbeat();
      await sleep(100);
    }
  }

  async #wait(activity: string): Promise<void> {
    const context = Context.current();
    this.waiting += 1;
    while (!this.#released) {
      context.heartbeat();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    this.waiting -= 1;
    if (context.cancellationSignal.aborted) this.journal.push(`cancelled ${activity}`);
  }

  /** Lets every step go on that waits. */
  release(): void {
    this.#released = true;
  }

  /** Undoes every planned mishap: the operator has mended the host. */
  mend(): void {
    this.mishaps.length = 0;
  }

  planResult(): PlanResult {
    const plan = aPlan(this.config, this.newcomers);
    const found = { verdict: 'block', why: 'a test', remedy: 'mend it' } as const;
    const { blocker } = this;
    return {
      plan,
      planHash: `hash-${plan.agents.length}-${this.#hash}`,
      findings: blocker === null ? [] : [{ ...found, id: 'unit-not-running', host: 'm1', seen: blocker }],
    };
  }

  /** As the look before the window finds it, which knows whom it had planned. */
  #replanned(): PlanResult {
    const planned = this.planResult();
    const gone = planned.plan.agents.filter(({ id }) => this.gone.includes(id));
    const found = { id: 'agent-gone', verdict: 'block', why: 'a test', remedy: 'bring it back' } as const;
    const findings = gone.map(({ agent: { name }, id }) => ({
      ...found,
      host: name,
      agentId: id,
      seen: `${name} (${id}) is gone`,
    }));
    return { ...planned, findings: [...planned.findings, ...findings] };
  }

  changePlan(): void {
    this.#hash += 1;
  }

  get activities(): Activities {
    const act = async <T>(
      activity: keyof Activities,
      host: string | null,
      effect: string | null,
      result: T,
    ): Promise<T> => {
      const planned = this.mishaps.find(
        ({ mishap, left }) => left > 0 && mishap.activity === activity && (mishap.host ?? host) === host,
      );
      if (planned) {
        planned.left -= 1;
        if (planned.mishap.kind === 'hang') {
          this.hung += 1;
          await hang();
        }
        if (planned.mishap.kind === 'wait') await this.#wait(activity);
        else
          throw ApplicationFailure.create({
            message: `${activity} failed on ${host ?? 'the cluster'}`,
            type: planned.mishap.code ?? 'FERRY_TEST',
            nonRetryable: planned.mishap.kind === 'refuse',
            details: [{ host, remedy: 'mend it' }],
          });
      }
      if (this.stepMs > 0) await sleep(this.stepMs);
      if (effect !== null) this.journal.push(effect);
      for (const due of this.#after.filter((one) => one.effect === effect)) {
        this.#after.splice(this.#after.indexOf(due), 1);
        this.wreck(due.mishap);
      }
      return result;
    };
    const stopped = () => ({ stoppedAt: new Date().toISOString(), tookMs: 10 });
    const repointed = (): RepointReport => ({
      changed: true,
      mainPidBefore: 1,
      mainPid: 2,
      restartedAt: new Date().toISOString(),
    });
    const towards = (url: unknown) => (url === null ? 'source' : 'its url');
    return losing(this.losesReplies, {
      validateInput: ({ input }) => {
        const wrong = input as { wrong?: string };
        return Promise.resolve(
          wrong.wrong === undefined
            ? { ok: true as const, config: input as ClusterConfig }
            : {
                ok: false as const,
                errors: [
                  { path: 'cluster', message: wrong.wrong },
                  { path: 'source.servers', message: 'is missing' },
                ],
              },
        );
      },
      surveyAndPlan: ({ temporal = UNMEASURED }) => {
        const { plan, ...rest } = this.planResult();
        return act('surveyAndPlan', null, null, { ...rest, plan: { ...plan, temporal } });
      },
      replan: () => act('replan', null, null, this.#replanned()),
      findStragglers: async () => {
        const report = await act('findStragglers', null, null, {
          findings: [],
          agentsOnSource: [...this.agentsOnSource],
        });
        this.stragglerLooks += 1;
        return report;
      },
      acquireLock: () => act('acquireLock', null, 'lock', undefined),
      releaseLock: () => act('releaseLock', null, 'unlock', undefined),
      prepareTrees: () => act('prepareTrees', null, 'prepare trees', { created: [] }),
      cleanTrees: () => act('cleanTrees', null, 'clean trees', { residue: [] }),
      readEpochs: () =>
        act('readEpochs', null, null, {
          source: this.epochs.source,
          target: Object.fromEntries(
            this.config.target.servers.map(({ name }) => [name, this.targetDown ? null : this.epochs.target]),
          ),
          raiseTo: '105',
        }),
      awaitQuorum: ({ ensemble }) => act('awaitQuorum', null, `quorum of ${ensemble}`, { epochs: {} }),
      adoptHost: async ({ host, from, fence }) => {
        await act('adoptHost', host.name, from === undefined ? null : `take over ${host.name}`, undefined);
        this.adopted.push({ host: host.name, from, generation: fence.generation });
      },
      requireEnded: async () => {
        await act('requireEnded', null, null, undefined);
        if (this.running.length === 0) return;
        throw ApplicationFailure.nonRetryable(`still running: ${this.running.join(', ')}`, 'FERRY_TAKE_OVER_RUNNING');
      },
      surveyTakeOver: async () => {
        const planned = this.planResult();
        const agents = this.agentsNeedLeader && this.leader === null ? [] : planned.plan.agents;
        const absent = this.leader === null ? ['no master leads'] : this.absent.splice(0);
        return act('surveyTakeOver', null, null, {
          ...planned,
          plan: { ...planned.plan, agents },
          found: { ...this.found, absent },
        });
      },
      takeOverLock: ({ from }) => act('takeOverLock', null, 'take over lock', { from: [from] }),
      takeOverTrees: ({ ensembles }) =>
        act('takeOverTrees', null, `take over trees of ${ensembles.join(' and ')}`, undefined),
      releaseHost: ({ host }) => {
        if (this.dead.includes(host.name))
          throw ApplicationFailure.nonRetryable('no route to host', 'FERRY_HOST_UNREACHABLE', { host: host.name });
        return act('releaseHost', host.name, `release ${host.name}`, undefined);
      },
      installObserver: ({ observer, ensemble }) =>
        act('installObserver', observer.name, `install ${observer.name} on ${ensemble}`, { changed: true }),
      stopObserver: ({ observer }) => act('stopObserver', observer.name, `stop ${observer.name}`, stopped()),
      removeObserver: ({ observer }) => act('removeObserver', observer.name, `remove ${observer.name}`, undefined),
      parkObserver: ({ observer }) => act('parkObserver', observer.name, null, undefined),
      flipObserver: async ({ observer, to }) => {
        const report = await act('flipObserver', observer.name, `start ${observer.name} on ${to}`, {
          startedAt: new Date().toISOString(),
        });
        this.observersOn = to;
        return report;
      },
      discardSetAside: ({ observer }) => act('discardSetAside', observer.name, null, undefined),
      prepareHold: ({ host }) => act('prepareHold', host.name, null, undefined),
      holdUnit: ({ host }) => act('holdUnit', host.name, `hold ${host.name}`, undefined),
      stopHeld: async ({ host }) => {
        const report = await act('stopHeld', host.name, `stop ${host.name}`, stopped());
        if (this.leader === host.name) this.leader = null;
        return report;
      },
      liftHold: ({ host, start }) =>
        act('liftHold', host.name, `lift ${host.name}${start ? ' and start it' : ''}`, undefined),
      repointAgent: ({ agent, url }) =>
        act('repointAgent', agent.name, `restart ${agent.name} onto ${towards(url)}`, repointed()),
      repointMaster: ({ master, url }) =>
        act('repointMaster', master.name, `restart ${master.name} onto ${towards(url)}`, repointed()),
      repointFramework: ({ instance, url }) =>
        act('repointFramework', instance.name, `restart ${instance.name} onto ${towards(url)}`, repointed()),
      stopServer: ({ server }) => act('stopServer', server.name, `stop ${server.name}`, stopped()),
      writeEpoch: ({ server, epoch }) => act('writeEpoch', server.name, `epoch ${epoch} on ${server.name}`, undefined),
      restoreEpoch: ({ server }) => act('restoreEpoch', server.name, `old epoch on ${server.name}`, undefined),
      startServer: async ({ server }) => {
        await act('startServer', server.name, `start ${server.name}`, undefined);
        this.targetDown = false;
        this.epochs = { ...this.epochs, target: '106' };
      },
      awaitObserver: ({ observer }) => act('awaitObserver', observer.name, null, { servingAfterMs: 10 }),
      awaitAgent: ({ planned }) => act('awaitAgent', planned.agent.name, null, { backAfterMs: 10 }),
      readTasks: ({ agent }) => act('readTasks', agent.name, null, { id: agent.name, tasks: {} }),
      awaitFramework: () => act('awaitFramework', null, null, { backAfterMs: 10 }),
      awaitMaster: ({ master }) => act('awaitMaster', master.name, null, { backAfterMs: 10 }),
      readElection: () =>
        act('readElection', null, null, {
          contenders: this.config.masters.map(({ name, address }, n) => ({
            znode: `/mesos/json.info_000000000${n}`,
            pid: `master@${address}:5050`,
            master: name,
            replicas: [],
          })),
          leader: this.leader,
          unknown: this.silentReads-- > 0 ? ['m2'] : [],
        }),
      provesNoLeader: () =>
        act('provesNoLeader', null, 'barrier', { clear: true as const, at: new Date().toISOString() }),
      removeGhosts: () => act('removeGhosts', null, 'remove ghosts', undefined),
      awaitLeader: async ({ ensemble }) => {
        for (const end = Date.now() + this.leaderMs; Date.now() < end;) {
          Context.current().heartbeat();
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        while (this.electedOnlyAfter !== null && !this.journal.includes(this.electedOnlyAfter)) {
          Context.current().heartbeat();
          await sleep(50);
        }
        const report = await act('awaitLeader', null, `leader in ${ensemble}`, {
          master: 'm2',
          electedAt: new Date().toISOString(),
          recoveredAt: new Date().toISOString(),
        });
        this.leader = 'm2';
        return report;
      },
      awaitAgentsBack: ({ expectedIds }) =>
        act('awaitAgentsBack', null, null, {
          back: expectedIds.length - this.lateAgents.length,
          missing: expectedIds.filter((id) => this.lateAgents.includes(id)),
          newRegistrations: 0,
          lastAgentAt: new Date().toISOString(),
        }),
      watchSoak: () => act('watchSoak', null, null, undefined),
      provesObserversIdle: () => act('provesObserversIdle', null, null, undefined),
      findResidue: () => act('findResidue', null, null, { findings: [] }),
      parkMasterUrl: ({ master }) => act('parkMasterUrl', master.name, null, undefined),
      swapMasterUrl: ({ master, to }) =>
        act('swapMasterUrl', master.name, `point ${master.name} at ${to}`, { changed: true }),
      proveAcls: ({ ensemble }) => act('proveAcls', null, `prove ACLs of ${ensemble}`, undefined),
      raiseCounter: () => act('raiseCounter', null, 'raise counter', { counter: 1_000, highestInSource: 3 }),
      closeDoor: async ({ ensemble }) => {
        const report = await act('closeDoor', null, `close ${ensemble}`, { changed: true });
        this.doors[ensemble] = 'closed';
        return report;
      },
      openDoor: async ({ ensemble }) => {
        const report = await act('openDoor', null, `open ${ensemble}`, { changed: true });
        this.doors[ensemble] = 'open';
        return report;
      },
      removeDoor: async ({ ensemble }) => {
        await act('removeDoor', null, `remove door of ${ensemble}`, undefined);
        this.doors[ensemble] = 'open';
      },
      preparePublisher: () => act('preparePublisher', null, 'prepare publisher', undefined),
      runPublisher: async () => {
        await act('runPublisher', null, 'publish', undefined);
        this.mirrored = true;
        for (;;) {
          Context.current().heartbeat();
          await sleep(100);
          // A mishap that was planned since ends this attempt.
          const due = this.mishaps.some(({ mishap, left }) => left > 0 && mishap.activity === 'runPublisher');
          if (due) await act('runPublisher', null, null, undefined);
        }
      },
      withdrawMirrors: async () => {
        const report = await act('withdrawMirrors', null, 'withdraw mirrors', { withdrawn: [] });
        this.mirrored = false;
        return report;
      },
      resumePublishing: async () => {
        await act('resumePublishing', null, 'publish again', undefined);
        this.mirrored = true;
      },
      awaitMirrored: () => act('awaitMirrored', null, 'mirrored', { mirrored: 3, afterMs: 10 }),
      removePublisher: async () => {
        await act('removePublisher', null, 'remove publisher', undefined);
        this.mirrored = false;
      },
      watchDivergence: ({ asked }) => this.#watch(asked),
      clearElection: ({ ensemble }) => act('clearElection', null, `clear ${ensemble}`, { removed: [] }),
      runHook: ({ notice }) => {
        if (!this.notices.some(({ id }) => id === notice.id)) this.notices.push(notice);
        return this.answer(notice);
      },
      awaitFullLog: () => act('awaitFullLog', null, 'full log', undefined),
      provesMastersOn: async ({ ensemble, passOver = [] }) => {
        const hosts = this.dead.filter((name) => !passOver.includes(name));
        if (hosts.length > 0) throw toFailure(new MastersUnseenError(ensemble, hosts, 'no route to host'));
        await act('provesMastersOn', null, `masters on ${ensemble}`, undefined);
      },
    });
  }
}

/** As if each worker died right after its step: what was done stays done, nobody is told. */
function losing(isLosing: boolean, activities: Activities): Activities {
  if (!isLosing) return activities;
  const twice = Object.entries(activities).map(([name, run]) => [
    name,
    async (input: never) => {
      const result: unknown = await (run as (input: never) => Promise<unknown>)(input);
      if (Context.current().info.attempt === 1) throw ApplicationFailure.retryable(`the reply of ${name} was lost`);
      return result;
    },
  ]);
  return Object.fromEntries(twice) as Activities;
}

/** Beats until it is cancelled: a step that never ends by itself. */
export async function hang(): Promise<never> {
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat(), 200);
  try {
    return await context.cancelled;
  } finally {
    clearInterval(beat);
  }
}
