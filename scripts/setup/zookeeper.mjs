import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from './cache-folder.mjs';
import { run } from './run.mjs';
import { SetupError, timed } from './say.mjs';
import { needTools } from './tools.mjs';

/** Makes sure that the jars of a ZooKeeper version lie in the cache; `default` names the default one. */
export async function setUpZookeeper(root, wanted) {
  await needTools(['java'], 'ZooKeeper');
  const {
    default: usual,
    versions,
    groups,
  } = JSON.parse(await readFile(join(root, 'lab/zookeeper/versions.json'), 'utf8'));
  const version = wanted === 'default' ? usual : wanted;
  if (!Object.hasOwn(versions, version)) {
    throw new SetupError(`ZooKeeper ${version} is not offered; choose one of ${Object.keys(versions).join(', ')}`);
  }
  const folder = join(cacheFolder(), 'zookeeper', version);
  if (existsSync(join(folder, 'complete'))) return;
  await needTools(['mvn'], `fetching ZooKeeper ${version}`);
  const jars = versions[version].flatMap((jar) => groups[jar] ?? [jar]);
  await timed(`fetching ZooKeeper ${version} (${jars.length} jars, with Maven)`, () => fetchJars(root, folder, jars));
}

async function fetchJars(root, folder, jars) {
  // Fetched aside and renamed, so that a folder under its real name is complete, whoever else fetches it now.
  const aside = `${folder}.${process.pid}`;
  try {
    await mkdir(aside, { recursive: true });
    const template = await readFile(join(root, 'lab/zookeeper/pom.xml'), 'utf8');
    await writeFile(join(aside, 'pom.xml'), template.replace('@DEPENDENCIES@', jars.map(dependency).join('\n    ')));
    await run('mvn', ['-B', '-q', 'dependency:copy-dependencies', '-DoutputDirectory=.'], { cwd: aside });
    await writeFile(join(aside, 'complete'), `${jars.join('\n')}\n`);
    await rename(aside, folder).catch((error) => {
      if (!existsSync(join(folder, 'complete'))) throw error;
    });
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

/** `group:artifact:version` without what it depends on: versions.json names every jar. */
function dependency(jar) {
  const [group, artifact, version] = jar.split(':');
  const all = '<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>';
  return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version>${all}</dependency>`;
}
