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
  {
    symptom: "a master restarted onto source right before the window could be elected there beside target's leader",
    foundBy: 'attack on S9 and S10',
    test: 'test/unit/proofs.test.ts › refuses a running master that knows a server of either ensemble, for it could be elected there',
  },
  {
    symptom: 'a full disk kept an observer from being stopped, because its new generation could not be written',
    foundBy: 'attack on S2',
    test: 'test/unit/full-disk.test.ts › can still be stopped and held',
  },
  {
    symptom: "an operator's zoo.cfg was lost where the disk was full, and reported as restored",
    foundBy: 'attack on promise 5',
    test: 'test/unit/full-disk.test.ts › keeps what was found until it is put back',
  },
  {
    symptom: 'a migration that was refused the lock removed the parents of the one that held it',
    foundBy: 'attack on S17',
    test: 'test/unit/trees.test.ts › of the migration that holds the lock are not touched by one that never got it',
  },
  {
    symptom: 'a rollback removed parents in target that had been there before',
    foundBy: 'attack on promise 5',
    test: 'test/unit/trees.test.ts › never include parents that were there before',
  },
  {
    symptom: 'a worker that woke after the end of a migration left its folder on a host again',
    foundBy: 'attack on S2, and the model',
    test: 'test/unit/late-steps.test.ts › leaves nothing behind when it was frozen on the host',
  },
  {
    symptom: 'an agent that joined in the last seconds before the window was left out of account',
    foundBy: 'attack on S23',
    test: 'test/unit/proofs.test.ts › are told with those that the registry knows and nobody expected',
  },
  {
    symptom: 'a worker with a slow clock could start something after the turn-back point',
    foundBy: 'faults, clock jump (S1)',
    test: "test/unit/slow-clock.test.ts › starts nothing after a deadline that has passed by Temporal's clock (S1)",
  },
  {
    symptom: 'a cancellation in the instant in which the window opened ran a needless window back',
    foundBy: 'point of no return, taken apart',
    test: 'test/workflow/point-of-no-return.test.ts › opens no window, in either direction, when the migration is cancelled in the instant in which it would open',
  },
  {
    symptom: 'a rollback right after the point of no return cancelled starts that were still under way',
    foundBy: 'point of no return, taken apart',
    test: 'test/workflow/point-of-no-return.test.ts › right after it cancels nothing of its tail, and the window is run back',
  },
  {
    symptom: 'a host that hung while an older connection was put away ended the worker, in an open window',
    foundBy: "live test with an observer's host that hangs",
    test: 'test/contract/host-shell.test.ts › leaves no rejection to end the worker when a host hangs while an older connection is put away',
  },
  {
    symptom: "a newcomer's old session was taken for a client left on source, and asked about",
    foundBy: 'live test of an old approval',
    test: 'test/workflow/migration.test.ts › moves newcomers as one more batch and closes the gate again when the plan changed after the approval',
  },
  {
    symptom: 'an agent that a person had postponed blocked the gate, where it could neither be postponed nor given up',
    foundBy: 'live test of a skipped host',
    test: 'test/unit/preflight-plan.test.ts › leaves an agent that was never moved to the straggler check, where a person may postpone it (S5)',
  },
  {
    symptom: 'a pause that was asked for during a hold was shown as running',
    foundBy: 'model (wayForward)',
    test: 'test/workflow/dual-publishing.test.ts › shows a pause that was asked for while something held the migration, once it alone is waited for',
  },
  {
    symptom: 'a step of a frozen worker that came between the end of a door and that of the migration shut it for ever',
    foundBy: 'model',
    test: 'test/unit/door.test.ts › cannot be shut by a late step once it is open for good, nor after the migration',
  },
  {
    symptom: 'an incident about agents that were late named them by their ids alone, not by their hosts',
    foundBy: 'seed 1, runs 10, 35 and 38',
    test: 'test/workflow/migration.test.ts › names agents that are late by their host, and goes on once they are back',
  },
  {
    symptom: 'an agent that died for good shut gate cut-over for ever, where nobody could give it up by name',
    foundBy: 'attack on S5',
    test: `${ADVERSITY} › passes gate cut-over without an agent that is gone, once its loss was accepted by name`,
  },
  {
    symptom:
      "a webhook's answer that told its secret in JSON, or the path of its secret URL alone, reached histories and support bundles",
    foundBy: 'live test of secrets',
    test: 'test/unit/redact.test.ts › hides a value in whatever form an answer that tells it has',
  },
  {
    symptom: 'credentials that may delete nothing under the election path came out only when the first master moved',
    foundBy: 'live test of secrets',
    test: 'test/unit/digest-id.test.ts › is not another user, or the same one with another password, or nobody at all',
  },
  {
    symptom: 'the campaign took a framework for lost that had subscribed right before the run ended',
    foundBy: 'seed 1, run 30',
    test: 'test/unit/readiness.test.ts › counts only frameworks that are connected',
  },
  {
    symptom: 'a way back on which no master could be started waited for a leader for twelve minutes, and asked nobody',
    foundBy: 'planted breach',
    test: 'test/workflow/window.test.ts › asks at once when too few masters can be started on the way back, and goes on when that is mended',
  },
  {
    symptom: 'a master whose host fell silent while all were down kept the others from starting on source',
    foundBy: 'attack on the way back',
    test: 'test/workflow/dual-publishing.test.ts › starts the other masters on source while the host of one does not answer',
  },
  {
    symptom: 'who was asked in the middle of a way back was not told that nobody led',
    foundBy: 'attack on the way back',
    test: 'test/workflow/window.test.ts › says that nobody leads and which host it needs, when that of an observer is lost in the middle of the flip',
  },
  {
    symptom: "a master whose host was dead for good shut dual publishing's gate complete for ever",
    foundBy: 'attack on promise 1',
    test: 'test/workflow/doors.test.ts › lets a person vouch at gate complete for a master whose host is dead for good, and ends without it',
  },
  {
    symptom: 'an agent that came back after its loss was accepted was not missed when the window lost it',
    foundBy: 'attack on S5',
    test: `${ADVERSITY} › expects an agent again that comes back after its loss was accepted`,
  },
  {
    symptom: "that nobody could delete in target's tree came out at gate cut-over, where only a rollback was left",
    foundBy: 'attack on preflight',
    test: 'test/unit/dual-survey.test.ts › blocks at once where its ACL would let nobody delete with the credentials of target',
  },
  {
    symptom: 'a hook that printed a long text without spaces held the worker up for seconds',
    foundBy: 'attack on the redactor',
    test: 'test/unit/redact.test.ts › looks through the whole of a long text from few places in it',
  },
  {
    symptom: 'the campaign could pass with a gate that nobody had opened, or with an excuse that was over',
    foundBy: 'attack on the judge',
    test: 'test/unit/campaign-gates.test.ts › were not when somebody approved who gave no approval, or gave it for another plan or afterwards',
  },
  {
    symptom: "an observer's host that died after its stop held the window up in both directions, and nobody led",
    foundBy: 'attack on promise 3',
    test: 'test/workflow/window.test.ts › goes on to target without an observer whose host has died since it was stopped, and asks a person about it',
  },
  {
    symptom: 'a rollback waited for an observer to serve, although everybody leaves the observers next',
    foundBy: 'attack on the window',
    test: 'test/workflow/window.test.ts › goes back although an observer does not serve',
  },
];
