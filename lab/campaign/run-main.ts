import { killAll } from '../hosts/processes.js';
import { labProcesses } from '../memory.js';
import { runScenario, type RunOptions } from './run-scenario.js';
import type { Scenario } from './scenario.js';

/** One run in a process of its own: what crashes it (the ZooKeeper client is native code) costs one run. */
export interface RunOrder extends Omit<RunOptions, 'say'> {
  readonly scenario: Scenario;
}

const order = JSON.parse(process.argv[2] ?? '') as RunOrder;
// The one who started it ends it; an interrupt at the terminal is for that one.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => {
  // Nobody is left who could end what this run has started.
  void killAll(() => labProcesses(order.dir).filter((pid) => pid !== process.pid)).finally(() => process.exit(1));
});
const record = await runScenario(order.scenario, {
  ...order,
  say: (text) => process.send?.({ said: text }),
});
process.send?.({ record }, () => process.exit(0));
