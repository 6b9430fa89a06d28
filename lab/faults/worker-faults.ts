import type { WorkerProcess } from '../stage/worker-process.js';
import type { Fault, FaultScene, InjectedFault } from './fault.js';

/** One of the stage's workers. */
function anyWorker({ stage, random }: FaultScene): WorkerProcess {
  return random.pick(stage.workers);
}

/** A worker ends by a signal, and another is started in its place once the fault is healed. */
async function end(
  scene: FaultScene,
  workers: readonly WorkerProcess[],
  signal: NodeJS.Signals,
): Promise<InjectedFault> {
  await Promise.all(workers.map((worker) => worker.stop(signal)));
  return {
    target: workers.map(({ pid }) => `worker ${pid}`).join(', '),
    declares: {},
    async heal() {
      for (const worker of workers) await scene.stage.replaceWorker(worker);
    },
  };
}

/** One of the workers is killed; another is started after a while. */
export const workerKilled: Fault = {
  kind: 'worker-killed',
  lastsMs: [500, 8_000],
  inject: (scene) => end(scene, [anyWorker(scene)], 'SIGKILL'),
};

/** One of the workers is asked to end, as by a deployment, and another is started after a while. */
export const workerTerminated: Fault = {
  kind: 'worker-terminated',
  lastsMs: [500, 8_000],
  inject: (scene) => end(scene, [anyWorker(scene)], 'SIGTERM'),
};

/** All workers are killed at once. */
export const allWorkersKilled: Fault = {
  kind: 'all-workers-killed',
  cutsOff: true,
  lastsMs: [500, 6_000],
  inject: (scene) => end(scene, [...scene.stage.workers], 'SIGKILL'),
};

/** A worker stands still and wakes up with whatever it had in hand. */
export const workerFrozen: Fault = {
  kind: 'worker-frozen',
  lastsMs: [2_000, 30_000],
  async inject(scene) {
    const { pid } = anyWorker(scene);
    process.kill(pid, 'SIGSTOP');
    return {
      target: `worker ${pid}`,
      declares: {},
      async heal() {
        try {
          process.kill(pid, 'SIGCONT');
        } catch {
          // Another fault ended it meanwhile.
        }
      },
    };
  },
};
