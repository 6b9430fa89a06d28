import { Ajv2020 } from 'ajv/dist/2020.js';
import { DockerfileParser } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { repositoryRoot } from '../../lab/repository-root.js';
import { dynamicConfig } from '../../lab/temporal.js';
import { SEARCH_ATTRIBUTES } from '../../src/adapters/search-attributes.js';
import { freeLoopbackAddress, startStatusServer } from '../../src/adapters/status-server.js';
import { buildProgram } from '../../src/cli/program.js';
import { readPage } from '../docs/markdown.js';
import { fixturePath } from './fixture-path.js';

interface Service {
  readonly image?: string;
  readonly build?: { readonly dockerfile: string; readonly target: string };
  readonly command?: readonly string[];
  readonly profiles?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly network_mode?: string;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly deploy?: { readonly replicas: number };
  readonly environment?: Readonly<Record<string, unknown>>;
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const root = repositoryRoot();
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

describe('docker-compose.yml', () => {
  const compose = parse(read('docker-compose.yml'), { merge: true }) as Compose;
  const services = Object.entries(compose.services);
  const conditionsOn = (name: string): string[] =>
    services.flatMap(([, { depends_on }]) => depends_on?.[name]?.condition ?? []);

  it('follows the compose specification', () => {
    const schema = JSON.parse(readFileSync(fixturePath('compose-spec.json'), 'utf8')) as object;
    // `duration` is compose's own format.
    const ajv = new Ajv2020({ strict: false, formats: { duration: true, uri: true } });
    const valid = ajv.compile(schema);
    assert.ok(valid(compose), JSON.stringify(valid.errors));
    assert.ok(!valid({ services: { worker: { imagine: 'x' } } }), 'the schema refuses what it does not know');
  });

  it('pins every image, and builds the others from stages that are there', () => {
    const stages = stagesOf('deploy/Dockerfile');
    for (const [name, { image, build }] of services) {
      if (build === undefined) assert.match(image ?? '', /:\d+\.\d+/, name);
      else assert.ok(stages.includes(build.target), `${name}: ${build.target}`);
    }
  });

  it('waits for every service that another needs: until it is healthy, or has done its work', () => {
    for (const [name, { depends_on = {} }] of services) {
      for (const [needed, { condition }] of Object.entries(depends_on)) {
        const other = compose.services[needed];
        assert.ok(other !== undefined, `${name} needs ${needed}`);
        const proved = condition === 'service_healthy' ? other.healthcheck !== undefined : condition;
        assert.ok(proved === true || proved === 'service_completed_successfully', `${name} on ${needed}: ${condition}`);
      }
    }
  });

  it('knows of every service that stays whether it is well', () => {
    const jobs = services.filter(([name]) => conditionsOn(name).includes('service_completed_successfully'));
    const others = services.filter(([name]) => !jobs.some(([job]) => job === name));
    assert.deepEqual(jobs.map(([name]) => name).sort(), ['temporal-namespace', 'temporal-schema']);
    assert.deepEqual(
      others.filter(([, { healthcheck }]) => healthcheck === undefined).map(([name]) => name),
      [],
    );
  });

  it('is reached from this machine alone', () => {
    const ports = services.flatMap(([, service]) => service.ports ?? []);
    assert.deepEqual(
      ports.filter((port) => !port.startsWith('127.0.0.1:')),
      [],
    );
    assert.equal(ports.length, 2);
  });

  it('mounts only files and volumes that are there', () => {
    const sources = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0] ?? ''));
    for (const source of sources) {
      if (source.startsWith('./')) assert.ok(existsSync(join(root, source)), source);
      else if (!source.startsWith('${')) assert.ok(source in compose.volumes, source);
    }
  });

  it('runs two workers, and a lab only where it is asked for', () => {
    assert.equal(compose.services['worker']?.deploy?.replicas, 2);
    const inLab = services.filter(([, { profiles }]) => profiles?.includes('lab')).map(([name]) => name);
    assert.deepEqual(inLab, ['lab', 'lab-worker']);
    // The lab's hosts are on its own loopback addresses.
    assert.equal(compose.services['lab-worker']?.network_mode, 'service:lab');
    assert.notEqual(
      compose.services['lab-worker']?.environment?.['TEMPORAL_NAMESPACE'],
      compose.services['worker']?.environment?.['TEMPORAL_NAMESPACE'],
    );
  });

  it('asks its workers at the address where they answer', async () => {
    let why: string | null = null;
    const at = await freeLoopbackAddress();
    const answers = { metrics: [], unhealthy: () => null, about: {} };
    const server = await startStatusServer(at, { ...answers, unready: () => Promise.resolve(why) });
    const workers = services.filter(([, { command }]) => command?.[0] === 'worker');
    assert.equal(workers.length, 2);
    try {
      for (const [name, { command, healthcheck }] of workers) {
        const [, port = ''] = /:(\d+)$/.exec(command?.[(command?.indexOf('--metrics') ?? 0) + 1] ?? '') ?? [];
        const [how, program = '', ...words] = healthcheck?.test ?? [];
        assert.deepEqual([how, program], ['CMD', 'node'], name);
        const asked = words.map((word) => word.replace(`127.0.0.1:${port}`, at));
        assert.notDeepEqual(asked, words, name);
        why = null;
        assert.equal(await exitCode(process.execPath, asked), 0, name);
        why = 'it is starting';
        assert.equal(await exitCode(process.execPath, asked), 1, name);
      }
    } finally {
      server.close();
    }
    const [, , ...words] = workers[0]?.[1].healthcheck?.test ?? [];
    assert.equal(
      await exitCode(
        process.execPath,
        words.map((word) => word.replace(/127\.0\.0\.1:\d+/, at)),
      ),
      1,
      'nobody listens',
    );
  });

  it('runs commands that zkferry takes', async () => {
    for (const [name, { build, command }] of services) {
      if (build === undefined || command === undefined) continue;
      const program = await buildProgram(['node', 'zkferry', ...command]);
      let at = program;
      for (const word of command.filter((one) => !one.startsWith('-')))
        at = at.commands.find((one) => one.name() === word) ?? at;
      assert.notEqual(at, program, name);
      for (const option of command.filter((word) => word.startsWith('--')))
        assert.ok(
          at.options.some(({ long }) => long === option),
          `${name}: ${option}`,
        );
    }
  });
});

describe('the Temporal server that deploy/ sets up', () => {
  it('has the settings that the reserve of the window counts with, as servers of the lab have', async () => {
    assert.deepEqual(await dynamicConfig(), [
      'history.timerProcessorMaxTimeShift="100ms"',
      'frontend.keepAliveTime="3s"',
      'frontend.keepAliveTimeout="1s"',
      'system.enableActivityEagerExecution=true',
    ]);
  });

  it('has the search attributes that migrations carry', () => {
    const [, names = ''] = /for name in (.+); do/.exec(read('deploy/create-namespace.sh')) ?? [];
    assert.deepEqual(names.split(' '), [...SEARCH_ATTRIBUTES]);
  });

  for (const script of ['deploy/create-namespace.sh', 'deploy/create-schema.sh']) {
    it(`is set up by a script that a shell can read: ${script}`, () => {
      const { status, stderr } = spawnSync('sh', ['-n', join(root, script)], { encoding: 'utf8' });
      assert.equal(status, 0, stderr);
    });
  }
});

describe('deploy/Dockerfile', () => {
  const text = read('deploy/Dockerfile');
  const instructions = DockerfileParser.parse(text).getInstructions();
  const all = (keyword: string): string[][] =>
    instructions
      .filter((one) => one.getKeyword() === keyword)
      .map((one) => one.getArguments().map((argument) => argument.getValue()));

  it('is well formed', () => {
    assert.deepEqual(
      validate(text).map(({ message, range }) => `${String(range.start.line + 1)}: ${JSON.stringify(message)}`),
      [],
    );
  });

  it('starts from pinned images with glibc, and ends each image that runs as a user without rights', () => {
    const stages = stagesOf('deploy/Dockerfile');
    const bases = all('FROM').map(([base = '']) => base);
    const foreign = bases.filter((base) => !stages.includes(base));
    assert.ok(foreign.length > 0);
    for (const base of foreign) assert.match(base, /^node:20\.\d+-bookworm-slim$/);
    for (const stage of ['worker', 'lab']) assert.equal(lastUserOf(text, stage), 'node', stage);
  });

  it('copies only what is there', () => {
    const stages = stagesOf('deploy/Dockerfile');
    for (const one of DockerfileParser.parse(text).getCOPYs()) {
      const from = one.getFromFlag()?.getValue() ?? undefined;
      const paths = one.getArguments().map((argument) => argument.getValue());
      if (from !== undefined) assert.ok(stages.includes(from), from);
      else for (const path of paths.slice(0, -1)) assert.ok(existsSync(join(root, path)), path);
    }
  });
});

describe('deploy/zkferry-worker.service', () => {
  it('is a unit that systemd takes', function () {
    const found = spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' });
    if (found.error !== undefined) {
      process.stderr.write('skipped: systemd-analyze is not there (Debian package systemd)\n');
      this.skip();
    }
    const { stdout, stderr, status } = spawnSync(
      'systemd-analyze',
      ['verify', '--man=no', join(root, 'deploy/zkferry-worker.service')],
      { encoding: 'utf8' },
    );
    const said = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('zkferry-worker.service'));
    // The program need not be installed where this is tested.
    assert.deepEqual(
      said.filter((line) => !line.includes('is not executable')),
      [],
    );
    assert.ok(status === 0 || said.length > 0, stderr);
  });

  it('is restarted always, as a user without rights, with more patience than the worker’s own', () => {
    const unit = read('deploy/zkferry-worker.service');
    for (const line of ['Restart=always', 'User=zkferry', 'NoNewPrivileges=yes', 'CapabilityBoundingSet='])
      assert.ok(unit.split('\n').includes(line), line);
    const grace = Number(/shutdownGraceTime: '(\d+)s'/.exec(read('src/worker.ts'))?.[1]);
    assert.ok(Number(/^TimeoutStopSec=(\d+)s$/m.exec(unit)?.[1]) > grace);
  });

  it('loads the credentials that the page on running it names', () => {
    const loaded = [...read('deploy/zkferry-worker.service').matchAll(/^#LoadCredential=([^:]+):/gm)].map(
      ([, id = '']) => id,
    );
    const page = readPage('docs/running.md').text;
    const folder = '/run/credentials/zkferry-worker.service/';
    const named = [...page.matchAll(/file:\/run\/credentials\/zkferry-worker\.service\/([\w.-]+)/g)].map(
      ([, id = '']) => id,
    );
    assert.ok(named.length > 0, `no file below ${folder} is named`);
    assert.deepEqual([...new Set(named)].sort(), loaded.sort());
  });
});

function exitCode(program: string, words: readonly string[]): Promise<number | null> {
  return new Promise((resolve) => {
    const child = execFile(program, words, () => resolve(child.exitCode));
  });
}

function stagesOf(path: string): string[] {
  return [...read(path).matchAll(/^FROM \S+ AS (\S+)$/gm)].map(([, name = '']) => name);
}

function lastUserOf(text: string, stage: string): string | undefined {
  const part = text.split(/^(?=FROM )/m).find((one) => new RegExp(`^FROM \\S+ AS ${stage}\\n`).test(one)) ?? '';
  return [...part.matchAll(/^USER (\S+)$/gm)].at(-1)?.[1];
}
