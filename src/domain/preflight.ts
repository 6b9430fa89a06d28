import type { ClusterConfig } from './config.js';
import { makePlan } from './make-plan.js';
import type { Finding } from './plan.js';
import { clientRules } from './preflight/client-rules.js';
import { clusterRules } from './preflight/cluster-rules.js';
import { dualPublishingRules } from './preflight/dual-publishing-rules.js';
import { emptyTargetRules, ensembleRules, parentRules } from './preflight/ensemble-rules.js';
import { epochRules } from './preflight/epoch-rules.js';
import { block } from './preflight/finding.js';
import { hostRules } from './preflight/host-rules.js';
import { masterRules } from './preflight/master-rules.js';
import { residueRules } from './preflight/residue-rules.js';
import { sizeRules } from './preflight/size-rules.js';
import { temporalRules } from './preflight/temporal-rules.js';
import type { Survey } from './survey.js';

const ORDER = { block: 0, warn: 1, info: 2 } as const;

/** Every finding of a survey before `begin`, blockers first. A check that could not be made blocks. */
export function preflight(config: ClusterConfig, survey: Survey): Finding[] {
  const findings = [
    ...failureFindings(survey),
    ...ensembleRules(config, survey),
    ...emptyTargetRules(survey),
    ...parentRules(survey),
    ...dualPublishingRules(config, survey),
    ...epochRules(config, survey),
    ...masterRules(config, survey),
    ...clusterRules(config, survey),
    ...hostRules(config, survey),
    ...clientRules(config, survey),
    ...residueRules(config, survey),
    ...temporalRules(config, survey),
  ];
  findings.push(...sizeRules(config, makePlan(config, survey), findings));
  return findings.sort((a, b) => ORDER[a.verdict] - ORDER[b.verdict]);
}

/** A check that failed is a finding of its own; what it would have seen is unknown, so it blocks. */
export function failureFindings({ failures }: Survey): Finding[] {
  return failures.map(({ check, host, message, remedy }) =>
    block(`check-${check}`, {
      host,
      seen: message,
      remedy: remedy ?? 'see the message',
    }),
  );
}
