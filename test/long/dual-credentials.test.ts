import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { readOwner } from '../../activities/publishing/owner-znode.js';
import { publisherKey } from '../../activities/publishing/publisher-key.js';
import { ZookeeperStore } from '../../src/adapters/zookeeper-store.js';
import { resolveSecret } from '../../src/config/credentials.js';
import { loadConfig } from '../../src/config/load-config.js';
import type { ClusterConfig } from '../../src/domain/config.js';
import type { ZnodeSession } from '../../src/ports/znode-store.js';
import { temporalBinary } from '../../lab/temporal.js';
import { DualLab } from '../e2e/dual-lab.js';
import { run } from './zkferry-cli.js';

const PASSWORD = 'a-password-that-nobody-should-see';

/** `zk://user:password@…` on both ensembles: mirrors as protected as their originals, secrets nowhere. */
describe('dual publishing with credentials', function () {
  this.timeout(300_000);
  let lab: DualLab;
  const secrets = new Set<string>([PASSWORD]);
  /** ACLs of mirrors as a reader saw them, over and over. */
  const seen = new Map<string, number>();
  const arguments_ = new Set<string>();

  before(async () => {
    const login = `mesos:${PASSWORD}`;
    lab = await DualLab.start({ agents: 2, credentials: { source: login, target: login } });
  });
  after(() => lab?.stop());

  it('arrives, while its mirrors have the ACLs of their originals whenever a reader sees them', async () => {
    const stop = new AbortController();
    const reading = Promise.all([readMirrors(stop.signal), readArguments(stop.signal)]);
    const migration = await lab.atCutOver();
    await noteSecrets();
    const originals = new Set(await lab.inEnsemble('source', aclsOf));
    const old = await lab.leader();
    process.kill(lab.stage.lab.host(old).mainPid('mesos-master') ?? 0, 'SIGKILL');
    await lab.agentsFollow(await lab.leader(old));
    await migration.approve('cut-over', 'ann', { patienceMs: 120_000 });
    await lab.completes(migration);
    stop.abort();
    await reading;
    assert.equal(originals.size, 1, 'every master protects its contender in the same way');
    assert.deepEqual([...seen.keys()], [...originals]);
    const looks = [...seen.values()].reduce((a, b) => a + b, 0);
    assert.ok(looks > 100, `${String(looks)} looks`);
  });

  it('shows no password, session password or key in histories, logs or arguments', async () => {
    assert.ok(secrets.size >= 5, `${String(secrets.size)} secrets are looked for`);
    const places: [string, string][] = [
      ['arguments of processes', [...arguments_].join('\n')],
      ['the log of the worker', await readFile(lab.stage.worker.logFile, 'utf8')],
    ];
    for (const workflowId of await workflows()) {
      const shown = await run(temporalBinary(), [
        ...['workflow', 'show', '--workflow-id', workflowId, '--output', 'json'],
        ...['--address', lab.stage.temporal.address],
      ]);
      assert.equal(shown.code, 0, shown.stderr);
      places.push([`the history of ${workflowId}`, shown.stdout]);
      places.push([`the payloads of ${workflowId}`, decoded(shown.stdout)]);
    }
    assert.ok(places.length > 6, 'the histories of the children are among them');
    for (const [place, text] of places) {
      assert.ok(text.length > 0, `${place} is empty`);
      for (const secret of secrets) assert.ok(!text.includes(secret), `${place} shows a secret`);
    }
  });

  it('never had two leading masters and lost nothing, as the watchers saw it', async () => {
    await lab.judged();
  });

  /** Everything that logs in somewhere: sessions, keys, identities, and what is sealed. */
  async function noteSecrets(): Promise<void> {
    const loaded = await loadConfig(lab.stage.lab.clusterFile);
    assert.ok(loaded.ok);
    const config: ClusterConfig = loaded.config;
    const key = await publisherKey({ secrets: resolveSecret }, config);
    secrets.add((await resolveSecret(config.credentials.publisher)) ?? '');
    secrets.add(key.identity.slice(key.identity.indexOf(':') + 1));
    const store = new ZookeeperStore();
    const options = { credentials: null, moreCredentials: [key.identity], timeoutMs: 10_000 };
    const session = await store.connect(config.target.servers, options, new AbortController().signal);
    try {
      const owner = await readOwner({ secrets: resolveSecret }, config, session);
      assert.ok(owner?.session);
      secrets.add(owner.session.password);
      secrets.add(owner.session.id);
    } finally {
      await session.close();
    }
  }

  /** Of every contender that stands, in one order, so that they can be compared. */
  async function aclsOf(session: ZnodeSession): Promise<string[]> {
    const path = lab.stage.lab.json.electionPath;
    const names = ((await session.children(path)) ?? []).filter((name) => name !== 'log_replicas');
    const acls = await Promise.all(names.map((name) => session.acl(`${path}/${name}`)));
    // One may go in between.
    return acls.flatMap((acl) =>
      acl === null ? [] : [JSON.stringify(acl.map((entry) => JSON.stringify(entry)).sort())],
    );
  }

  async function readMirrors(signal: AbortSignal): Promise<void> {
    await lab.inEnsemble('target', async (target) => {
      while (!signal.aborted) {
        for (const acl of await aclsOf(target)) seen.set(acl, (seen.get(acl) ?? 0) + 1);
        await delay(5);
      }
    });
  }

  async function readArguments(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
        const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
        // Mesos itself takes its URL, password and all, as an argument; that is the cluster's own affair.
        if (!/mesos\/(master|agent|framework)-main\.js|mesos-init-wrapper/.test(words)) arguments_.add(words);
      }
      await delay(50);
    }
  }

  async function workflows(): Promise<string[]> {
    const ids: string[] = [];
    for await (const { workflowId } of lab.stage.client.workflow.list()) ids.push(workflowId);
    return ids;
  }
});

/** The payloads of a history, as they are before they are shown. */
function decoded(history: string): string {
  return [...history.matchAll(/"data":\s*"([A-Za-z0-9+/=]+)"/g)]
    .map(([, data = '']) => Buffer.from(data, 'base64').toString('utf8'))
    .concat('end')
    .join('\n');
}
