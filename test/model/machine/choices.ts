import type { DecisionAction, GateName } from '../../../src/domain/status.js';
import type { Pending, Timer } from './run.js';
import type { Simulation } from './simulation.js';
import { reach, type World } from './world.js';

/** How much out of the ordinary may happen on one way. */
export interface Bounds {
  /**
   * Failed, lost, late and slow steps, the turn-back point, a changed plan, what the watch finds; a
   * pause, a rollback, a cancellation, and a decision given before it is waited for.
   */
  readonly unusual: number;
  /** Where the first of them happens. */
  readonly within: 'everywhere' | 'window';
  /** After the last of them a person may still order the way back. */
  readonly thenBack?: boolean;
}

/** One thing that may happen next. */
export interface Choice {
  readonly name: string;
  readonly costs: 'fault' | 'message' | 'rollback' | null;
  /** @returns false when the workflow refused it */
  readonly make: (sim: Simulation) => boolean;
}

const GATES: Readonly<Record<string, GateName>> = {
  'gate begin': 'begin',
  'gate cut-over': 'cut-over',
  'gate complete': 'complete',
};
const BY = { by: 'ann' };

/** All that may happen next, the ordinary first; empty = nothing can, and nobody is asked. */
export function choicesOf(sim: Simulation): Choice[] {
  const choices: Choice[] = [];
  const { status } = sim;
  const front = workable(sim);
  const turnBack = sim.timers.find(({ purpose }) => purpose === 'turn-back');
  const lag = sim.timers.find(({ purpose }) => purpose === 'lag');
  if (front) choices.push(ordinary(sim, front));
  else if (lag) choices.push(FIRE_LAG);
  else if (turnBack) choices.push(fireTurnBack(null));
  else if (status.state === 'awaiting-approval') {
    const gate = GATES[status.phase] ?? 'begin';
    choices.push(say(`approve ${gate}`, null, 'approve', { gate, planHash: status.planHash, ...BY }));
  } else if (status.state === 'paused') choices.push(say('resume', null, 'resume', BY));
  else if (status.state !== 'awaiting-decision') {
    if (sim.timers.length > 0) choices.push({ name: 'time passes', costs: null, make: timePasses });
  }
  if (status.state === 'awaiting-decision') choices.push(...decisions(sim, front === null ? null : 'message'));
  if (front) choices.push(...faults(sim, front));
  if (front && turnBack) choices.push(fireTurnBack('fault'));
  // No fault by itself: whatever lags behind is one already, or late by chance.
  if (front && lag) choices.push(FIRE_LAG);
  sim.late.forEach((late, at) =>
    choices.push({ name: `${late.label} takes effect late`, costs: null, make: (it) => (land(it, at), true) }),
  );
  choices.push(...besides(sim));
  choices.push(say('rollback', 'rollback', 'rollback', BY));
  choices.push({ name: 'cancel the workflow', costs: 'rollback', make: (it) => (it.cancel(), true) });
  if (status.state !== 'paused') choices.push(say('pause', 'message', 'pause', BY));
  return choices;
}

/** The oldest step that can answer: one that waits for what does not hold is tried again meanwhile. */
function workable(sim: Simulation): Pending | null {
  const { front } = sim;
  if (front === null) return null;
  const beside = sim.beside;
  const steps = sim.pending.filter((one) => !beside.includes(one));
  return steps.find((one) => one.cancelled || !one.endless || !waits(sim, one)) ?? null;
}

function waits(sim: Simulation, one: Pending): boolean {
  return one.step.change === null && one.step.report(sim.world, sim.now) === null;
}

function ordinary(_sim: Simulation, front: Pending): Choice {
  if (front.cancelled)
    return {
      name: `${front.label} is cancelled`,
      costs: null,
      make: (it) => (it.answer(again(it, front), 'cancelled'), true),
    };
  return { name: front.label, costs: null, make: (it) => (done(it, again(it, front)), true) };
}

/** The same step in another run of the same way. */
function again(sim: Simulation, one: Pending): Pending {
  return sim.pending.find(({ run, seq }) => run.id === one.run.id && seq === one.seq) ?? one;
}

/** It takes effect and says so, unless the host refuses it or what it waits for does not come. */
function done(sim: Simulation, one: Pending): void {
  const refusal = sim.effect(one.step, one.label);
  if (refusal) return sim.fail(one, refusal.code);
  const report = one.step.report(sim.world, sim.now);
  if (report === null) sim.fail(one, 'FERRY_NOT_PROVED');
  else sim.answer(one, 'ok', report);
}

function faults(sim: Simulation, front: Pending): Choice[] {
  const fault = (what: string, make: (sim: Simulation, one: Pending) => void): Choice => ({
    name: `${front.label} ${what}`,
    costs: 'fault',
    make: (it) => (make(it, again(it, front)), true),
  });
  const changes = front.step.change !== null && front.name !== 'provesNoLeader';
  if (front.cancelled) {
    return [
      ...(waits(sim, front) ? [] : [fault('ends before its cancellation reaches it', done)]),
      ...(changes
        ? [
            fault('takes effect and is cancelled', (it, one) => {
              it.effect(one.step, one.label);
              it.answer(one, 'cancelled');
            }),
          ]
        : []),
    ];
  }
  const last = sim.pending.filter((one) => !sim.beside.includes(one)).length < 2;
  return [
    ...(changes && comesLate(front)
      ? [
          // At once, so that only its reply is lost; later; or never.
          fault('fails, its effect may still come', (it, one) => {
            it.leaveLate(one);
            it.fail(one);
          }),
        ]
      : [fault('fails', (it, one) => it.fail(one))]),
    ...(changes && !comesLate(front)
      ? [
          fault('takes effect, its reply is lost', (it, one) => {
            it.effect(one.step, one.label);
            it.fail(one);
          }),
        ]
      : []),
    ...(last
      ? []
      : [
          fault('is slow', (it, one) => {
            it.pending.splice(it.pending.indexOf(one), 1);
            it.pending.push(one);
          }),
        ]),
    ...(front.name === 'replan'
      ? [
          fault('finds another plan', (it, one) => {
            it.knobs.plans += 1;
            done(it, one);
          }),
        ]
      : []),
    ...(front.name === 'awaitAgentsBack'
      ? [
          fault('misses an agent', (it, one) =>
            it.answer(one, 'ok', { back: 0, missing: ['a1-id'], newRegistrations: 0, lastAgentAt: null }),
          ),
        ]
      : []),
    ...(front.name === 'findStragglers'
      ? [fault('finds an agent on source', (it, one) => it.answer(one, 'ok', { findings: [], agentsOnSource: ['a1'] }))]
      : []),
  ];
}

/**
 * Steps behind a fence of generations. Not followed beyond their own failure: `adoptHost`, which tells by
 * the age of its own process on the host that it is late, and time is not modelled; what looks at the
 * lock, or at nothing (lock, trees, counter), since here no frozen worker loses its session.
 */
function comesLate({ name, step }: Pending): boolean {
  return name !== 'adoptHost' && (step.host !== null || /Mirrors$|Publishing$|^(open|close)Door$/.test(name));
}

/** What the watch finds, and the end of the publisher. */
function besides(sim: Simulation): Choice[] {
  return sim.beside.flatMap((one): Choice[] => {
    const fault = (name: string, make: (sim: Simulation, one: Pending) => void): Choice => ({
      name,
      costs: 'fault',
      make: (it) => (make(it, again(it, one)), true),
    });
    if (one.name === 'runPublisher') {
      return [
        fault('the publisher ends', (it, at) => {
          it.world.publishes = false;
          it.fail(at);
        }),
      ];
    }
    return [
      fault('the watch sees nothing any more', (it, at) =>
        it.answer(at, 'ok', { kind: 'blind', ensemble: 'target', seen: 'no answer', forMs: 2000 }),
      ),
      fault('m2 stands in target', (it, at) => {
        early(it.world);
        it.answer(at, 'ok', { kind: 'native-contender', znode: '/mesos/json.info_1', pid: 'm', master: 'm2' });
      }),
    ];
  });
}

/** Somebody has pointed a standby at target and restarted it. */
function early(world: World): void {
  const m2 = world.masters['m2'];
  if (m2 === undefined) return;
  m2.url = 'target';
  m2.mayClaim = m2.running ? reach(world, m2.url).filter((side) => world.doors[side].open) : [];
}

function decisions(sim: Simulation, costs: Choice['costs']): Choice[] {
  const open = sim.status.incidents.filter(({ closedAt }) => closedAt === null);
  return open.flatMap(({ id, code }) =>
    (['retry', 'skip', 'rollback'] as DecisionAction[]).map((action) =>
      say(`decide ${code}: ${action}`, costs, 'decide', { incident: id, action, ...BY }),
    ),
  );
}

function say(name: string, costs: Choice['costs'], verb: string, message: object): Choice {
  return { name, costs, make: (sim) => sim.say(verb, message) };
}

const FIRE_LAG = fire('the window goes on without the observer that lags behind', 'lag', null);

function fireTurnBack(costs: Choice['costs']): Choice {
  return fire('the turn-back point comes', 'turn-back', costs);
}

function fire(name: string, purpose: Timer['purpose'], costs: Choice['costs']): Choice {
  return {
    name,
    costs,
    make: (sim) => {
      const timer = sim.timers.find((one) => one.purpose === purpose);
      if (timer) sim.fire(timer);
      return true;
    },
  };
}

function timePasses(sim: Simulation): boolean {
  const [timer] = [...sim.timers].sort((a, b) => a.at - b.at);
  if (timer) sim.fire(timer);
  return true;
}

function land(sim: Simulation, at: number): void {
  const [late] = sim.late.splice(at, 1);
  if (late) sim.effect(late.step, `${late.label} (late)`);
}
