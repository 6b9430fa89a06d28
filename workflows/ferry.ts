import { patched } from '@temporalio/workflow';
import type {
  Access,
  AgentsBack,
  Fence,
  Found,
  HostStep,
  PublishingScope,
  PublishingStep,
} from '../activities/contract.js';
import { withoutListedAgents } from '../src/domain/carried-plan.js';
import type { ClusterConfig } from '../src/domain/config.js';
import { NO_RESTARTS, slower, type Restarts } from '../src/domain/window-forecast.js';
import { clientDestination, type ClientDestination, type Measurements, type PlanResult } from '../src/domain/plan.js';
import type { Desk } from './desk.js';
import { Hooks } from './hooks.js';
import type { MigrationRecord } from './migration-record.js';

/** One running migration, as every phase sees it. */
export class Ferry {
  #generation = 0;
  /** By the rehearsal; feeds the window's forecast, as the restarts do. */
  measured: Measurements | null = null;
  restarts: Restarts = NO_RESTARTS;
  /** What was found of a migration that is taken over; null in an ordinary one. */
  found: Found | null = null;
  /** Migrations whose traces are this one's since it has taken them over. */
  takenFrom: readonly string[] = [];
  /** Another migration holds the cluster, so this one has written nothing. */
  lockedOut = false;
  /** Agents a person postponed; the straggler check still wants them (S5). */
  readonly postponed = new Set<string>();
  /** Agents a person skipped on the way back: they still need what the way back takes away. */
  readonly leftBehind = new Set<string>();
  /** Agents whose loss a person has accepted by name, since no master lists them any more. */
  readonly lost = new Set<string>();

  /** Masters whose hosts cannot be reached, for which a person vouches that they will not come back pointing at the other side. */
  readonly vouched = { source: new Set<string>(), target: new Set<string>() };

  readonly hooks: Hooks;

  constructor(
    readonly config: ClusterConfig,
    public planned: PlanResult,
    readonly migration: string,
    readonly record: MigrationRecord,
    readonly desk: Desk,
  ) {
    this.hooks = new Hooks(config, migration, record);
  }

  /** A person has answered and work goes on, so `status` no longer shows what was asked. The state can be searched for: a command. */
  goOn(): void {
    if (patched('shows-answers')) this.record.state(this.desk.rollbackOrderedBy === null ? 'running' : 'rolling-back');
  }

  /** A restart that was seen on the way; of each role the slowest counts. */
  measure(role: keyof Restarts, ms: number | null | undefined): void {
    this.restarts = { ...this.restarts, [role]: slower(this.restarts[role], ms) };
  }

  get plan(): PlanResult['plan'] {
    return this.planned.plan;
  }

  /** Where agents and schedulers go before the window. */
  get destination(): ClientDestination {
    return clientDestination(this.plan);
  }

  get access(): Access {
    return { ssh: this.config.ssh, credentials: this.config.credentials };
  }

  /** Only higher generations from here on. */
  startAbove(generation: number): void {
    this.#generation = Math.max(this.#generation, generation);
  }

  /** Agents that the leading master waits for still; one that joined at the last moment is nobody's plan, but lost all the same (S23). */
  lateAmong({ missing, unexpected = [] }: AgentsBack): string[] {
    return [...missing, ...unexpected.filter((id) => !this.postponed.has(id))];
  }

  /** Agents as a person finds them: by host, with the id that the masters know. At most ten. */
  tellAgents(ids: readonly string[]): string {
    const named = ids.slice(0, 10).map((id) => {
      const known = this.plan.agents.find((planned) => planned.id === id);
      return known === undefined ? id : `${known.agent.name} ${known.agent.address}, id ${id}`;
    });
    return [...named, ...(ids.length > 10 ? [`and ${ids.length - 10} more`] : [])].join('; ');
  }

  /** The next generation (S2): every stage and every change of direction takes one. */
  nextStep(): HostStep {
    this.#generation += 1;
    return { access: this.access, fence: this.fence };
  }

  /** As `nextStep`, for a door or for the publisher's mode. */
  nextPublishingStep(): PublishingStep {
    this.#generation += 1;
    return { ...this.publishing, generation: this.#generation };
  }

  get publishing(): PublishingScope {
    return { config: withoutListedAgents(this.config), migration: this.migration };
  }

  /** Sets `count` generations aside for a child workflow and returns the one before the first. */
  reserveGenerations(count: number): number {
    const base = this.#generation;
    this.#generation += count;
    return base;
  }

  get fence(): Fence {
    return { cluster: this.config.cluster, migration: this.migration, generation: this.#generation };
  }
}
