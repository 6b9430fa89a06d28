/** A bug that was found by something that looks for bugs, and the test that keeps it away. */
export interface FoundBug {
  readonly symptom: string;
  /** `seed S, run R`, `model`, or `attack` (somebody who tried to break a safety rule). */
  readonly foundBy: string;
  /** `path › title`. */
  readonly test: string;
}

const ADVERSITY = 'test/workflow/adversity.test.ts';

/** The track record, oldest first. */
export const foundBugs: readonly FoundBug[] = [
  {
    symptom: 'a ghost znode that could not be removed blocked the automatic way back',
    foundBy: 'attack on S6',
    test: `${ADVERSITY} › goes back although the ghosts of the stopped leader cannot be removed`,
  },
  {
    symptom: 'ssh to one standby that hung took the way back longer than its budget',
    foundBy: 'attack on S6',
    test: `${ADVERSITY} › goes back inside the budget although ssh to a standby hangs, whose own word is that it does not lead`,
  },
  {
    symptom: 'a master that did not answer was left out of account, and the observers were stopped all the same',
    foundBy: 'attack on S10',
    test: `${ADVERSITY} › stops nothing in the window while a master does not answer`,
  },
  {
    symptom: 'gate begin could be approved days after the survey, and what was surveyed was no longer there',
    foundBy: 'attack on S23',
    test: `${ADVERSITY} › looks again after the approval of gate begin before it writes`,
  },
  {
    symptom: 'observers were removed under an agent that a person had skipped on the way back',
    foundBy: 'attack on S5, and the model',
    test: `${ADVERSITY} › does not remove the observers under an agent that could not be moved back`,
  },
  {
    symptom: 'add-observers could not be retried once an observer ran on source',
    foundBy: 'attack, and the model (wayForward)',
    test: `${ADVERSITY} › can retry add-observers after an observer failed to join source`,
  },
  {
    symptom: 'a master broken by its own move could not be restored, because every master had to answer first',
    foundBy: 'attack',
    test: `${ADVERSITY} › restores a master that does not answer because its move has broken it`,
  },
  {
    symptom: 'an agent whose loss a person had accepted was asked for again in the soak',
    foundBy: 'attack',
    test: `${ADVERSITY} › does not ask again in the soak for an agent whose loss a person has accepted`,
  },
  {
    symptom: 'a rollback was offered, and taken, after gate complete',
    foundBy: 'attack',
    test: `${ADVERSITY} › offers no rollback after gate complete`,
  },
  {
    symptom: 'an observer was left held when a master of the same machine was let go in a later generation',
    foundBy: 'attack on S2',
    test: `${ADVERSITY} › starts an observer again although a master of the same machine was let go at the same time`,
  },
  {
    symptom: "a rollback let target's door open while a master that stood in target had not been stopped yet",
    foundBy: 'model (noSecondLeader), two unusual events',
    test: "test/workflow/dual-publishing.test.ts › brings a master back before target's door opens that it could not even stop",
  },
];
