import { existsSync } from 'node:fs';
import type { UnitDefinition } from './unit-file.js';

/** `Condition…=` of a unit: all must hold, and of those marked with `|` at least one. */
export function conditionsHold({ conditions }: Pick<UnitDefinition, 'conditions'>): boolean {
  const holds = conditions.map(({ path, negated, trigger }) => ({
    trigger,
    ok: existsSync(path) !== negated,
  }));
  const triggers = holds.filter(({ trigger }) => trigger);
  return holds.every(({ trigger, ok }) => trigger || ok) && (triggers.length === 0 || triggers.some(({ ok }) => ok));
}
