import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join, relative } from 'node:path';
import { run } from './run.mjs';
import { timed } from './say.mjs';

const folders = ['src', 'workflows', 'activities', 'lab', 'test'];
const settings = ['package.json', 'package-lock.json', 'tsconfig.json'];

/** Compiles when a source differs from what `dist/` was built of, and removes what no source stands for any more. */
export async function setUpBuild(root) {
  const dist = join(root, 'dist');
  const marker = join(dist, '.built-of');
  const state = fingerprint(root);
  if (existsSync(marker) && readFileSync(marker, 'utf8') === state) return;
  rmSync(marker, { force: true });
  removeOrphans(root, dist);
  await timed('npm run build', () => run('npm', ['run', 'build'], { cwd: root, everySecondsSay: 20 }));
  // Taken before the build: a source that changed meanwhile makes the next set-up build again.
  writeFileSync(marker, state);
}

function fingerprint(root) {
  const hash = createHash('sha256');
  for (const file of [...settings, ...folders.flatMap((folder) => sources(root, folder)).sort()]) {
    const { mtimeMs, size } = statSync(join(root, file));
    hash.update(`${file} ${mtimeMs} ${size}\n`);
  }
  return hash.digest('hex');
}

function sources(root, folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

/** A compiled test without its source would go on running. */
function removeOrphans(root, dist) {
  for (const folder of folders) {
    if (!existsSync(join(dist, folder))) continue;
    for (const name of readdirSync(join(dist, folder), { recursive: true })) {
      if (!name.endsWith('.js.map')) continue;
      const script = join(dist, folder, name.slice(0, -'.map'.length));
      const source = join(root, relative(dist, script)).replace(/\.js$/, '.ts');
      if (existsSync(source)) continue;
      rmSync(script, { force: true });
      rmSync(`${script}.map`, { force: true });
      rmSync(join(dist, '.tsbuildinfo'), { force: true });
    }
  }
}
