import { join } from 'node:path';
import { faultOfKind } from '../faults/index.js';
import { Random } from '../faults/random.js';
import { Stage } from '../stage/stage.js';
import { ActivityStream } from './activity-stream.js';
import { controlRun } from './control-run.js';
import { drive } from './drive.js';
import { keepHistories } from './histories.js';
import { Injector } from './injector.js';
import { judgeRun } from './judge-run.js';
import { budgetOfMasters } from './masters-budget.js';
import { Operator } from './operator.js';
import type { RunRecord } from './run-record.js';
import type { Scenario } from './scenario.js';
import { SecretWatch } from './secrets.js';
import { settled } from './settled.js';
import { stageFor } from './stage-for.js';
import { takenOver, withPolicy } from './taken-over.js';
import { differences, traces } from './traces.js';

/** How long the cluster may need afterwards until all agents are back, ms. */
const SETTLE_MS = 90_000;
const PASSWORD = 'a-password-that-nobody-should-see';

export interface RunOptions {
  /** Gets everything of the run; made when missing, left as it is. */
  readonly dir: string;
  readonly commit: string;
  readonly say: (text: string) => void;
  /** What the workers run; default `zkferry worker`. */
  readonly workerCommand?: readonly string[];
}

/** Boots a lab, migrates it under the scenario's faults, judges it, and stops everything. */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<RunRecord> {
  const { dir, commit, say, workerCommand } = options;
  const startedAt = new Date();
  const { strategy } = scenario;
  const login = scenario.credentials ? `mesos:${PASSWORD}` : null;
  const stage = await Stage.start({
    ...stageFor(scenario),
    dir,
    ...(login === null ? {} : { credentials: { source: login, target: login } }),
    workers: 2,
    keep: true,
    ...(workerCommand === undefined ? {} : { workerCommand }),
  });
  try {
    say('the lab stands');
    const before = await traces(stage.lab, login);
    const budgetMs = await budgetOfMasters(stage.lab.json.masters);
    const secrets = new SecretWatch(stage, login === null ? [] : [PASSWORD]);
    const random = new Random(`campaign/${scenario.seed}/${scenario.run}/injected`);
    const injector = new Injector(scenario.faults, { stage, strategy, random, say, faultOfKind });
    const migration = await stage.migrate(withPolicy({}));
    const stream = new ActivityStream(stage.client, migration.handle.workflowId, (name) => injector.seeActivity(name));
    const operator = new Operator(migration, scenario.temper);
    const written = async () => differences(before, await traces(stage.lab, login));
    const first = await drive({ stage, migration, injector, operator, say, written });
    const driven = await takenOver(first, { stage, migration, injector, operator, say });
    await stream.stop();
    await injector.end();
    say(`it ended ${driven.end}`);
    const missing = await settled(stage.lab, SETTLE_MS);
    const control = (nth: number) => controlRun(scenario, nth, dir, random);
    const { acts } = operator;
    const judged = await judgeRun({
      stage,
      scenario,
      injector,
      acts,
      login,
      before,
      budgetMs,
      secrets,
      missing,
      control,
      ...driven,
    });
    if (judged.judgement !== 'passed') await keepHistories(stage.client, join(dir, 'histories'));
    const { status } = driven;
    return {
      schemaVersion: 1,
      seed: scenario.seed,
      run: scenario.run,
      commit,
      startedAt: startedAt.toISOString(),
      durationMs: Date.now() - startedAt.getTime(),
      scenario,
      faults: injector.records,
      end: driven.end,
      ...judged,
      window: status?.window ?? null,
      incidents: status?.incidents ?? [],
      decisions: status?.decisions ?? [],
      phases: status?.timeline ?? [],
    };
  } finally {
    await stage.stop();
  }
}
