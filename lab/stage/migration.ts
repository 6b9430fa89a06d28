import { WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import { setTimeout as delay } from 'node:timers/promises';
import type { ApproveMessage, GateName, MigrationStatus } from '../../src/domain/status.js';
import type { PlanResult } from '../../src/domain/plan.js';

/** An approval that was sent at that instant, ms since the epoch, and not refused, as far as anybody knows. */
export type GivenApproval = ApproveMessage & { readonly at: number };

/** Whether the migration itself said no; of any other failure nobody knows what has become of the message. */
export function isRefusal(cause: unknown): boolean {
  return cause instanceof WorkflowUpdateFailedError;
}

/** A running migration, driven as a person would drive it. */
export class Migration {
  constructor(readonly handle: WorkflowHandle) {}

  async status(): Promise<MigrationStatus> {
    return this.handle.query<MigrationStatus>('status');
  }

  async plan(): Promise<PlanResult | null> {
    return this.handle.query<PlanResult | null>('plan');
  }

  /**
   * Polls the status until it is as wanted.
   * @throws when the workflow ends first, or `patienceMs` is over: with the last status
   */
  async until(
    wanted: (status: MigrationStatus) => boolean,
    options: { readonly patienceMs?: number; readonly onStatus?: (status: MigrationStatus) => void } = {},
  ): Promise<MigrationStatus> {
    const end = Date.now() + (options.patienceMs ?? 180_000);
    for (;;) {
      const status = await this.status();
      options.onStatus?.(status);
      if (wanted(status)) return status;
      const { status: execution } = await this.handle.describe();
      if (execution.name === 'FAILED') await this.handle.result();
      if (Date.now() > end) throw new Error(`the migration did not get there: ${JSON.stringify(status, null, 1)}`);
      await delay(200);
    }
  }

  atGate(gate: GateName, options: Parameters<Migration['until']>[1] = {}): Promise<MigrationStatus> {
    return this.until(
      (s) => s.state === 'awaiting-approval' && s.waitingFor?.what.includes(`gate ${gate} `) === true,
      options,
    );
  }

  async approve(gate: GateName, by: string, options: Parameters<Migration['until']>[1] = {}): Promise<void> {
    const { planHash } = await this.atGate(gate, options);
    await this.say('approve', { gate, by, planHash });
  }

  say(name: string, message: unknown): Promise<unknown> {
    return this.handle.executeUpdate(name, { args: [message] });
  }

  result(): Promise<MigrationStatus> {
    return this.handle.result() as Promise<MigrationStatus>;
  }
}
