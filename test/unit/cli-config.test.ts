import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseInput } from '../../src/config/parse-input.js';
import { configJsonSchema } from '../../src/config/shape.js';
import { fixturePath } from './fixture-path.js';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

function zkferry(...words: string[]): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  return { code: status, stdout, stderr };
}

describe('zkferry on the command line', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'zkferry-cli-'))));
  after(() => {
    rmSync(folder, { recursive: true });
  });

  it('writes a sample config that validates, with its schema beside it, and overwrites nothing', () => {
    const file = join(folder, 'cluster.yaml');
    assert.equal(zkferry('init', file).code, 0);
    const schema: unknown = JSON.parse(readFileSync(join(folder, 'zkferry.schema.json'), 'utf8'));
    assert.deepEqual(schema, JSON.parse(JSON.stringify(configJsonSchema())));
    assert.equal(zkferry('validate', file).code, 0);
    const again = zkferry('init', file);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /already exists[^]*--force/);
  });

  it('ends with 2 on an invalid config, errors on stderr, places that editors can jump to', () => {
    const file = fixturePath('faulty-cluster.yaml');
    const { code, stdout, stderr } = zkferry('validate', file);
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.ok(stderr.includes(`${file}:3:1 stratgy: unknown key "stratgy" (did you mean strategy?)`), stderr);
  });

  it('prints JSON alone on stdout with --json', () => {
    const bad = zkferry('validate', fixturePath('faulty-cluster.yaml'), '--json');
    assert.equal(bad.code, 2);
    assert.equal((JSON.parse(bad.stdout) as { ok: boolean }).ok, false);
    const good = zkferry('validate', '--json', fixturePath('minimal-cluster.yaml'));
    assert.equal(good.code, 0);
    assert.equal((JSON.parse(good.stdout) as { ok: boolean }).ok, true);
  });

  it('prints an input that the workflow accepts, and none for an invalid config', () => {
    const { code, stdout } = zkferry('input', fixturePath('minimal-cluster.yaml'));
    assert.equal(code, 0);
    assert.equal(parseInput(JSON.parse(stdout)).ok, true);
    const bad = zkferry('input', fixturePath('faulty-cluster.yaml'));
    assert.equal(bad.code, 2);
    assert.equal(bad.stdout, '');
  });

  it('ends with 2 on wrong usage and suggests the verb', () => {
    const { code, stdout, stderr } = zkferry('validte');
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /Did you mean validate\?/);
    assert.equal(zkferry('validate', '--jsn').code, 2);
  });

  it('ends with 0 on --help and --version', () => {
    assert.equal(zkferry('--help').code, 0);
    assert.match(zkferry('--version').stdout, /^\d+\.\d+\.\d+\n$/);
  });
});
