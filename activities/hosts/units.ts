import { setTimeout as delay } from 'node:timers/promises';
import type { HostConfig } from '../../src/domain/config.js';
import { NotStoppedError } from '../../src/domain/host-errors.js';
import type { HostActivities, HostStep, StoppedReport } from '../contract.js';
import type { Ports } from '../ports.js';
import { scope } from '../reach/scope.js';
import { runStep } from './script.js';

/** Steps of the window are short; outside it a loaded host gets more time. */
const STEP_MS = 10_000;
/** After SIGKILL only a process in an uninterruptible wait stays. */
const AFTER_KILL_MS = 5_000;

/** Holding units down, stopping them with proof, and letting them go again (S2). */
export const createUnits = (
  ports: Ports,
): Pick<HostActivities, 'prepareHold' | 'holdUnit' | 'stopHeld' | 'liftHold'> => ({
  async prepareHold(step) {
    await runStep(ports, step, step.host, {
      name: 'prepare-hold',
      detached: true,
      timeoutMs: 2 * STEP_MS,
      values: { unit: step.unit },
      body: 'lock\nensure_drop_in\n',
    });
  },

  async holdUnit(step) {
    await runStep(ports, step, step.host, {
      name: 'hold-unit',
      timeoutMs: STEP_MS,
      values: { unit: step.unit },
      body: 'lock\nhold\n',
    });
  },

  stopHeld: (step) => stopUnit(ports, step, step.host, step.unit, step.graceMs),

  async liftHold(step) {
    await runStep(ports, step, step.host, {
      name: step.start ? 'start-unit' : 'lift-hold',
      timeoutMs: STEP_MS,
      values: { unit: step.unit, start: step.start ? 1 : 0 },
      deadline: step.deadline,
      body: `
lock
if [ "$start" = 1 ] && [ -f "$state/applied-$unit" ] && [ -f "$state/place-$unit" ]; then
  # With another URL than it was moved to, a master could be elected in the ensemble that was left.
  read -r sum rest < "$state/applied-$unit" && file=$(cat "$state/place-$unit") || fail "cannot read $state"
  if [ "$(cksum < "$file" | tr ' ' '-')" != "$sum" ]; then
    echo "remedy=see who changed it (configuration management?), put back what it held, then retry"
    refuse "$file has changed since $unit was restarted with it; $unit stays down"
  fi
fi
discard "$state/held-$unit"
if [ "$start" = 1 ]; then
  systemctl reset-failed "$unit" 2> /dev/null
  systemctl start --no-block "$unit" || fail "systemctl start $unit failed"
fi
`,
    });
  },
});

/**
 * Holds a unit down, stops it and returns once it is proved stopped: systemd says so, its main
 * process of before is gone, and its control group is empty. SIGKILL after `graceMs`.
 *
 * The effects are under the lock, the waiting is not: a stop that hangs never blocks a later stage.
 *
 * @throws NotStoppedError (look again: a retry does), FencedError
 */
export async function stopUnit(
  ports: Ports,
  step: HostStep,
  host: HostConfig,
  unit: string,
  graceMs: number,
): Promise<StoppedReport> {
  const began = performance.now();
  const { signal, heartbeat } = scope();
  const values = { unit };
  const asked = await runStep(ports, step, host, {
    name: 'stop-unit',
    timeoutMs: STEP_MS,
    values: { ...values, rounds: Math.max(1, Math.ceil(graceMs / 50)) },
    body: `
lock
hold
pid=$(main_pid)
echo "pid=$pid"
echo "born=$(started_at "$pid")"
is_stopped || systemctl stop --no-block "$unit" || fail "systemctl stop $unit failed"
unlock
n=0
until is_stopped || [ "$n" -ge "$rounds" ]; do sleep 0.05; n=$((n + 1)); done
if is_stopped; then echo stopped=1; else echo stopped=0; fi
`,
  });
  const before = { pid: asked.get('pid') ?? '0', born: asked.get('born') ?? '' };
  const killedAt = performance.now();
  for (let round = 0; ; round += 1) {
    const seen = await runStep(ports, step, host, {
      name: 'prove-stopped',
      timeoutMs: STEP_MS,
      values: { ...values, ...before, kill: round === 1 ? 1 : 0 },
      body: `
if [ "$kill" = 1 ]; then
  lock
  is_stopped || systemctl kill -s KILL "$unit"
  unlock
fi
n=0
until is_stopped || [ "$n" -ge 10 ]; do sleep 0.05; n=$((n + 1)); done
echo "seen=$(active_state), main process $(main_pid)"
alive=0
case $pid in '' | 0) ;; *) [ -n "$born" ] && [ "$(started_at "$pid")" = "$born" ] && alive=1 ;; esac
if is_stopped && [ "$alive" = 0 ]; then echo stopped=1; else echo stopped=0; fi
`,
    });
    if (seen.get('stopped') === '1') {
      return { stoppedAt: new Date().toISOString(), tookMs: Math.round(performance.now() - began) };
    }
    if (performance.now() - killedAt > AFTER_KILL_MS) {
      throw new NotStoppedError(host.name, unit, seen.get('seen') ?? 'nothing');
    }
    heartbeat(`${unit} on ${host.name} is not down yet: ${seen.get('seen') ?? ''}`);
    await delay(100, undefined, { signal });
  }
}
