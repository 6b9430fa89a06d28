/* eslint-disable @typescript-eslint/no-unsafe-argument -- an activity's argument, of any of their types */
import type { ProofActivities } from '../../../activities/contract.js';
import { residueOf } from './residue.js';
import { DONE, iso, leads, read, somebodyLeads, urlOf, write, type StepsOf } from './step.js';

/** What is only looked at. */
export const proofSteps: StepsOf<ProofActivities> = {
  awaitObserver: (a) =>
    read((world) => {
      const it = world.observers[a.observer.name];
      return it?.running === true && it.files === a.ensemble ? { servingAfterMs: 10 } : null;
    }),
  readTasks: (a) => read(() => ({ id: a.agent.name, tasks: {} })),
  awaitAgent: (a) =>
    read((world) => (world.agents[a.planned.agent.name]?.url === urlOf(a.url) ? { backAfterMs: 10 } : null)),
  awaitFramework: (a) =>
    read((world) => (world.frameworks[a.instance.name]?.url === urlOf(a.url) ? { backAfterMs: 10 } : null)),
  awaitMaster: (a) =>
    read((world) => {
      const it = world.masters[a.master.name];
      return it?.running === true && it.url === urlOf(a.url) ? { backAfterMs: 10 } : null;
    }),
  readElection: (a) =>
    read((world) => ({
      contenders: [],
      leader: leads(world, a.through) ?? Object.keys(world.masters).find((m) => world.masters[m]?.running) ?? null,
      unknown: Object.keys(world.masters).filter((master) => world.masters[master]?.running === false),
    })),
  provesNoLeader: () => ({
    host: null,
    // Not a change of the world, but of what may be true of it: it was seen that nobody claims to lead.
    change: (world) => {
      for (const master of Object.values(world.masters)) master.mayClaim = [];
    },
    report: (_world, now) => ({ clear: true, at: iso(now) }),
  }),
  removeGhosts: () => write(() => undefined),
  awaitLeader: (a) =>
    read((world, now) => {
      const master = leads(world, a.ensemble);
      return master === null ? null : { master, electedAt: iso(now), recoveredAt: iso(now) };
    }),
  awaitAgentsBack: (a) =>
    read((world, now) => ({
      back: 1,
      missing: somebodyLeads(world) ? [] : a.expectedIds,
      newRegistrations: 0,
      lastAgentAt: iso(now),
    })),
  watchSoak: (a) => read((world) => (leads(world, a.ensemble) === null ? null : DONE)),
  provesObserversIdle: () => read(() => DONE),
  findResidue: () =>
    read((world) => ({
      findings: residueOf(world).map((seen) => ({
        id: 'residue',
        verdict: 'block',
        host: null,
        seen,
        why: '',
        remedy: 'remove it',
      })),
    })),
};
