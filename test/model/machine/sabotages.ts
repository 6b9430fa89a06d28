import type { StrategyName } from '../../../src/domain/config.js';
import type { Bounds } from './choices.js';

/** A mistake put into the workflows' code, and the invariant that has to see it. */
export interface Sabotage {
  readonly what: string;
  readonly strategy: StrategyName;
  readonly within: Bounds['within'];
  /** Shows once a person orders the way back after what went wrong. */
  readonly thenBack?: boolean;
  readonly from: string | RegExp;
  readonly to: string;
  readonly breaks: string;
}

/** The barrier on the way forward. */
const PROOF = /await this\.#proveNoLeader\(stub\);(?=\s+\/\/ One generation for both)/;

export const SABOTAGES: readonly Sabotage[] = [
  {
    what: 'the window does not wait for the proof that no master claims to lead',
    strategy: 'observers',
    within: 'window',
    from: PROOF,
    to: '',
    breaks: 'noSecondLeader',
  },
  {
    what: 'the window does not wait until every observer is stopped',
    strategy: 'observers',
    within: 'window',
    from: new RegExp(`await this\\.#stopObservers\\(stub\\);\\s+${PROOF.source}`),
    to: 'await Promise.any([this.#stopObservers(stub), this.#proveNoLeader(stub)]);',
    breaks: 'noMixedObservers',
  },
  {
    what: 'the way back has no barrier although an observer may serve target',
    strategy: 'observers',
    within: 'window',
    from: 'if (this.#flipped) {',
    to: 'if (false) {',
    breaks: 'noMixedObservers',
  },
  {
    what: 'a change of direction takes no new generation',
    strategy: 'observers',
    within: 'window',
    // The window goes on without an observer whose start comes late.
    thenBack: true,
    from: /nextStep\(\) \{\s+this\.#generation \+= 1;\s+const \{ config, migration \}/,
    to: 'nextStep() { const { config, migration }',
    breaks: 'noMixedObservers',
  },
  {
    what: 'a gate approves itself',
    strategy: 'observers',
    within: 'everywhere',
    from: 'this.#gate = gate;\n        this.#approved = false;',
    to: 'this.#gate = gate;\n        this.#approved = true;',
    breaks: 'noGateBypassed',
  },
  {
    what: 'the approval of a plan that has changed since opens the window',
    strategy: 'observers',
    within: 'everywhere',
    from: /if \(ferry\.planned\.planHash === approvedHash\)(?=\s+return Date\.now\(\))/,
    to: 'if (approvedHash)',
    breaks: 'windowApproved',
  },
  {
    what: 'a window undoes itself after the point of no return',
    strategy: 'dual-publishing',
    within: 'window',
    from: 'window.awaitAgents(leader)',
    to: 'window.turnBack(whyNot(new Error("late")))',
    breaks: 'pointOfNoReturn',
  },
  {
    what: "source's mirrors stay in target when the masters go there",
    strategy: 'dual-publishing',
    within: 'window',
    from: "stub('withdraw the mirrors').withdrawMirrors(",
    to: 'Promise.resolve(',
    breaks: 'noMirrorBesideMasters',
  },
  {
    what: 'the way back leaves the last phase as it stands',
    strategy: 'dual-publishing',
    within: 'everywhere',
    from: '[...begun].reverse()',
    to: '[...begun].reverse().slice(1)',
    breaks: 'endsWell',
  },
  {
    what: 'a migration that is paused cannot be resumed',
    strategy: 'dual-publishing',
    within: 'everywhere',
    from: /this\.#paused = null;\s+this\.#tellPace\(\);/,
    to: 'this.#tellPace();',
    breaks: 'wayForward',
  },
];

/** @throws when the code it wants to change is not there any more */
export function sabotaged(code: string, { what, from, to }: Sabotage): string {
  const changed = code.replace(from, () => to);
  if (changed === code) throw new Error(`nothing to sabotage for: ${what}`);
  return changed;
}
