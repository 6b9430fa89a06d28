import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { LabJson } from '../../lab/contract.js';
import { startWorker, type WorkerProcess } from '../../lab/stage/worker-process.js';
import { startTemporal, type TemporalServer } from '../../lab/temporal.js';
import { SCHEMAS } from '../../src/cli/schemas/index.js';
import type { PlanResult } from '../../src/domain/plan.js';
import type { MigrationStatus } from '../../src/domain/status.js';
import { Terminal } from '../cli/terminal.js';
import { zkferry, type Ended } from '../cli/zkferry.js';
import { StayingVerb } from './zkferry-cli.js';

/** A lab, migrated by our own command line alone, started as a saved plan says. */
describe('a migration driven by zkferry alone', function () {
  this.timeout(420_000);
  let dir: string;
  let lab: StayingVerb<LabJson>;
  let temporal: TemporalServer;
  let worker: WorkerProcess;
  let file: string;
  let planFile: string;
  const ajv = new Ajv2020({ allErrors: true, validateFormats: false });

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'zkferry-as-'));
    lab = await StayingVerb.start<LabJson>(['lab', 'up', '--dir', join(dir, 'lab'), '--agents', '2', '--json']);
    temporal = await startTemporal({ dir });
    worker = await startWorker({ dir, temporal: temporal.address });
    file = join(dir, 'lab', 'cluster.yaml');
    planFile = join(dir, 'plan.json');
  });
  after(async () => {
    await worker?.stop();
    await temporal?.stop();
    await lab?.interrupt();
    await rm(dir, { recursive: true, force: true });
  });

  const cli = (...words: string[]): Promise<Ended> =>
    zkferry(words, { TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: 'default' });
  /** What a verb prints, once it fits its schema. */
  const json = async <T>(schema: string, ...words: string[]): Promise<T> => {
    const { stdout, stderr } = await cli(...words, '--json');
    const value = JSON.parse(stdout === '' ? 'null' : stdout) as T;
    assert.ok(ajv.validate(SCHEMAS[schema]?.() ?? {}, value), `${schema}: ${ajv.errorsText()} ${stderr}`);
    return value;
  };

  it('prints JSON that fits its schemas', async () => {
    assert.ok(ajv.validate(SCHEMAS['lab']?.() ?? {}, lab.json), ajv.errorsText());
    await json('preflight', 'preflight', file);
    await json('plan', 'plan', file);
    await json('doctor', 'doctor', file);
  });

  it('saves the plan and shows it in 80 columns', async () => {
    const { code, stdout, stderr } = await cli('plan', file, '-o', planFile);
    assert.equal(code, 0, stdout + stderr);
    // A path of this machine may be longer than a line.
    for (const line of stdout.split('\n')) assert.ok(line.length <= 80 || line.includes('/'), line);
    const { planHash } = JSON.parse(await readFile(planFile, 'utf8')) as PlanResult;
    assert.ok(stdout.includes(planHash));
  });

  it('starts nothing when a fresh survey gives another plan, and says what has changed', async () => {
    const changed = join(dir, 'lab', 'changed.yaml');
    const text = await readFile(file, 'utf8');
    await writeFile(changed, text.replace(/^policy:\n/m, 'policy:\n  budget: 30s\n'));
    const { code, stderr } = await cli('start', '--plan', planFile, changed);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /FERRY_STALE_PLAN/);
    assert.match(stderr, /budget\.budgetMs: \d+ → 30000/);
    assert.match((await cli('status', 'lab')).stderr, /FERRY_NO_MIGRATION/);
  });

  it('starts as planned, waits at the gate with the hash that was saved, and says so everywhere', async () => {
    const started = await cli('start', '--plan', planFile, file);
    assert.equal(started.code, 0, started.stderr);
    const waiting = await cli('watch', 'lab', '--exit-on-wait', '--timeout', '2m');
    assert.equal(waiting.code, 4, waiting.stdout + waiting.stderr);
    const status = await json<MigrationStatus>('status', 'status', 'lab');
    const { planHash } = JSON.parse(await readFile(planFile, 'utf8')) as PlanResult;
    assert.equal(status.planHash, planHash);
    const doctor = await cli('doctor', '--temporal', file);
    assert.equal(doctor.code, 0, doctor.stdout);
    assert.match(doctor.stdout, /^ok +timers: a short timer fired \d+ ms late \(zkferry-lab\)/m);
  });

  it('is watched on a terminal to its end, approved by what status says next', async () => {
    const terminal = new Terminal(['watch', 'lab'], {
      env: { TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: 'default' },
    });
    for (const gate of ['begin', 'cut-over', 'complete']) {
      await terminal.shows(new RegExp(`awaiting-approval, phase gate ${gate}`), 200_000);
      const { planHash } = await json<MigrationStatus>('status', 'status', 'lab');
      const { code, stderr } = await cli(
        'approve',
        'lab',
        '--gate',
        gate,
        '--plan-hash',
        planHash ?? '',
        '--by',
        'ann',
      );
      assert.equal(code, 0, stderr);
    }
    assert.equal(await terminal.ended(), 0, terminal.screen.text);
    assert.match(terminal.screen.text, /migrated, phase/);
    assert.ok(terminal.screen.widest <= 80, terminal.screen.text);
    const full = await cli('status', 'lab');
    for (const line of full.stdout.split('\n')) assert.ok(line.length <= 80, line);
  });
});
