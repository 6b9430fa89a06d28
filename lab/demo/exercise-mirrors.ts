import type { Lab } from '../lab.js';
import { mastersReady, waitUntil } from '../up/readiness.js';

const UNIT = 'mesos-master';

/**
 * Restarts the standbys, one after the other, while both ensembles are to name the same contenders:
 * each leaves source when its session expires and comes back under another number, and that is what
 * the mirror delay is measured on.
 */
export async function exerciseMirrors(lab: Lab, say: (text: string) => void): Promise<void> {
  const { masters } = lab.json;
  const placed = masters.map(({ name, host }) => ({ name, address: host }));
  const port = masters[0]?.httpPort ?? 0;
  const patience = { what: 'the masters', dir: lab.dir, patienceMs: 60_000, signal: undefined };
  for (const name of await standbys(placed, port)) {
    say(`the demo restarts ${name}, a standby, to see its contender go and come in both ensembles`);
    await lab.host(name).supervisor.restart(UNIT);
    await waitUntil(patience, () => mastersReady(placed, port));
  }
}

async function standbys(
  masters: readonly { readonly name: string; readonly address: string }[],
  port: number,
): Promise<string[]> {
  const found = await Promise.all(
    masters.map(async ({ name, address }) => {
      const answer = await fetch(`http://${address}:${String(port)}/metrics/snapshot`);
      const metrics = (await answer.json()) as Record<string, number>;
      return metrics['master/elected'] === 0 ? [name] : [];
    }),
  );
  return found.flat();
}
