import type { ClusterConfig } from '../config.js';
import { EPOCH_MARGIN, isAboveSource, raiseTo } from '../epoch.js';
import type { Finding } from '../plan.js';
import type { Survey } from '../survey.js';
import { block, info, warn } from './finding.js';

/** Epochs of both ensembles as far as they serve; null when not all are known. */
export function epochsOf({ source, target }: Survey): { source: bigint; target: bigint[] } | null {
  const read = (servers: Survey['source']['servers']): bigint[] | null => {
    const epochs = servers.map(({ epoch }) => (epoch === null ? null : BigInt(epoch)));
    return epochs.every((epoch) => epoch !== null) ? epochs : null;
  };
  const [from, to] = [read(source.servers), read(target.servers)];
  if (from === null || to === null || from.length === 0) return null;
  return { source: from.reduce((a, b) => (a > b ? a : b)), target: to };
}

/**
 * Whether target's epoch has to be raised: a server refuses every client that has seen a higher zxid
 * (ZooKeeper `ZooKeeperServer.processConnectRequest`), and source may elect again before the window.
 */
export function needsRaise(survey: Survey): boolean {
  const epochs = epochsOf(survey);
  return epochs === null || !isAboveSource({ ...epochs, source: epochs.source + EPOCH_MARGIN / 2n });
}

export function epochRules({ strategy, target }: ClusterConfig, survey: Survey): Finding[] {
  // Every process restarts when it moves, so no client carries a zxid from source to target.
  if (strategy === 'dual-publishing') return [];
  const epochs = epochsOf(survey);
  // A server without an epoch does not serve, which blocks by another rule.
  if (epochs === null || !needsRaise(survey)) return [];
  const verdict = raiseTo(epochs);
  const seen = `source is at epoch ${String(epochs.source)}, target at ${epochs.target.map(String).join(', ')}`;
  if (!verdict.ok) return [block('epoch-limit', { seen: `${seen}: ${verdict.reason}` })];
  if (!target.allowRestart) return [warn('epoch-low', { seen })];
  return [
    info('epoch-raise', { seen: `${seen}; target will be stopped and raised to about ${String(verdict.epoch)}` }),
  ];
}
