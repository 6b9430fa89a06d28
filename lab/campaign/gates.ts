import type { GateName, MigrationStatus } from '../../src/domain/status.js';
import type { GivenApproval } from '../stage/migration.js';

/** What comes before anything is approved. */
const BEFORE_BEGIN = ['preflight', 'gate begin'];

/**
 * Promise 4 at the gates of one migration: it shows no approval that nobody gave it, and has passed no gate without one
 * that it shows and that was given.
 *
 * @param given what the campaign's people approved of this migration
 * @param takesOver it only goes back, on its gate `begin` alone, and may run the window towards source
 * @returns one sentence each
 */
export function unapproved(
  status: MigrationStatus,
  given: readonly GivenApproval[],
  takesOver: boolean,
): readonly string[] {
  const known = status.approvals.filter(({ gate, by, planHash, at }) =>
    given.some((one) => one.gate === gate && one.by === by && one.planHash === planHash && one.at <= Date.parse(at)),
  );
  const unknown = status.approvals.filter((one) => !known.includes(one));
  const passed: [GateName, string | null][] = [];
  const begun = status.timeline.find(({ phase }) => !BEFORE_BEGIN.includes(phase));
  const openedAt = status.window?.openedAt ?? null;
  const isMigrated = status.state === 'migrated';
  if (begun !== undefined) passed.push(['begin', begun.startedAt]);
  if (openedAt !== null) passed.push(['begin', openedAt]);
  if (openedAt !== null && !takesOver) passed.push(['cut-over', openedAt]);
  if (isMigrated) passed.push(['begin', null], ['cut-over', null], ['complete', null]);
  const alone = passed.filter(
    ([gate, at]) => !known.some((one) => one.gate === gate && (at === null || Date.parse(one.at) <= Date.parse(at))),
  );
  return [
    ...unknown.map(({ gate, by }) => `gate ${gate} was approved by ${by}, who did not`),
    ...[...new Set(alone.map(([gate]) => gate))].map((gate) => `gate ${gate} was passed without an approval`),
  ];
}
