import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hostTag, processesOfUnit, signalProcess, unitTag } from './processes.js';
import { serviceEnvironment } from './service-environment.js';
import { restartsAfter, resultOfExit } from './service-result.js';
import { activeStates, type ActiveState, type JobOutcome, type ServiceResult, type SubState } from './service-state.js';
import { conditionsHold } from './unit-conditions.js';
import { filesOfUnit, readUnit, type UnitDefinition } from './unit-file.js';
import { expandWords, splitWords } from './words.js';

/** Where a service runs and what is told about it. */
export interface ServiceSurroundings {
  /** Name of the host, for the journal. */
  readonly host: string;
  readonly root: string;
  /** systemd release to imitate, see {@link Service}. */
  readonly systemdVersion: number;
  readonly onStart: (unit: string, pid: number) => void;
  readonly onExit: (unit: string, pid: number, code: number | null, signal: string | null) => void;
}

interface Job {
  readonly kind: 'start' | 'stop' | 'restart';
  readonly outcome: Promise<JobOutcome>;
  readonly settle: (outcome: JobOutcome) => void;
}

/** How often the rest of a stopping control group is looked at, in ms. */
const leftoverPollMs = 20;

/**
 * One service with systemd's state machine: jobs, conditions, kill modes, restart delay, start limit.
 *
 * A release matters in two ways, both from its sources (src/core/service.c, src/core/unit.c): from 254
 * on an automatic restart does not look at `Condition…=` again (`ExecCondition=` runs always), and
 * `start` during the restart delay starts at once instead of waiting for the delay to end.
 */
export class Service {
  definition: UnitDefinition;
  mainPid = 0;
  result: ServiceResult = 'success';
  restarts = 0;
  conditionResult = false;
  /** CLOCK_MONOTONIC in µs, 0 = never. */
  mainStartedUs = 0;
  mainExitedUs = 0;
  activeSinceUs = 0;
  inactiveSinceUs = 0;
  execMainPid = 0;
  execMainCode: number | null = null;
  execMainSignal: string | null = null;

  /** The unit's files as they were when they were read. */
  loadedFrom: string;

  private sub: SubState = 'dead';
  private job: Job | null = null;
  private child: ChildProcess | null = null;
  private timer: NodeJS.Timeout | null = null;
  private startsInWindow = 0;
  private windowBeganMs = -Infinity;
  private clearRestarts = false;
  private abandoned = false;
  /** Fault: the main process ends at once, whenever it is started. */
  private dying = false;
  /** Fault: signals do not take effect; by pid those that will once that is over. Null = no fault. */
  private stuck: Map<number, NodeJS.Signals> | null = null;
  /** Settles when the main process that was started last is gone and noted. */
  private mainEnd: Promise<void> = Promise.resolve();

  constructor(
    readonly name: string,
    private readonly around: ServiceSurroundings,
  ) {
    this.definition = readUnit(around.root, name);
    this.loadedFrom = filesOfUnit(this.definition);
  }

  get subState(): SubState {
    return this.sub;
  }

  get activeState(): ActiveState {
    return activeStates[this.sub];
  }

  /** The unit as its files say now, which takes effect with the next `daemon-reload` only. */
  get onDisk(): UnitDefinition {
    return readUnit(this.around.root, this.name);
  }

  get tags(): Record<string, string> {
    return { [hostTag]: this.around.root, [unitTag]: this.name };
  }

  /** Reads the unit's files again; a running service keeps running. */
  reload(): void {
    this.definition = readUnit(this.around.root, this.name);
    this.loadedFrom = filesOfUnit(this.definition);
  }

  start(): Promise<JobOutcome> {
    return this.request('start');
  }

  stop(): Promise<JobOutcome> {
    return this.request('stop');
  }

  restart(): Promise<JobOutcome> {
    return this.request('restart');
  }

  /** `systemctl kill`: no job, so an automatic restart follows as after a crash. False = nothing to signal. */
  kill(signal: NodeJS.Signals, who: 'main' | 'all'): boolean {
    if (who === 'main') return this.mainPid !== 0 && this.signal(this.mainPid, signal);
    return this.group()
      .map((pid) => this.signal(pid, signal))
      .includes(true);
  }

  /** Fault: its main process ends at once with status 1, whenever it is started; what runs is not touched. */
  dieAtStart(dying: boolean): void {
    this.dying = dying;
  }

  /**
   * Fault: like a process stuck in the kernel, it takes no signal, SIGKILL included, until it is set free; the
   * strongest signal sent meanwhile takes effect then.
   */
  sticks(stuck: boolean): void {
    if (stuck) {
      this.stuck ??= new Map();
      return;
    }
    const pending = this.stuck ?? new Map<number, NodeJS.Signals>();
    this.stuck = null;
    for (const [pid, signal] of pending) signalProcess(pid, signal);
  }

  resetFailed(): void {
    this.startsInWindow = 0;
    this.restarts = 0;
    if (this.sub === 'failed') this.enter('dead');
    this.result = 'success';
  }

  /** The machine lost power: nothing is run any more; resolves once the end of the main process is noted. */
  async abandon(): Promise<void> {
    this.abandoned = true;
    this.clearTimer();
    this.finish('canceled');
    if (this.mainPid !== 0) await this.mainEnd;
  }

  private signal(pid: number, signal: NodeJS.Signals): boolean {
    if (this.stuck === null) return signalProcess(pid, signal);
    if (this.stuck.get(pid) !== 'SIGKILL') this.stuck.set(pid, signal);
    return true;
  }

  private request(kind: Job['kind']): Promise<JobOutcome> {
    if (this.job !== null) {
      if (this.job.kind === kind) return this.job.outcome;
      this.finish('canceled');
    }
    let settle: Job['settle'] = () => undefined;
    const outcome = new Promise<JobOutcome>((resolve) => (settle = resolve));
    this.job = { kind, outcome, settle };
    if (kind === 'stop') this.beginStop();
    else if (kind === 'start') this.beginStart();
    else this.beginRestart();
    return outcome;
  }

  private finish(outcome: JobOutcome): void {
    const job = this.job;
    this.job = null;
    job?.settle(outcome);
  }

  private beginStart(): void {
    if (this.sub === 'running') this.finish('done');
    else if (this.sub === 'dead' || this.sub === 'failed') void this.launch({ checkConditions: true });
    else if (this.sub === 'auto-restart' && this.around.systemdVersion >= 254) this.autoRestart();
    // otherwise the job waits: for the end of the stop, the start under way, or the restart delay
  }

  private beginStop(): void {
    if (this.sub === 'dead' || this.sub === 'failed') return this.finish('done');
    if (this.sub === 'auto-restart') {
      this.enter('dead');
      return this.finish('done');
    }
    if (this.sub === 'running') this.terminate();
    if (this.sub === 'condition' || this.sub === 'start-pre') this.child?.kill('SIGKILL');
  }

  private beginRestart(): void {
    if (this.sub === 'auto-restart') this.enter('dead');
    if (this.sub === 'running') this.terminate();
    else if (this.sub === 'dead' || this.sub === 'failed') void this.launch({ checkConditions: true });
  }

  /** Conditions, start limit, the commands before, then the main process. */
  private async launch({ checkConditions }: { checkConditions: boolean }): Promise<void> {
    const unit = this.definition;
    if (unit.loadState !== 'loaded') return this.failStart('resources', unit.loadError ?? 'not loaded');
    if (checkConditions) {
      this.conditionResult = conditionsHold(this.definition);
      if (!this.conditionResult) {
        if (this.sub === 'auto-restart') this.enter('dead');
        return this.finish('skipped');
      }
    }
    if (!this.belowStartLimit()) return this.failStart('start-limit-hit', 'Start request repeated too quickly.');
    if (this.clearRestarts) this.restarts = 0;
    this.clearRestarts = false;
    this.result = 'success';
    try {
      const environment = { ...serviceEnvironment(this.around.root, unit), ...this.tags };
      for (const command of unit.execCondition) {
        this.enter('condition');
        const code = await this.runToEnd(command, environment);
        if (this.interrupted()) return;
        if (code === 0) continue;
        if (code >= 255) return this.endWith('exit-code');
        this.result = 'exec-condition';
        this.conditionResult = false;
        this.enter('dead');
        return this.finish('skipped');
      }
      for (const command of unit.execStartPre) {
        this.enter('start-pre');
        const code = await this.runToEnd(command, environment);
        if (this.interrupted()) return;
        if (code !== 0 && !/^[@:+!]*-/.test(command)) return this.endWith('exit-code');
      }
      this.spawnMain(environment);
    } catch (error) {
      this.log(error instanceof Error ? error.message : String(error));
      this.endWith('resources');
    }
  }

  /** A stop or the end of the machine came while a command before the main process ran. */
  private interrupted(): boolean {
    if (this.abandoned) return true;
    if (this.job?.kind !== 'stop') return false;
    this.enter('dead');
    this.finish('done');
    return true;
  }

  private failStart(result: ServiceResult, text: string): void {
    this.log(text);
    this.result = result;
    this.enter('failed');
    this.finish('failed');
  }

  private endWith(result: ServiceResult): void {
    this.result = result;
    if (this.job?.kind === 'start' || this.job?.kind === 'restart') this.finish('failed');
    this.enterDead();
  }

  private spawnMain(environment: Record<string, string>): void {
    const log = this.openLog();
    const [command, ...args] = this.dying
      ? ['/bin/sh', '-c', 'exit 1']
      : this.argv(this.definition.execStart, environment);
    const child = spawn(command ?? '', args, {
      cwd: this.definition.workingDirectory ?? this.around.root,
      env: environment,
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    this.child = child;
    const pid = child.pid ?? 0;
    this.mainStartedUs = monotonicUs();
    this.mainExitedUs = 0;
    this.execMainPid = pid;
    this.execMainCode = null;
    this.execMainSignal = null;
    this.mainPid = pid;
    this.enter('running');
    if (pid !== 0) {
      this.around.onStart(this.name, pid);
      this.mainEnd = new Promise((resolve) => {
        child.once('exit', (code, signal) => {
          this.around.onExit(this.name, pid, code, signal);
          if (!this.abandoned && this.child === child) this.mainExited(code, signal);
          resolve();
        });
      });
    }
    child.once('error', (error) => {
      if (pid !== 0 || this.abandoned) return;
      this.log(`Failed at step EXEC spawning ${command ?? ''}: ${error.message}`);
      this.mainExited(203, null);
    });
    this.finish('done');
  }

  private mainExited(code: number | null, signal: string | null): void {
    this.mainPid = 0;
    this.child = null;
    this.mainExitedUs = monotonicUs();
    this.execMainCode = code;
    this.execMainSignal = signal;
    const result = resultOfExit(code, signal, this.definition);
    if (this.result === 'success') this.result = result;
    this.clearTimer();
    this.sweep();
  }

  /** Asks the service to end; after `TimeoutStopSec=` it is killed. */
  private terminate(): void {
    const { killMode, killSignal, timeoutStopMs } = this.definition;
    this.enter('stop-sigterm');
    this.signal(this.mainPid, killSignal);
    if (killMode === 'control-group')
      for (const pid of this.group()) if (pid !== this.mainPid) this.signal(pid, killSignal);
    this.arm(timeoutStopMs, () => {
      this.result = 'timeout';
      this.enter('stop-sigkill');
      this.signal(this.mainPid, 'SIGKILL');
      if (killMode !== 'process' && killMode !== 'none') for (const pid of this.group()) this.signal(pid, 'SIGKILL');
    });
  }

  /** The main process is gone: ends what is left of the control group, as the kill mode says. */
  private sweep(): void {
    const { killMode, killSignal, timeoutStopMs } = this.definition;
    const left = killMode === 'process' || killMode === 'none' ? [] : this.group();
    if (left.length === 0) return this.enterDead();
    const first = killMode === 'mixed' ? 'SIGKILL' : killSignal;
    this.enter(killMode === 'mixed' ? 'final-sigkill' : 'final-sigterm');
    for (const pid of left) this.signal(pid, first);
    const killAt = performance.now() + timeoutStopMs;
    const look = () => {
      const still = this.group();
      if (still.length === 0) return this.enterDead();
      if (performance.now() >= killAt) {
        this.result = 'timeout';
        this.enter('final-sigkill');
        for (const pid of still) this.signal(pid, 'SIGKILL');
      }
      this.arm(leftoverPollMs, look);
    };
    this.arm(leftoverPollMs, look);
  }

  private enterDead(): void {
    const state = this.result === 'success' || this.result === 'exec-condition' ? 'dead' : 'failed';
    if (this.job?.kind === 'stop') {
      this.clearRestarts = true;
      this.enter(state);
      this.finish('done');
    } else if (this.job !== null) {
      this.clearRestarts = true;
      this.enter(state);
      void this.launch({ checkConditions: true });
    } else if (restartsAfter(this.result, this.definition)) {
      this.enter('auto-restart');
      this.arm(this.definition.restartMs, () => {
        this.autoRestart();
      });
    } else {
      this.clearRestarts = true;
      this.enter(state);
    }
  }

  private autoRestart(): void {
    this.clearTimer();
    this.restarts++;
    void this.launch({ checkConditions: this.around.systemdVersion < 254 });
  }

  private belowStartLimit(): boolean {
    const { startLimitIntervalMs, startLimitBurst } = this.definition;
    if (startLimitIntervalMs <= 0 || startLimitBurst <= 0) return true;
    const nowMs = performance.now();
    if (nowMs - this.windowBeganMs > startLimitIntervalMs) {
      this.windowBeganMs = nowMs;
      this.startsInWindow = 0;
    }
    return ++this.startsInWindow <= startLimitBurst;
  }

  private async runToEnd(command: string, environment: Record<string, string>): Promise<number> {
    const log = this.openLog();
    const [file, ...args] = this.argv(command, environment);
    const child = spawn(file ?? '', args, {
      cwd: this.around.root,
      env: environment,
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    this.child = child;
    const code = await new Promise<number>((resolve) => {
      child.once('error', () => {
        resolve(203);
      });
      child.once('exit', (status) => {
        resolve(status ?? 255);
      });
    });
    this.child = null;
    return code;
  }

  private argv(command: string, environment: Record<string, string>): string[] {
    return expandWords(splitWords(command.replace(/^[-@:+!]+/, '')), environment);
  }

  private group(): number[] {
    return processesOfUnit(this.around.root, this.name);
  }

  private enter(sub: SubState): void {
    const before = this.activeState;
    this.clearTimer();
    this.sub = sub;
    const now = this.activeState;
    if (now === 'active' && before !== 'active') this.activeSinceUs = monotonicUs();
    if ((now === 'inactive' || now === 'failed') && before !== now) this.inactiveSinceUs = monotonicUs();
  }

  private arm(delayMs: number, then: () => void): void {
    this.clearTimer();
    if (delayMs !== Infinity) this.timer = setTimeout(then, delayMs);
  }

  private clearTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private openLog(): number {
    const file = join(this.around.root, 'var/log', `${this.name.replace(/\.service$/, '')}.log`);
    mkdirSync(dirname(file), { recursive: true });
    return openSync(file, 'a');
  }

  private log(text: string): void {
    const file = this.openLog();
    writeSync(file, `systemd[1]: ${this.name}: ${text}\n`);
    closeSync(file);
  }
}

function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}
