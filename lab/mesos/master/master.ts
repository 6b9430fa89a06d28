import { formatDuration } from '../duration.js';
import type { Flags } from '../flags.js';
import { exitWith, logInfo } from '../log.js';
import { leaderPid } from '../leader-address.js';
import type { MessageName, Receivers } from '../messages.js';
import type { Messenger } from '../messenger.js';
import { sameMaster, type MasterInfo } from '../zk/master-info.js';
import { AgentProtocol } from './agent-protocol.js';
import { ClusterState } from './cluster-state.js';
import { FrameworkProtocol } from './framework-protocol.js';
import type { Journal } from './journal.js';
import type { Registrar } from './registrar.js';

/** Stands for election; `contend` is called again each time the candidacy is lost. */
export interface Candidacy {
  contend(): void;
}

/**
 * A master's life (src/master/master.cpp): contends, leads when its own MasterInfo is detected,
 * recovers the registry, and ends itself rather than lead without being elected.
 */
export class Master {
  leader: MasterInfo | null = null;
  electedAt: number | null = null;
  recovered = false;
  readonly startedAt = Date.now() / 1000;
  readonly state = new ClusterState();
  readonly frameworks: FrameworkProtocol;
  private readonly agents: AgentProtocol;

  constructor(
    readonly info: MasterInfo,
    readonly flags: Flags,
    readonly registrar: Registrar,
    messenger: Messenger,
    private readonly candidacy: Candidacy,
    private readonly journal: Journal,
  ) {
    this.frameworks = new FrameworkProtocol(info.id, this.state, messenger, flags.durationMs('allocation_interval'));
    this.agents = new AgentProtocol(info.id, this.state, registrar, messenger, this.frameworks, {
      pingTimeoutMs: flags.durationMs('agent_ping_timeout'),
      maxTimeouts: flags.number('max_agent_ping_timeouts'),
      reregisterTimeoutMs: flags.durationMs('agent_reregister_timeout'),
    });
  }

  /** Whether this process is the leading master, by MasterInfo equality (M 1.3). */
  get elected(): boolean {
    return this.leader !== null && sameMaster(this.leader, this.info);
  }

  detected(leader: MasterInfo | null): void {
    const wasElected = this.elected;
    this.leader = leader;
    if (this.elected) {
      this.electedAt = Date.now() / 1000;
      if (wasElected) {
        logInfo('Re-elected as the leading master');
        return;
      }
      this.journal.write('elected');
      logInfo('Elected as the leading master!');
      void this.recover();
    } else if (leader !== null) {
      if (wasElected) this.concede('Conceded leadership to another master... committing suicide!');
      logInfo(`The newly elected leader is ${leaderPid(leader)} with id ${leader.id}`);
    } else {
      if (wasElected) this.concede('Lost leadership after indecisive election... committing suicide!');
      logInfo('No master was elected');
    }
  }

  lostCandidacy(): void {
    if (this.elected) this.concede('Lost candidacy as a leader... committing suicide!');
    logInfo('Lost candidacy as a follower... Contend again');
    this.candidacy.contend();
  }

  /** A message of an agent; counts and drops it unless this master leads and has recovered. */
  receive(name: MessageName): boolean {
    if (this.elected && this.recovered) return true;
    if (name !== 'PongSlaveMessage') this.state.counters.dropped_messages += 1;
    return false;
  }

  readonly receivers: Receivers = {
    RegisterSlaveMessage: (from, body) => void this.agents.register(from, body),
    ReregisterSlaveMessage: (from, body) => void this.agents.reregister(from, body),
    UnregisterSlaveMessage: (from, { agentId }) => void this.agents.unregister(from, agentId),
    StatusUpdateMessage: (from, body) => this.agents.statusUpdate(from, body),
    PongSlaveMessage: (from) => this.agents.pong(from),
  };

  private concede(text: string): never {
    this.journal.write('conceded', text);
    exitWith(1, text);
  }

  private async recover(): Promise<void> {
    logInfo('Recovering from registrar');
    const registry = await this.registrar.recover();
    for (const { info } of registry.slaves) this.state.recovered.set(info.id, info);
    for (const { id, timestamp } of registry.unreachable) this.state.unreachable.set(id, timestamp);
    const timeoutMs = this.flags.durationMs('agent_reregister_timeout');
    const count = registry.slaves.length;
    logInfo(
      `Recovered ${count} agents from the registry (${this.registrar.sizeBytes ?? 0}B); ` +
        `allowing ${formatDuration(timeoutMs)} for agents to reregister`,
    );
    this.recovered = true;
    this.journal.write('recovered');
    setTimeout(() => this.giveUpRecovered(count), timeoutMs).unref();
  }

  /** After the timeout: over the removal limit the master exits, so that the next one starts a fresh timeout. */
  private giveUpRecovered(registered: number): void {
    const missing = [...this.state.recovered.values()];
    if (missing.length === 0) return;
    const limit = this.flags.string('recovery_agent_removal_limit') ?? '100%';
    const percent = (missing.length / Math.max(1, registered)) * 100;
    if (percent > Number.parseFloat(limit)) {
      exitWith(
        1,
        'Post-recovery agent removal limit exceeded! After ' +
          `${formatDuration(this.flags.durationMs('agent_reregister_timeout'))} there were ${missing.length} ` +
          `(${percent}%) agents recovered from the registry that did not reregister: \n` +
          `${missing.map(({ id, hostname }) => `${id} (${hostname})`).join('\n')}\n` +
          `The configured removal limit is ${limit}. Please investigate or increase this limit to proceed further`,
      );
    }
    void this.agents.giveUpRecovered(missing.map(({ id }) => id));
  }
}
