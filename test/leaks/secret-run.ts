import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import ssh2 from 'ssh2';
import { parse, stringify } from 'yaml';
import { startLab, type Lab } from '../../lab/lab.js';
import { startWorker, type WorkerProcess } from '../../lab/stage/worker-process.js';
import { startTemporal, type TemporalServer } from '../../lab/temporal.js';
import type { StrategyName } from '../../src/domain/config.js';
import type { MigrationStatus } from '../../src/domain/status.js';
import { HookListener } from './hook-listener.js';
import { SecretNet } from './net.js';
import { Operator } from './operator.js';
import { ProcessWatch } from './process-watch.js';

/** Every kind of secret, with every character that a place where it has to stand allows. */
export const DIGEST = 'mesos:Otter+37%25=Kelp~9xQ';
const PASSPHRASE = `Correct "horse" & <staple>\\ 'bättery' +%9`;
const MESOS_LOGIN = 'reader:Lynx"7<&>\\%2B~Quartz';
const HOOK_TOKEN = 'Token whk_Vole+81/x"=&77';
const HOOK_PATH = 'Marten-55-Sable';
/** None of them opens anything. */
export const WRONG_DIGEST = 'mesos:Beaver+48%25=Reed~1';
export const WRONG_PASSPHRASE = `wrong "stoat" & <lock>`;

export const CLUSTER = 'heron-q7';
/** Who approves: in all that a person reads, and in nothing that is encrypted. */
export const APPROVER = 'annabel-otterless';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** A live lab, a worker and a person with secrets of every kind, encrypted histories, hooks, and somebody who watches. */
export class SecretRun {
  readonly net = new SecretNet();
  readonly processes = new ProcessWatch(this.net);

  private constructor(
    readonly dir: string,
    readonly lab: Lab,
    readonly temporal: TemporalServer,
    readonly worker: WorkerProcess,
    readonly operator: Operator,
    readonly hooks: HookListener,
    readonly metrics: string,
    readonly codecEndpoint: string,
    private readonly undo: readonly (() => unknown)[],
  ) {}

  static async start(strategy: StrategyName): Promise<SecretRun> {
    // Sockets lie below it, and their paths must stay short.
    const dir = await mkdtemp(join(tmpdir(), 'zkferry-sec-'));
    const undo: (() => unknown)[] = [() => rm(dir, { recursive: true, force: true })];
    try {
      const credentials = { source: DIGEST, target: DIGEST };
      const options = { cluster: CLUSTER, strategy, agents: 2, credentials, passphrase: PASSPHRASE };
      const lab = await startLab({ ...options, dir: join(dir, 'lab') });
      undo.push(() => lab.stop());
      const hooks = await HookListener.start(dir, HOOK_PATH);
      undo.push(() => hooks.stop());
      const temporal = await startTemporal({ dir });
      undo.push(() => temporal.stop());
      const [metrics, codec] = [await freeAddress(), await freeAddress()];
      const payloadKey = randomBytes(32).toString('base64');
      const environment = {
        TEMPORAL_ADDRESS: temporal.address,
        ZKFERRY_PAYLOAD_KEYS: 'k1=env:ZKFERRY_LAB_PAYLOAD',
        ZKFERRY_LAB_PAYLOAD: payloadKey,
        ZKFERRY_SSH_PASSPHRASE: PASSPHRASE,
        ZKFERRY_MESOS: MESOS_LOGIN,
        ZKFERRY_HOOK_TOKEN: HOOK_TOKEN,
      };
      const hookSecrets = ['--hook-secrets', 'env:ZKFERRY_HOOK_TOKEN', `file:${join(dir, 'hook.url')}`];
      const command = [main, 'worker', '--log-level', 'debug', '--metrics', metrics, '--hook-commands', ...hookSecrets];
      const worker = await startWorker({ dir, temporal: temporal.address, command, environment });
      undo.push(() => worker.stop());
      const operator = new Operator(environment);
      undo.push(() => operator.stop());
      operator.stay('codec-server', '--listen', codec);
      const run = new SecretRun(
        ...([dir, lab, temporal, worker, operator, hooks, metrics, `http://${codec}`] as const),
        undo.toReversed(),
      );
      await run.#noteSecrets(payloadKey);
      await run.#writeConfigs(strategy);
      run.processes.start();
      return run;
    } catch (error) {
      for (const step of undo.toReversed()) await step();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.processes.stop();
    for (const step of this.undo) await step();
  }

  get config(): string {
    return join(this.dir, 'cluster.yaml');
  }

  /** The same cluster by another name and with another digest login. */
  get wrongConfig(): string {
    return join(this.dir, 'wrong.yaml');
  }

  file(name: string): string {
    return join(this.dir, name);
  }

  async status(): Promise<MigrationStatus> {
    const { code, stdout, stderr } = await this.operator.zkferry('status', CLUSTER, '--json');
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as MigrationStatus;
  }

  async until(wanted: (status: MigrationStatus) => boolean): Promise<MigrationStatus> {
    for (const end = Date.now() + 240_000; ; await delay(500)) {
      const status = await this.status();
      if (wanted(status)) return status;
      assert.ok(Date.now() < end, `the migration did not get there: ${JSON.stringify(status, null, 1)}`);
    }
  }

  async approve(gate: string): Promise<void> {
    const { planHash } = await this.until((s) => s.waitingFor?.what.includes(`gate ${gate} `) === true);
    const words = ['--gate', gate, '--plan-hash', planHash ?? '', '--by', APPROVER, '--note', 'seen by daylight'];
    const { code, stderr } = await this.operator.zkferry('approve', CLUSTER, ...words);
    assert.equal(code, 0, stderr);
  }

  async #noteSecrets(payloadKey: string): Promise<void> {
    const { net } = this;
    for (const [name, login] of Object.entries({
      'the digest login': DIGEST,
      'the wrong digest login': WRONG_DIGEST,
    })) {
      net.add(name, login);
      net.add(`the password of ${name}`, login.slice(login.indexOf(':') + 1));
    }
    net.add('the login at Mesos', MESOS_LOGIN);
    net.add('the password at Mesos', MESOS_LOGIN.slice(MESOS_LOGIN.indexOf(':') + 1));
    net.add('the passphrase', PASSPHRASE);
    net.add('the wrong passphrase', WRONG_PASSPHRASE);
    net.add('the hook’s token', HOOK_TOKEN);
    net.add('the hook’s path', HOOK_PATH);
    net.add('the payload key', payloadKey);
    net.add('the bytes of the payload key', Buffer.from(payloadKey, 'base64').toString('hex'));
    net.add('the publisher’s key', (await readFile(this.file('lab/credentials/publisher'), 'utf8')).trim());
    const key = await readFile(this.file('lab/ssh/id_ed25519'), 'utf8');
    net.addKey('the SSH key', key);
    const opened = ssh2.utils.parseKey(key, PASSPHRASE);
    assert.ok(!(opened instanceof Error));
    net.addKey('the SSH key without its passphrase', opened.getPrivatePEM());
  }

  /** The lab's own, with references of both kinds and a hook of each kind. */
  async #writeConfigs(strategy: StrategyName): Promise<void> {
    await writeFile(this.file('hook.url'), `${this.hooks.url}\n`, { mode: 0o600 });
    await writeFile(this.file('wrong.digest'), `${WRONG_DIGEST}\n`, { mode: 0o600 });
    const on = ['waiting', 'incident', 'before-window', 'window-opening', 'window-opened', 'done'];
    const config = parse(await readFile(this.lab.clusterFile, 'utf8')) as Record<string, Record<string, unknown>>;
    const whole = {
      ...config,
      ssh: { ...config['ssh'], passphrase: 'env:ZKFERRY_SSH_PASSPHRASE' },
      credentials: { ...config['credentials'], mesos: 'env:ZKFERRY_MESOS' },
      policy: {
        ...config['policy'],
        soak: '2s',
        // In the clear by nature: one strategy shows that nothing else is, the other what is in them.
        searchAttributes: strategy === 'dual-publishing',
        hooks: [
          { on, command: [this.hooks.command, '--for', CLUSTER] },
          { on, webhook: `file:${this.file('hook.url')}`, headers: { Authorization: 'env:ZKFERRY_HOOK_TOKEN' } },
        ],
      },
    };
    await writeFile(this.config, stringify(whole));
    const wrong = `file:${this.file('wrong.digest')}`;
    const credentials = { ...whole.credentials, source: wrong, target: wrong };
    await writeFile(this.wrongConfig, stringify({ ...whole, cluster: `${CLUSTER}-wrong`, credentials }));
  }
}

async function freeAddress(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `127.0.0.1:${String(port)}`;
}
