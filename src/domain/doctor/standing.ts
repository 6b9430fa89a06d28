import type { ClusterConfig } from '../config.js';
import type { MasterObservation, Observation } from './observation.js';

/** Where what crosses in the window may be. `unknown` counts as target. */
export interface Standing {
  readonly standing: 'source' | 'unknown';
  /** Why it is not surely source; one sentence each. */
  readonly why: readonly string[];
}

/**
 * Whether anything may serve or lead on target, so that the way back needs the barrier of the window
 * (S6, S20). Only what is proved counts for source.
 */
export function standingOf(config: ClusterConfig, seen: Observation): Standing {
  const held = seen.masters.filter(({ facts }) => facts?.held === true).map(({ host }) => `${host.name} is held down`);
  const notOnSource = seen.masters.flatMap((master) => elsewhere(master));
  const why = config.strategy === 'observers' ? [...held, ...notOnSource] : [...held, ...notOnSource, ...doors(seen)];
  if (why.length === 0) return { standing: 'source', why };
  // Masters that go through observers are on source for certain while every observer serves source.
  if (config.strategy !== 'observers') return { standing: 'unknown', why };
  const strays = [...held, ...seen.masters.flatMap((master) => nowhere(master)), ...observersNotOnSource(seen)];
  return { standing: strays.length === 0 ? 'source' : 'unknown', why: strays };
}

/** A master on source itself: its file says so, and its process does or is proved stopped. */
function elsewhere({ host, facts }: MasterObservation): string[] {
  if (facts === null) return [`nothing is known of ${host.name}`];
  if (facts.file !== 'source') return [`the master URL file of ${host.name} points at ${facts.file}`];
  if (facts.process === 'stopped' || facts.connected === 'source') return [];
  return [`the process of ${host.name} is at ${facts.connected}`];
}

/** A master that is neither at source nor at the observers. */
function nowhere({ host, facts }: MasterObservation): string[] {
  if (facts === null) return [`nothing is known of ${host.name}`];
  const sides = [facts.file, ...(facts.process === 'stopped' ? [] : [facts.connected])];
  const astray = sides.find((side) => side !== 'source' && side !== 'observers');
  return astray === undefined ? [] : [`${host.name} points at ${astray}`];
}

function observersNotOnSource(seen: Observation): string[] {
  return seen.observers.flatMap(({ host, facts, serves }) => {
    if (facts === null) return [`nothing is known of ${host.name}`];
    if (facts.held) return [`${host.name} is held down`];
    if (serves !== 'source' || facts.tag === 'target') return [`${host.name} serves ${serves}`];
    return [];
  });
}

/** Doors change sides in the window alone. */
function doors({ source, target }: Observation): string[] {
  const why: string[] = [];
  if (source.problem !== null || source.door === 'unreadable') why.push('the door of source is unknown');
  else if (source.door?.closed === true) why.push('the door of source is closed');
  if (target.problem !== null || target.door === 'unreadable') why.push('the door of target is unknown');
  return why;
}
