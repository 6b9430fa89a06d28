import { agentsChecks } from './agents.js';
import { dualPublishingChecks } from './dual-publishing.js';
import { ensemblesChecks } from './ensembles.js';
import type { Verdict } from './entry.js';
import { failedChecksChecks } from './failed-checks.js';
import { hostsChecks } from './hosts.js';
import { mastersChecks } from './masters.js';
import { residueChecks } from './residue.js';
import { settingsChecks } from './settings.js';
import { takeOverChecks } from './take-over.js';

export type { CatalogueEntry, Verdict } from './entry.js';

/** Every check there is, by area: what a rule may find, and what docs/preflight.md is made of. */
export const AREAS = {
  Ensembles: ensemblesChecks,
  Settings: settingsChecks,
  'Dual publishing': dualPublishingChecks,
  Masters: mastersChecks,
  'Agents, frameworks and clients': agentsChecks,
  Hosts: hostsChecks,
  'Other migrations, and Temporal': residueChecks,
  'Taking another migration over': takeOverChecks,
  'Checks that cannot be made': failedChecksChecks,
} as const;

export const CATALOGUE = {
  ...ensemblesChecks,
  ...settingsChecks,
  ...dualPublishingChecks,
  ...mastersChecks,
  ...agentsChecks,
  ...hostsChecks,
  ...residueChecks,
  ...takeOverChecks,
  ...failedChecksChecks,
} as const;

/** Stable, kebab-case. A rule cannot find what is not in the catalogue. */
export type FindingId = keyof typeof CATALOGUE;

/** Ids whose check can give a verdict. */
export type IdWith<V extends Verdict> = {
  [Id in FindingId]: V extends (typeof CATALOGUE)[Id]['verdicts'][number] ? Id : never;
}[FindingId];

/** Checks that may fail to be made, as the survey names them. */
export type CheckName = FindingId extends infer Id ? (Id extends `check-${infer Name}` ? Name : never) : never;
