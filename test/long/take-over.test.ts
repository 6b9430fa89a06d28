import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Stage } from '../../lab/stage/stage.js';
import type { StrategyName } from '../../src/domain/config.js';
import { CutOff } from './cut-off.js';

for (const strategy of ['observers', 'dual-publishing'] as const) {
  describe(`a migration that was terminated, strategy ${strategy}`, function () {
    this.timeout(420_000);
    let dir: string;
    let stage: Stage;
    let lab: CutOff;

    before(async () => {
      // Sockets lie below it, and their paths must stay short.
      dir = await mkdtemp(join(tmpdir(), 'zkferry-off-'));
      stage = await Stage.start({ dir, agents: 3, strategy });
      lab = new CutOff(stage);
    });
    after(async () => {
      await stage?.stop();
      await rm(dir, { recursive: true, force: true });
    });

    it('leaves agents half moved: doctor says so, another start is refused, a take-over goes back', async () => {
      const migration = await lab.begun();
      await migration.until((s) => s.phase === 'move-agents' && s.progress.done >= 1);
      const id = await lab.terminate(migration);
      const { code, seen, text } = await lab.doctor();
      assert.equal(code, 1);
      assert.equal(seen.verdict, 'mid-way forward', text);
      assert.deepEqual(seen.migrations, [id]);
      assert.deepEqual(seen.doubts, []);
      assert.match(text, new RegExp(`zkferry start --take-over ${id}`));
      await lab.saysTheTruth(seen);
      await lab.refusesAnother(id);
      await lab.takesOver(id);
    });

    it('leaves the window open: doctor says so, and a take-over goes back through the barrier', async () => {
      const migration = await lab.begun();
      await migration.approve('cut-over', 'ann');
      await migration.until((s) => (s.window?.openedAt ?? null) !== null);
      await somethingCrosses(stage, strategy);
      const id = await lab.terminate(migration);
      const { code, seen, text } = await lab.doctor();
      assert.equal(code, 1);
      assert.ok(['inside the window', 'split', 'on target'].includes(seen.verdict), text);
      assert.notDeepEqual(seen.doubts, []);
      assert.match(text, /1\. barrier: hold and stop all masters/);
      await lab.saysTheTruth(seen);
      await lab.refusesAnother(id);
      await lab.takesOver(id);
    });

    it('is in nobody’s way afterwards: the same cluster moves as if nothing had been', async () => {
      await lab.arrives(strategy === 'observers' ? 'observers' : 'target');
    });

    it('never had two leading masters and lost nothing, as the watchers saw it', async () => {
      await lab.judged();
    });
  });
}

/** The first host whose files point at target: what was started there may be half of it. */
async function somethingCrosses(stage: Stage, strategy: StrategyName): Promise<void> {
  const { observers, masters, target } = stage.lab.json;
  const files =
    strategy === 'observers'
      ? observers.map(({ root }) => ({ file: join(root, 'var/lib/zookeeper/zkferry-ensemble'), text: 'target ' }))
      : masters.map(({ root }) => ({ file: join(root, 'etc/mesos/zk'), text: target[0]?.host ?? '' }));
  for (const end = Date.now() + 60_000; Date.now() < end;) {
    if (files.some(({ file, text }) => existsSync(file) && readFileSync(file, 'utf8').includes(text))) return;
    await delay(10);
  }
  throw new Error('nothing has crossed');
}
