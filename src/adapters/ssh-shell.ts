import { readFile } from 'node:fs/promises';
import ssh2 from 'ssh2';
import type { Client as SshClient, ClientChannel } from 'ssh2';
import type { HostConfig, SshConfig } from '../domain/config.js';
import { HostKeyError, HostUnreachableError, LoginRefusedError, UnknownOutcomeError } from '../domain/host-errors.js';
import { shq } from '../domain/shell-quote.js';
import type { HostScript, HostShell, ScriptResult } from '../ports/host-shell.js';
import { fingerprint, pinnedKeys } from './known-hosts.js';

/** The whole remote command: a constant, so no data ever reaches a shell unquoted or a process list. */
const ATTACHED = 'exec /bin/sh -s';

/** Runs the script of folder `$1`, then waits for its results to be fetched before it cleans up. */
const WORKER = [
  'cd / && /bin/sh "$1/script" > "$1/out" 2> "$1/err"; echo $? > "$1/rc.new"; mv "$1/rc.new" "$1/rc"',
  'n=0; while [ -d "$1" ] && [ $n -lt 50 ]; do sleep 0.1; n=$((n+1)); done; rm -rf "$1"',
].join('\n');

/**
 * Keeps the script in a private folder, runs it in a session of its own and prints what it printed.
 * When the link drops, sshd hangs this shell up; the script goes on and cleans up after itself.
 */
const DETACHED = `exec /bin/sh -c ${shq(
  [
    'umask 077; d=$(mktemp -d "${TMPDIR:-/tmp}/zkferry.XXXXXX") || exit 70; cat > "$d/script" || exit 70',
    `setsid /bin/sh -c ${shq(WORKER)} zkferry "$d" < /dev/null > /dev/null 2>&1 &`,
    'while [ ! -f "$d/rc" ]; do sleep 0.05; done; cat "$d/err" >&2; cat "$d/out"; r=$(cat "$d/rc"); rm -rf "$d"; exit "$r"',
  ].join('\n'),
)}`;

const READY_TIMEOUT_MS = 8_000;
const KEEPALIVE_MS = 2_000;
/** A connection is kept this long for the next script on the same host. */
const IDLE_MS = 5_000;

interface Link {
  readonly client: SshClient;
  users: number;
  idle: NodeJS.Timeout | null;
}

/** `HostShell` over ssh2: pinned host keys, one connection per host, an unknown outcome said as such. */
export class SshShell implements HostShell {
  readonly #links = new Map<string, Promise<Link>>();

  /** @param secrets resolves references to keys' passphrases */
  constructor(private readonly secrets: (reference: string | null) => Promise<string | null>) {}

  async run(host: HostConfig, ssh: SshConfig, script: HostScript, signal: AbortSignal): Promise<ScriptResult> {
    signal.throwIfAborted();
    const link = await this.#link(host, ssh, signal);
    link.users += 1;
    if (link.idle) clearTimeout(link.idle);
    link.idle = null;
    try {
      return await execute(link.client, host, ssh.sudo, script, signal);
    } finally {
      link.users -= 1;
      if (link.users === 0) link.idle = setTimeout(() => link.client.end(), IDLE_MS).unref();
    }
  }

  /** Closes every connection; scripts under way end as unknown. */
  close(): void {
    for (const link of this.#links.values()) void link.then(({ client }) => client.end()).catch(() => undefined);
    this.#links.clear();
  }

  async #link(host: HostConfig, ssh: SshConfig, signal: AbortSignal): Promise<Link> {
    const key = [host.sshUser, host.address, host.sshPort, ssh.identity, ssh.knownHosts].join(' ');
    const existing = this.#links.get(key);
    if (existing) return existing;
    const opening = this.#open(host, ssh, signal, () => {
      if (this.#links.get(key) === opening) this.#links.delete(key);
    });
    this.#links.set(key, opening);
    try {
      return await opening;
    } catch (error) {
      if (this.#links.get(key) === opening) this.#links.delete(key);
      throw error;
    }
  }

  async #open(host: HostConfig, ssh: SshConfig, signal: AbortSignal, onGone: () => void): Promise<Link> {
    const [knownHosts, privateKey, passphrase] = await Promise.all([
      readFile(ssh.knownHosts, 'utf8').catch(() => ''),
      ssh.identity.startsWith('file:') ? readFile(ssh.identity.slice('file:'.length)) : null,
      this.secrets(ssh.passphrase),
    ]);
    const keys = pinnedKeys(knownHosts, host.address, host.sshPort);
    const client = new ssh2.Client();
    let refusedKey: HostKeyError | null = null;
    return new Promise<Link>((resolve, reject) => {
      const abort = () => {
        client.destroy();
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', abort, { once: true });
      client.on('ready', () => {
        signal.removeEventListener('abort', abort);
        resolve({ client, users: 0, idle: null });
      });
      client.on('error', (error: Error & { level?: string }) => {
        signal.removeEventListener('abort', abort);
        onGone();
        if (refusedKey) reject(refusedKey);
        else if (error.level === 'client-authentication') reject(new LoginRefusedError(host, error.message));
        else reject(new HostUnreachableError(host, error.message));
      });
      client.on('close', () => {
        onGone();
        reject(new HostUnreachableError(host, 'the connection was closed'));
      });
      client.connect({
        host: host.address,
        port: host.sshPort,
        username: host.sshUser,
        ...(privateKey ? { privateKey } : { agent: process.env['SSH_AUTH_SOCK'] ?? '' }),
        ...(passphrase === null ? {} : { passphrase }),
        readyTimeout: READY_TIMEOUT_MS,
        keepaliveInterval: KEEPALIVE_MS,
        keepaliveCountMax: 3,
        // Ask for the kind of key that is pinned: a host usually has several.
        ...(keys.length > 0 ? { algorithms: { serverHostKey: keyAlgorithms(keys) } } : {}),
        hostVerifier: (key: Buffer) => {
          if (keys.some((pinned) => pinned.equals(key))) return true;
          refusedKey = new HostKeyError(host, ssh.knownHosts, fingerprint(key), keys.length > 0);
          return false;
        },
      });
    });
  }
}

/** Signature algorithms for the pinned keys' types, which the key blobs begin with. */
function keyAlgorithms(keys: readonly Buffer[]): ssh2.ServerHostKeyAlgorithm[] {
  const types = keys.map((key) => key.subarray(4, 4 + key.readUInt32BE(0)).toString('latin1'));
  return [
    ...new Set(types.flatMap((type) => (type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'] : [type]))),
  ] as ssh2.ServerHostKeyAlgorithm[];
}

function execute(
  client: SshClient,
  host: HostConfig,
  sudo: boolean,
  script: HostScript,
  signal: AbortSignal,
): Promise<ScriptResult> {
  const command = script.detached ? DETACHED : ATTACHED;
  return new Promise<ScriptResult>((resolve, reject) => {
    let channel: ClientChannel | null = null;
    let settled = false;
    const settle = (act: () => void) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      client.off('close', gone);
      act();
    };
    const unknown = (reason: string) =>
      settle(() => {
        channel?.close();
        reject(new UnknownOutcomeError(host, script.name, reason));
      });
    const gone = () => unknown('the ssh connection was lost');
    const abort = () =>
      settle(() => {
        channel?.close();
        reject(signal.reason as Error);
      });
    const timer = setTimeout(() => unknown(`no end within ${String(script.timeoutMs)} ms`), script.timeoutMs);
    signal.addEventListener('abort', abort, { once: true });
    client.once('close', gone);
    const started = (error: Error | undefined, stream: ClientChannel) => {
      if (error) {
        settle(() => reject(new HostUnreachableError(host, error.message)));
        return;
      }
      channel = stream;
      let stdout = '';
      let stderr = '';
      let exitCode: number | null = null;
      stream.setEncoding('utf8');
      stream.stderr.setEncoding('utf8');
      stream.on('data', (text: string) => (stdout += text));
      stream.stderr.on('data', (text: string) => (stderr += text));
      // A null code means a signal, or a link that was lost: unknown either way.
      stream.on('exit', (code: number | null) => (exitCode = code));
      stream.on('close', () => {
        const code = exitCode;
        if (code === null) unknown('it ended without an exit code');
        else settle(() => resolve({ exitCode: code, stdout, stderr }));
      });
      stream.on('error', (cause: Error) => unknown(cause.message));
      stream.end(script.text);
    };
    client.exec(sudo ? `sudo -n -- ${command.replace(/^exec /, '')}` : command, started);
  });
}
