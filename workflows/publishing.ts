import { CancellationScope, isCancellation, patched, sleep } from '@temporalio/workflow';
import type { Divergence, HostStep } from '../activities/contract.js';
import type { MasterConfig } from '../src/domain/config.js';
import type { Incident } from '../src/domain/status.js';
import type { Ferry } from './ferry.js';
import { onHost, publisher, vigil } from './proxies.js';
import { incidentOf } from './saga.js';

/** On the way back nobody is asked, so an incident is only told, and its work rests before it is tried again. */
const REST_MS = 10_000;
/** Once told, it is told no more while it lasts: the way back may wait for a person for days, and every try costs history. */
const LONG_REST_MS = { watch: 600_000, work: 60_000 } as const;
/** After so long without it, it was gone: above what the watch takes to see it again. */
const GONE_MS = 60_000;

/**
 * What runs beside the phases while both ensembles name the same leader: the publisher, and the watch
 * over it (S19). Neither ends with a phase, and no cancellation of the migration ends them: agents on
 * target need the mirrors until the way back has moved them.
 */
export class Publishing {
  #publisher: CancellationScope | null = null;
  #watch: CancellationScope | null = null;
  /** Of everything that was begun beside the phases; none ever rejects. */
  readonly #ended: Promise<void>[] = [];
  /** What people are asked about by the watch, until it is answered. */
  readonly #asked = new Set<string>();
  /** What was told on the way back, by its subject: when its work goes on, or has gone on. */
  readonly #told = new Map<string, number>();
  #round: CancellationScope | null = null;
  /** Masters that were stopped because they stood for election in target. */
  readonly #stopped = new Map<string, MasterConfig>();

  constructor(readonly ferry: Ferry) {}

  start(): void {
    this.#publisher ??= this.#beside(() => this.#publish());
  }

  startWatch(): void {
    this.#watch ??= this.#beside(() => this.#watchOver());
  }

  stopWatch(): void {
    this.#watch?.cancel();
    this.#watch = null;
  }

  /** @returns once the watch has let go of its sessions: until then source would show them to the next preflight. */
  async stop(): Promise<void> {
    this.stopWatch();
    this.#publisher?.cancel();
    this.#publisher = null;
    await Promise.all(this.#ended);
  }

  get hasStopped(): boolean {
    return this.#stopped.size > 0;
  }

  /** Brings every master back to source that was stopped for standing in target. */
  async restartStopped(): Promise<void> {
    for (const master of this.#stopped.values()) await this.#restart(master);
  }

  /** Runs `work` beside the story, cancelled by its own scope alone. */
  #beside(work: () => Promise<void>): CancellationScope {
    const scope = new CancellationScope({ cancellable: true, parent: new CancellationScope({ cancellable: false }) });
    // Its end by cancellation is what was wanted; everything else is answered inside.
    this.#ended.push(scope.run(work).catch(() => undefined));
    return scope;
  }

  /** Temporal retries it for ever; what ends it all the same is for a person. Whoever is on target needs it on the way back, too. */
  async #publish(): Promise<void> {
    const { publishing } = this.ferry;
    await this.#untilDone(() => publisher('publish the election of source in target').runPublisher(publishing));
  }

  /** Tries again after each failure, once a person says so or, on the way back, after a rest. */
  async #untilDone(work: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await work();
      } catch (cause) {
        if (isCancellation(cause)) throw cause;
        const incident = incidentOf(cause);
        await this.#holdOrTell(incident, `${incident.code} on ${incident.host ?? 'no host'}`);
      }
    }
  }

  async #watchOver(): Promise<void> {
    for (;;) await this.#untilDone(() => this.#watchOnce());
  }

  /** Until something new is wrong, or people have answered what they were asked. */
  async #watchOnce(): Promise<void> {
    const { publishing } = this.ferry;
    this.#round = new CancellationScope();
    try {
      const asked = [...this.#asked];
      const seen = await this.#round.run(() =>
        vigil('compare who leads in source and in target').watchDivergence({ ...publishing, asked }),
      );
      // Told to stop while it found it: in the window, and after the migration, it is not the watch's any more.
      if (CancellationScope.current().consideredCancelled) return;
      if (seen.kind === 'native-contender') this.#ask(seen.znode, () => this.#nativeContender(seen));
      else this.#ask(seen.kind, () => this.#holdOrTell(divergenceIncident(seen), subjectOf(seen), 'watch'));
    } catch (cause) {
      if (!isCancellation(cause) || CancellationScope.current().consideredCancelled) throw cause;
    }
  }

  /** Beside the watch: a master that stands in target is stopped at once, whatever else waits for an answer. */
  #ask(subject: string, question: () => Promise<unknown>): void {
    this.#asked.add(subject);
    void question()
      .catch(() => undefined)
      .finally(() => {
        this.#asked.delete(subject);
        this.#round?.cancel();
      });
  }

  /**
   * @param subject what it is about; the same again is the same incident.
   * @returns false when nobody is asked any more, because everything is going back.
   */
  async #holdOrTell(incident: NewIncident, subject: string, by: keyof typeof LONG_REST_MS = 'work'): Promise<boolean> {
    const { desk } = this.ferry;
    if (desk.rollbackOrderedBy === null) return (await desk.hold(incident, ['retry', 'rollback'])) === 'retry';
    await this.#tell(incident, subject, by);
    return false;
  }

  async #tell(incident: NewIncident, subject: string, by: keyof typeof LONG_REST_MS): Promise<void> {
    const { record } = this.ferry;
    const goesOnAt = this.#told.get(subject);
    const isTold = goesOnAt !== undefined && Date.now() - goesOnAt < GONE_MS && patched('tells-once');
    if (!isTold) record.closeIncident(record.openIncident(incident).id);
    const restMs = isTold ? LONG_REST_MS[by] : REST_MS;
    this.#told.set(subject, Date.now() + restMs);
    await sleep(restMs, { summary: 'look again after the incident' });
  }

  /** The one automatic act (S19): it is stopped at once; bringing it back to source is for a person to say. */
  async #nativeContender({ znode, pid, master: name }: NativeContender): Promise<void> {
    const { config } = this.ferry;
    const master = config.masters.find((one) => one.name === name);
    if (master === undefined) {
      await this.#holdOrTell(
        {
          code: 'FERRY_NATIVE_CONTENDER',
          host: null,
          message: `${znode} in target belongs to ${pid || 'nobody known'}, which is none of the configured masters`,
          remedy: 'Find out what stands for election in target and stop it; retry looks again',
        },
        znode,
        'watch',
      );
      return;
    }
    // Asked from the first moment, so that no window opens beside the stop.
    const [again] = await Promise.all([
      this.#holdOrTell(
        {
          code: 'FERRY_NATIVE_CONTENDER',
          host: master.name,
          message: `${master.name} stands for election in target (${znode}) before its time and is stopped`,
          remedy:
            'See who changed its master URL; retry puts the URL of source back and starts it, rollback undoes all',
        },
        znode,
      ),
      this.#untilDone(() => this.#stopAtOnce(master, znode)),
    ]);
    if (again) await this.#untilDone(() => this.#restart(master));
  }

  async #stopAtOnce(master: MasterConfig, znode: string): Promise<void> {
    const { config } = this.ferry;
    const step = this.ferry.nextStep();
    // First of all: cut off anywhere below, it has to be brought back all the same.
    this.#stopped.set(master.name, master);
    await onHost(`adopt ${master.name}`).adoptHost({ ...step, host: master });
    await this.#stop(step, master);
    await onHost(`remove what ${master.name} left in target`).removeGhosts({
      config,
      ensemble: 'target',
      znodes: [znode],
    });
  }

  async #stop(step: HostStep, master: MasterConfig): Promise<void> {
    await onHost(`stop ${master.name}, which stood in target`).stopHeld({
      ...step,
      host: master,
      unit: master.unit,
      graceMs: 1_000,
      deadline: null,
    });
  }

  /** Stopped once more before: its first stop may have ended half-way. */
  async #restart(master: MasterConfig): Promise<void> {
    const step = this.ferry.nextStep();
    const { name, unit } = master;
    await this.#stop(step, master);
    await onHost(`point ${name} at source again`).swapMasterUrl({ ...step, master, to: 'source' });
    await onHost(`start ${name} again`).liftHold({ ...step, host: master, unit, start: true, deadline: null });
    this.#stopped.delete(name);
  }
}

type NewIncident = Omit<Incident, 'id' | 'openedAt' | 'closedAt' | 'phase'>;
type NativeContender = Extract<Divergence, { kind: 'native-contender' }>;

function subjectOf(seen: Exclude<Divergence, NativeContender>): string {
  if (seen.kind === 'blind') return `blind towards ${seen.ensemble}`;
  return `${seen.source ?? 'nobody'} in source, ${seen.target ?? 'nobody'} in target`;
}

function divergenceIncident(seen: Exclude<Divergence, NativeContender>): NewIncident {
  const seconds = `${(seen.forMs / 1000).toFixed(1)} s`;
  if (seen.kind === 'blind') {
    return {
      code: 'FERRY_WATCH_BLIND',
      host: null,
      message: `${seen.ensemble} has not been readable for ${seconds}: ${seen.seen}`,
      remedy: 'See whether its servers run and can be reached from the workers; retry looks again',
    };
  }
  return {
    code: 'FERRY_DIVERGENCE',
    host: null,
    message:
      `for ${seconds} source has named ${seen.source ?? 'no leading master'} ` +
      `and target ${seen.target ?? 'no leading master'}`,
    remedy: 'See whether a worker serves the publisher and reaches both ensembles; retry looks again',
  };
}
