import type { Redactor } from '../src/domain/redact.js';
import type { HookRunner } from '../src/ports/hook-runner.js';
import type { HostShell } from '../src/ports/host-shell.js';
import type { MesosApi } from '../src/ports/mesos-api.js';
import type { MigrationRuns } from '../src/ports/migration-runs.js';
import type { Telemetry } from '../src/ports/telemetry.js';
import type { ServerProbe } from '../src/ports/server-probe.js';
import type { ZnodeStore } from '../src/ports/znode-store.js';
import type { InputVerdict } from './contract.js';

/** Everything activities reach the world through. */
export interface Ports {
  readonly probe: ServerProbe;
  readonly store: ZnodeStore;
  readonly mesos: MesosApi;
  readonly shell: HostShell;
  /** Resolves a credentials reference (`file:…`, `env:…`); null stays null. */
  readonly secrets: (reference: string | null) => Promise<string | null>;
  /** Checks the workflow's one argument; every error with its path. */
  readonly parseInput: (input: unknown) => InputVerdict;
  /** Left out where no durable engine is at hand. */
  readonly runs?: MigrationRuns;
  /** Left out where no hook is to run. */
  readonly hooks?: HookRunner;
  /** Whether webhooks may get what this reference names; left out = none may. */
  readonly mayTellHooks?: (reference: string) => boolean;
  /** Knows every secret that the worker has resolved; left out = it knows none. */
  readonly redactor?: Redactor;
  /** Left out where nobody monitors. */
  readonly telemetry?: Telemetry;
}
