import type { Client } from '@temporalio/client';
import { setTimeout as delay } from 'node:timers/promises';
import type { MigrationStatus } from '../domain/status.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { statusOf } from './migration-client.js';

export interface FollowOptions {
  readonly exitOnWait: boolean;
  /** Called whenever state, phase, progress or incidents have changed. */
  readonly onChange: (status: MigrationStatus) => void;
}

/** Follows a migration until it has ended. @returns 0 migrated, 3 rolled back, 1 stranded, 4 waiting */
export async function followMigration(client: Client, cluster: string, options: FollowOptions): Promise<ExitCode> {
  let last = '';
  for (;;) {
    const status = await statusOf(client, cluster);
    const key = JSON.stringify([
      status.state,
      status.phase,
      status.progress.done,
      status.incidents,
      status.waitingFor?.what,
    ]);
    if (key !== last) options.onChange(status);
    last = key;
    if (status.state === 'migrated') return EXIT.done;
    if (status.state === 'rolled-back') return EXIT.rolledBack;
    if (status.state === 'stranded') return EXIT.failed;
    if (options.exitOnWait && status.waitingFor !== null) return EXIT.waiting;
    await delay(1_000);
  }
}
