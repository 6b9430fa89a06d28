import type { Master } from './master.js';

/** What a master's metrics need of its replicated log. */
export interface LogGauge {
  readonly recovered: boolean;
  readonly ensembleSize: number;
}

/** `/metrics/snapshot` (M 5.2): flat numbers, counters of this process only. */
export function metricsView(master: Master, log: LogGauge): Record<string, number> {
  const { state, registrar } = master;
  const agents = [...state.agents.values()];
  const frameworks = [...state.frameworks.values()];
  const tasks = state.tasks();
  const inState = (name: string): number => tasks.filter((task) => task.state === name).length;
  const unreachable = frameworks.reduce((sum, { unreachableTasks }) => sum + unreachableTasks.size, 0);
  const { dropped_messages, tasks_lost, tasks_failed, tasks_killed, tasks_finished, ...counters } = state.counters;
  const optional: readonly (readonly [string, number | null])[] = [
    ['registrar/registry_size_bytes', registrar.sizeBytes],
    ['registrar/state_fetch_ms', registrar.stateFetchMs],
    ['registrar/state_store_ms', registrar.stateStoreMs],
  ];
  return {
    'master/elected': master.elected ? 1 : 0,
    'master/uptime_secs': Date.now() / 1000 - master.startedAt,
    'master/slaves_active': agents.filter(({ active }) => active).length,
    'master/slaves_inactive': agents.filter(({ active }) => !active).length,
    'master/slaves_connected': agents.filter(({ connected }) => connected).length,
    'master/slaves_disconnected': agents.filter(({ connected }) => !connected).length,
    'master/slaves_unreachable': state.unreachable.size,
    'master/frameworks_active': frameworks.filter(({ active }) => active).length,
    'master/frameworks_inactive': frameworks.filter(({ active }) => !active).length,
    'master/frameworks_connected': frameworks.filter(({ connected }) => connected).length,
    'master/frameworks_disconnected': frameworks.filter(({ connected }) => !connected).length,
    ...Object.fromEntries(Object.entries(counters).map(([name, value]) => [`master/${name}`, value])),
    'master/dropped_messages': dropped_messages,
    'master/tasks_staging': inState('TASK_STAGING'),
    'master/tasks_starting': inState('TASK_STARTING'),
    'master/tasks_running': inState('TASK_RUNNING'),
    'master/tasks_unreachable': unreachable,
    'master/tasks_lost': tasks_lost,
    'master/tasks_failed': tasks_failed,
    'master/tasks_killed': tasks_killed,
    'master/tasks_finished': tasks_finished,
    'registrar/queued_operations': registrar.queued,
    ...Object.fromEntries(optional.filter(([, value]) => value !== null)),
    'registrar/log/recovered': log.recovered ? 1 : 0,
    'registrar/log/ensemble_size': log.ensembleSize,
  };
}
