import { fileURLToPath } from 'node:url';
import type { Scenario } from './scenario.js';

/** What a person must say so that a campaign may break its own cluster. */
const WORD = { name: 'ZKFERRY_CAMPAIGN_BREACH', value: 'yes-break-it' } as const;

/** @throws when the environment does not allow it */
export function requireBreachAllowed(): void {
  if (process.env[WORD.name] === WORD.value) return;
  throw new Error(`a planted breach makes two masters lead; set ${WORD.name}=${WORD.value} if that is what you want`);
}

/** A run without faults whose workers lie about the barrier; the judge must see two leaders. */
export function breachScenario(seed: number): Scenario {
  return {
    seed,
    run: 0,
    strategy: 'observers',
    masters: 3,
    agents: 2,
    frameworks: 1,
    versions: { source: '3.8.4', target: '3.8.4' },
    credentials: false,
    temper: { retries: 0, gives: 'rollback' },
    faults: [],
  };
}

export function breachWorkerCommand(): string[] {
  return [fileURLToPath(new URL('./breach-worker.js', import.meta.url))];
}
