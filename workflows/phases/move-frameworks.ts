import type { MasterUrl } from '../../src/domain/plan.js';
import type { Ferry } from '../ferry.js';
import { onHost, prove } from '../proxies.js';
import type { Phase } from '../saga.js';

/** Moves every framework's schedulers onto the observers, or onto target; each framework keeps its id. */
export function moveFrameworks(ferry: Ferry): Phase {
  return {
    name: 'move-frameworks',
    rollbackCost: 'agents and schedulers restart once more, back onto source; tasks keep running',
    apply: () => repointFrameworks(ferry, ferry.destination.towards, ferry.destination.url, false),
    compensate: () => repointFrameworks(ferry, 'source', ferry.plan.urls.source, true),
  };
}

/** One instance after the other, in the plan's order (standbys first). */
export async function repointFrameworks(
  ferry: Ferry,
  towards: string,
  url: MasterUrl,
  restore: boolean,
): Promise<void> {
  const { config } = ferry;
  const step = ferry.nextStep();
  const instances = ferry.plan.frameworks.flatMap(({ framework, id }) =>
    framework.instances.map((instance) => ({ framework, id, instance })),
  );
  for (const [index, { framework, id, instance }] of instances.entries()) {
    if (!restore) await ferry.desk.safePoint();
    ferry.record.progress(index, instances.length, 0);
    await onHost(`adopt ${instance.name}`).adoptHost({ ...step, host: instance, ...(restore ? {} : { config }) });
    const repoint = await onHost(`restart ${framework.name} on ${instance.name} onto ${towards}`).repointFramework({
      ...step,
      instance,
      stop: framework.stop,
      url: restore ? null : url,
    });
    const { backAfterMs } = await prove(`wait for ${framework.name} to reconnect with its id`).awaitFramework({
      config,
      frameworkId: id,
      instance,
      repoint,
      url,
      patienceMs: config.policy.timeouts.frameworkMs,
    });
    if (repoint.changed) ferry.measure('frameworks', backAfterMs);
    ferry.record.progress(index + 1, instances.length, 0);
  }
}
