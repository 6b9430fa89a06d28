import { formatDuration } from '../duration.js';
import { abort, logInfo } from '../log.js';
import type { AgentInfo } from '../messages.js';

/** The cluster's durable memory: which agents there are (src/master/registry.proto), and nothing about tasks. */
export interface Registry {
  readonly slaves: readonly { readonly info: AgentInfo & { readonly id: string } }[];
  readonly unreachable: readonly { readonly id: string; readonly timestamp: number }[];
}

/** The replicated log as the registrar uses it. */
export interface RegistryStore {
  /** @throws Error `Failed to perform fetch within …` after `limitMs`. */
  fetch(limitMs: number): Promise<string | null>;
  /** @throws Error `version mismatch …` when fenced, `Failed to perform store within …` after `limitMs`. */
  store(state: string, limitMs: number): Promise<void>;
}

export type RegistryOperation = (registry: Registry) => Registry;

const EMPTY: Registry = { slaves: [], unreachable: [] };

/** Applies one operation after another to the registry; a store that fails ends the master (src/master/registrar.cpp). */
export class Registrar {
  registry: Registry | null = null;
  stateFetchMs: number | null = null;
  stateStoreMs: number | null = null;
  queued = 0;
  private tail: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: RegistryStore,
    private readonly limits: { readonly fetchMs: number; readonly storeMs: number },
  ) {}

  get sizeBytes(): number | null {
    return this.registry === null ? null : Buffer.byteLength(JSON.stringify(this.registry));
  }

  async recover(): Promise<Registry> {
    logInfo('Recovering registrar');
    const began = performance.now();
    let text: string | null;
    try {
      text = await this.store.fetch(this.limits.fetchMs);
    } catch (cause) {
      abort(`Recovery failed: Failed to recover registrar: ${(cause as Error).message}`);
    }
    const registry = text === null || text === '' ? EMPTY : (JSON.parse(text) as Registry);
    this.stateFetchMs = performance.now() - began;
    logInfo(
      `Successfully fetched the registry (${Buffer.byteLength(text ?? '')}B) in ${formatDuration(this.stateFetchMs)}`,
    );
    // A new leader writes before it serves: whoever led before is fenced from here on.
    await this.write(registry);
    logInfo('Successfully recovered registrar');
    return registry;
  }

  /** Resolves once the operation is stored. A failed store never returns: the process aborts. */
  apply(operation: RegistryOperation): Promise<void> {
    this.queued += 1;
    const done = this.tail.then(async () => {
      this.queued -= 1;
      if (this.registry !== null) await this.write(operation(this.registry));
    });
    this.tail = done;
    return done;
  }

  private async write(registry: Registry): Promise<void> {
    const began = performance.now();
    logInfo('Applied 1 operations; attempting to update the registry');
    try {
      await this.store.store(JSON.stringify(registry), this.limits.storeMs);
    } catch (cause) {
      abort(`CHECK_READY(result): is FAILED: Failed to update registry: ${(cause as Error).message}`);
    }
    this.registry = registry;
    this.stateStoreMs = performance.now() - began;
    logInfo(`Successfully updated the registry in ${formatDuration(this.stateStoreMs)}`);
  }
}

export function admit(info: AgentInfo & { id: string }): RegistryOperation {
  return ({ slaves, unreachable }) => ({
    slaves: [...slaves.filter((slave) => slave.info.id !== info.id), { info }],
    unreachable: unreachable.filter(({ id }) => id !== info.id),
  });
}

export function markUnreachable(agentId: string): RegistryOperation {
  return ({ slaves, unreachable }) => ({
    slaves: slaves.filter(({ info }) => info.id !== agentId),
    unreachable: [...unreachable.filter(({ id }) => id !== agentId), { id: agentId, timestamp: Date.now() / 1000 }],
  });
}

export function removeAgent(agentId: string): RegistryOperation {
  return ({ slaves, unreachable }) => ({ slaves: slaves.filter(({ info }) => info.id !== agentId), unreachable });
}
