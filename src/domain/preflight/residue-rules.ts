import type { ClusterConfig } from '../config.js';
import type { Finding } from '../plan.js';
import type { Survey } from '../survey.js';
import { block } from './finding.js';

function migrationOf(lock: string): string {
  try {
    return (JSON.parse(lock) as { migration?: string }).migration ?? 'MIGRATION';
  } catch {
    return 'MIGRATION';
  }
}

export function residueFinding(host: string, what: string): Finding {
  return block('residue', {
    host,
    seen: `${what} of an earlier migration is still there on ${host}`,
    remedy: `zkferry doctor says which migration it belongs to; when that one has ended, take it over, or remove ${what} on ${host}`,
  });
}

/** Another migration, running or left behind. */
export function residueRules(_config: ClusterConfig, survey: Survey): Finding[] {
  const findings: Finding[] = [];
  const lock = survey.source.tree?.lock ?? null;
  if (lock !== null) {
    findings.push(
      block('locked', {
        seen: `source holds the lock of another migration: ${lock}`,
        remedy: `wait for that migration to end; when it has ended half undone: zkferry doctor, then zkferry start --take-over ${migrationOf(lock)}`,
      }),
    );
  }
  for (const ensemble of ['source', 'target'] as const) {
    const { marker = null, ours = [] } = survey[ensemble].tree ?? {};
    if (marker !== null) findings.push(residueFinding(ensemble, `a marker znode (${marker})`));
    findings.push(...ours.map((path) => residueFinding(ensemble, `znode ${path}`)));
  }
  for (const [host, { residue }] of Object.entries(survey.hosts)) {
    findings.push(...residue.map((file) => residueFinding(host, file)));
  }
  return findings;
}
