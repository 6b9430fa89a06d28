import { proxySinks, type Sinks } from '@temporalio/workflow';
import type { MigrationStatus } from '../src/domain/status.js';

/** One way, out of the workflow, and no command in its history: monitoring may come, go and change at any time. */
export interface FerrySinks extends Sinks {
  ferry: {
    /** @param atMs workflow time */
    status(status: MigrationStatus, atMs: number): void;
  };
}

export const { ferry: telemetry } = proxySinks<FerrySinks>();
