import { constants } from 'node:os';
import type { Service } from './service.js';
import type { Supervisor } from './supervisor.js';

/**
 * What `systemctl show` prints of a unit, in systemd's order: the service's own properties, then the
 * unit's. `-p` chooses among them but, as in systemd, never reorders them.
 */
export function unitProperties(
  supervisor: Supervisor,
  service: Service,
  needsReload: (service: Service) => boolean,
): Record<string, string> {
  const { definition: unit } = service;
  const loaded = unit.loadState === 'loaded';
  return {
    Type: 'simple',
    Restart: unit.restart,
    RestartUSec: span(unit.restartMs),
    TimeoutStopUSec: span(unit.timeoutStopMs),
    MainPID: String(service.mainPid),
    ControlPID: '0',
    Result: service.result,
    NRestarts: String(service.restarts),
    ExecMainStartTimestampMonotonic: String(service.mainStartedUs),
    ExecMainExitTimestampMonotonic: String(service.mainExitedUs),
    ExecMainPID: String(service.execMainPid),
    ExecMainCode: service.execMainSignal !== null ? '2' : service.execMainCode !== null ? '1' : '0',
    ExecMainStatus: String(exitStatus(service)),
    ControlGroup:
      service.activeState === 'active' || service.activeState === 'deactivating' ? `/system.slice/${service.name}` : '',
    KillMode: unit.killMode,
    Id: service.name,
    Names: service.name,
    Description: unit.description,
    LoadState: unit.loadState,
    ActiveState: service.activeState,
    SubState: service.subState,
    FragmentPath: unit.fragmentPath,
    DropInPaths: unit.dropInPaths.join(' '),
    UnitFileState: supervisor.unitFileState(service.name),
    InactiveExitTimestampMonotonic: String(service.activeSinceUs),
    ActiveEnterTimestampMonotonic: String(service.activeSinceUs),
    InactiveEnterTimestampMonotonic: String(service.inactiveSinceUs),
    CanStart: loaded ? 'yes' : 'no',
    CanStop: loaded ? 'yes' : 'no',
    NeedDaemonReload: needsReload(service) ? 'yes' : 'no',
    ConditionResult: service.conditionResult ? 'yes' : 'no',
  };
}

/** Exit status or, after a signal, its number. */
function exitStatus({ execMainSignal, execMainCode }: Service): number {
  if (execMainSignal === null) return execMainCode ?? 0;
  return (constants.signals as Readonly<Record<string, number>>)[execMainSignal] ?? 0;
}

function span(ms: number): string {
  if (ms === Infinity) return 'infinity';
  const minutes = Math.floor(ms / 60_000);
  const seconds = Math.floor((ms % 60_000) / 1_000);
  const parts = [
    minutes > 0 ? `${String(minutes)}min` : '',
    seconds > 0 ? `${String(seconds)}s` : '',
    ms % 1_000 > 0 ? `${String(ms % 1_000)}ms` : '',
  ];
  return parts.filter((part) => part !== '').join(' ') || '0';
}
