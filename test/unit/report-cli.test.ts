import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LabJson, WatchRecord } from '../../lab/contract.js';
import { reportJsonSchema, watchedSchema } from '../../src/cli/schemas/report.js';
import { configJsonSchema } from '../../src/config/shape.js';
import { claim, cluster, on, says, znode } from '../fakes/judge-records.js';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

function zkferry(...words: string[]): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', TEMPORAL_ADDRESS: '127.0.0.1:1' },
  });
  return { code: status, stdout, stderr };
}

describe('reports on the command line', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'zkferry-report-'))));
  after(() => {
    rmSync(folder, { recursive: true });
  });

  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  it('have a schema of their own beside that of the config', () => {
    assert.deepEqual(JSON.parse(zkferry('schema', 'report').stdout), JSON.parse(JSON.stringify(reportJsonSchema())));
    assert.deepEqual(JSON.parse(zkferry('schema').stdout), JSON.parse(JSON.stringify(configJsonSchema())));
    assert.equal(zkferry('schema', 'reprot').code, 2);
  });

  it('refuse verdicts that are none before they ask anybody, and say how to make them', () => {
    for (const text of ['no JSON', '{}', '{"verdicts":{"passed":"yes"},"window":null,"seen":null}']) {
      const { code, stderr } = zkferry('report', 'c', '--verdicts', file('verdicts.json', text));
      assert.equal(code, 1);
      assert.match(stderr, /FERRY_NO_VERDICTS; remedy: make the file with zkferry lab judge/, text);
    }
    assert.match(zkferry('report', 'c').stderr, /FERRY_TEMPORAL_UNREACHABLE/);
  });

  it('take verdicts from the watchers of a lab, whose exit code tells whether every promise held', () => {
    const watchers = join(folder, 'watchers');
    const journalDir = join(folder, 'journal');
    for (const made of [watchers, journalDir]) mkdirSync(made);
    const process = (name: string) => ({ name, host: '', httpPort: 0, sshPort: 0, pid: null, root: '' });
    const lab: Partial<LabJson> = {
      source: [],
      target: [],
      observers: [],
      masters: [process('m1')],
      agents: [process('a1')],
      watchers: { dir: watchers, address: '127.0.0.1' },
      journalDir,
    };
    file('lab.json', JSON.stringify(lab));
    const records: WatchRecord[] = [];
    for (let t = 0; t <= 3_000; t += 100) {
      records.push(claim(t, 'm1', true, 1), znode(t, 's1', 'source', 'id-1'));
      if (t % 1_000 !== 0) continue;
      records.push({ ...on(t), kind: 'heartbeat', watcher: 'w', pid: 9, event: t === 3_000 ? 'stopped' : 'alive' });
      records.push({ ...on(t), kind: 'agent', agent: 'a1', id: 'A-S0', registered: true, masterHostname: 'm' });
      records.push({ ...on(t), kind: 'tasks', agent: 'a1', alive: { task1: 101, task2: 102 } }, cluster(t, 'm1'));
    }
    const lines = (all: readonly object[]) => all.map((record) => `${JSON.stringify(record)}\n`).join('');
    file('watchers/all.jsonl', lines(records));
    file('journal/m1.jsonl', lines([says(-500, 'm1', 1, 'started'), says(-400, 'm1', 1, 'elected')]));
    const { code, stdout } = zkferry('lab', 'judge', '--dir', folder, '--json');
    const watched = watchedSchema.parse(JSON.parse(stdout));
    assert.deepEqual(watched.verdicts.reasons, []);
    assert.equal(code, 0);
    assert.ok(watched.seen?.leaders.some(({ view, master }) => view === 'leads' && master === 'm1'));
    file('journal/m1.jsonl', '');
    assert.equal(zkferry('lab', 'judge', '--dir', folder).code, 1);
  });
});
