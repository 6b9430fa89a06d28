import { faultOfKind } from '../faults/index.js';
import type { StageOptions } from '../stage/stage.js';
import type { Scenario } from './scenario.js';

/** The cluster of a scenario, with what its faults need. */
export function stageFor(scenario: Scenario): Omit<StageOptions, 'dir'> {
  const { strategy, masters, agents, frameworks, versions, faults } = scenario;
  const needs = new Set(faults.map(({ kind }) => faultOfKind(kind).needs));
  return {
    strategy,
    masters,
    agents,
    frameworks,
    sourceVersion: versions.source,
    targetVersion: versions.target,
    partitionable: needs.has('partitions'),
    shiftableClocks: needs.has('shiftable-clocks'),
  };
}
