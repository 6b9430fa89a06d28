import { existsSync } from 'node:fs';
import { onPath, run } from './run.mjs';
import { say, SetupError, timed } from './say.mjs';

/** Debian package of each program that set-up may need. */
const packages = {
  java: 'default-jre-headless',
  mvn: 'maven',
  go: 'golang-go',
  'g++': 'g++',
  make: 'make',
  python3: 'python3',
};

/**
 * Makes sure that programs are on PATH: installs them where that is allowed and possible (root on
 * Debian or Ubuntu, no ZKFERRY_NO_INSTALL=1), else ends with one line that says what to do.
 */
export async function needTools(programs, why) {
  const missing = programs.filter((program) => !onPath(program));
  if (missing.length === 0) return;
  const names = missing.map((program) => packages[program]);
  const remedy = `apt-get install ${names.join(' ')}`;
  const may = process.getuid?.() === 0 && existsSync('/etc/debian_version') && process.env.ZKFERRY_NO_INSTALL !== '1';
  if (!may) throw new SetupError(`${why} needs ${missing.join(', ')}, not on PATH; install with: ${remedy}`);
  say(`${why} needs ${missing.join(', ')}, not on PATH`);
  await timed(remedy, async () => {
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    await run('apt-get', ['update'], { env });
    await run('apt-get', ['install', '-y', '--no-install-recommends', ...names], { env, everySecondsSay: 20 });
  });
  const still = missing.filter((program) => !onPath(program));
  if (still.length > 0) throw new SetupError(`${still.join(', ')} still missing after ${remedy}`);
}
