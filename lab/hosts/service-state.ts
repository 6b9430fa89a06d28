export type ActiveState = 'active' | 'inactive' | 'activating' | 'deactivating' | 'failed';

export type SubState =
  | 'dead'
  | 'condition'
  | 'start-pre'
  | 'running'
  | 'stop-sigterm'
  | 'stop-sigkill'
  | 'final-sigterm'
  | 'final-sigkill'
  | 'auto-restart'
  | 'failed';

export type ServiceResult =
  'success' | 'exit-code' | 'signal' | 'core-dump' | 'timeout' | 'start-limit-hit' | 'exec-condition' | 'resources';

/** What became of a job; `skipped` = a condition did not hold, which `systemctl start` counts as done. */
export type JobOutcome = 'done' | 'skipped' | 'canceled' | 'failed';

/** What `systemctl` calls `ActiveState` for each `SubState`. */
export const activeStates: Readonly<Record<SubState, ActiveState>> = {
  dead: 'inactive',
  condition: 'activating',
  'start-pre': 'activating',
  running: 'active',
  'stop-sigterm': 'deactivating',
  'stop-sigkill': 'deactivating',
  'final-sigterm': 'deactivating',
  'final-sigkill': 'deactivating',
  'auto-restart': 'activating',
  failed: 'failed',
};
