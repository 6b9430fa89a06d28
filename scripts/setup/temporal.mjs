import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from './cache-folder.mjs';
import { onPath, run } from './run.mjs';
import { say, SetupError, timed } from './say.mjs';
import { needTools } from './tools.mjs';

/** Newest release that `go install` accepts; later ones have a replace directive in their go.mod. */
const version = 'v1.5.1';
const downloadHost = 'https://temporal.download/';

/**
 * Makes sure that there is a Temporal server to talk to or a binary to start one with, in this order:
 * TEMPORAL_ADDRESS, `temporal` on PATH, the cache, the SDK's download, a build with Go.
 */
export async function setUpTemporal(root) {
  const folder = join(cacheFolder(), 'temporal');
  const binary = join(folder, 'temporal');
  if (process.env.TEMPORAL_ADDRESS || onPath('temporal') || existsSync(binary)) return;
  await mkdir(folder, { recursive: true });
  if (await download(root, folder, binary)) return;
  await needTools(['go'], `building the Temporal server ${version}`);
  await timed(`building the Temporal server ${version} with Go (3 to 5 minutes the first time)`, () =>
    build(folder, binary),
  );
}

async function download(root, folder, binary) {
  const reachable = await fetch(downloadHost, { method: 'HEAD', signal: AbortSignal.timeout(4_000) }).then(
    () => true,
    () => false,
  );
  if (!reachable) {
    say(`no Temporal server here, and ${downloadHost} does not answer`);
    return false;
  }
  const aside = join(folder, `download.${process.pid}`);
  try {
    await timed(`downloading the Temporal server ${version}`, () =>
      run(process.execPath, ['--input-type=module', '-e', downloadScript(aside)], {
        cwd: root,
        patienceMs: 180_000,
        everySecondsSay: 20,
      }),
    );
    const names = await readdir(aside);
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(aside, name))).size));
    const largest = names[sizes.indexOf(Math.max(...sizes))];
    await copyFile(join(aside, largest), `${aside}.binary`);
    await rename(`${aside}.binary`, binary);
    return true;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(`the download failed: ${error.message.split('\n').at(-1)}`);
    return false;
  } finally {
    await rm(aside, { recursive: true, force: true });
    await rm(`${aside}.binary`, { force: true });
  }
}

const downloadScript = (folder) => `
  import { mkdirSync } from 'node:fs';
  import { TestWorkflowEnvironment } from '@temporalio/testing';
  mkdirSync(${JSON.stringify(folder)}, { recursive: true });
  const executable = { type: 'cached-download', version: ${JSON.stringify(version)}, downloadDir: ${JSON.stringify(folder)} };
  const environment = await TestWorkflowEnvironment.createLocal({ server: { executable } });
  await environment.teardown();
  process.exit(0);
`;

async function build(folder, binary) {
  const aside = join(folder, `build.${process.pid}`);
  try {
    await run('go', ['install', `github.com/temporalio/cli/cmd/temporal@${version}`], {
      env: { GOBIN: aside },
      everySecondsSay: 20,
    });
    await rename(join(aside, 'temporal'), binary);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}
