import { readFile } from 'node:fs/promises';
import ssh2 from 'ssh2';
import type { Client as SshClient, ClientChannel, ConnectConfig, PublicKeyAuthMethod } from 'ssh2';
import type { HostConfig, SshConfig } from '../domain/config.js';
import { FerryError } from '../domain/errors.js';
import { HostKeyError, HostUnreachableError, LoginRefusedError, UnknownOutcomeError } from '../domain/host-errors.js';
import { shq } from '../domain/shell-quote.js';
import type { HostScript, HostShell, ScriptResult } from '../ports/host-shell.js';
import { fingerprint, pinnedKeys } from './known-hosts.js';
import { PrivateKeys } from './private-keys.js';

/** Last line of every script as it is sent: one that was cut off on its way is not run. */
const END = '#zkferry-end';
const CUT_OFF = 65;

/**
 * The whole remote command: a constant, so no data ever reaches a shell unquoted or a process list.
 * `eval` is a builtin; a shell that read the script line by line would run the first half of a cut one.
 */
const ATTACHED = `exec /bin/sh -c ${shq(`s=$(cat); case $s in *"${END}") eval "$s";; *) exit ${String(CUT_OFF)};; esac`)}`;

/**
 * Keeps the script in a private folder, runs it in a session of its own and prints what it printed.
 * When the link drops, sshd may hang this shell up: it ignores that, and so stays to clean up after
 * the script. The script's file, which may hold a password, goes as soon as it runs (`STARTED`).
 */
const DETACHED = `exec /bin/sh -c ${shq(
  [
    'umask 077; d=$(mktemp -d "${TMPDIR:-/tmp}/zkferry.XXXXXX") || exit 70; trap "" HUP PIPE',
    'cat > "$d/script" || { rm -rf "$d"; exit 70; }',
    `[ "$(tail -n 1 "$d/script")" = "${END}" ] || { rm -rf "$d"; exit ${String(CUT_OFF)}; }`,
    '(trap - HUP PIPE; cd / && exec setsid /bin/sh "$d/script" < /dev/null > "$d/out" 2> "$d/err") &',
    'wait $!; r=$?; cat "$d/err" >&2; cat "$d/out"; rm -rf "$d"; exit "$r"',
  ].join('\n'),
)}`;

/** First line of a detached script. */
const STARTED = 'rm -f "$0"';

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
  readonly #keys = new PrivateKeys();

  /** @param secrets resolves references to keys' passphrases */
  constructor(private readonly secrets: (reference: string | null) => Promise<string | null>) {}

  async run(host: HostConfig, ssh: SshConfig, script: HostScript, signal: AbortSignal): Promise<ScriptResult> {
    signal.throwIfAborted();
    const key = [host.sshUser, host.address, host.sshPort, ssh.identity, ssh.knownHosts].join(' ');
    for (;;) {
      const kept = this.#links.get(key);
      const link = await this.#link(key, kept, { host, ssh, signal });
      if (link === null) continue;
      const mayBeStale = kept !== undefined && link.users === 0;
      link.users += 1;
      if (link.idle) clearTimeout(link.idle);
      link.idle = null;
      try {
        const result = await execute(link.client, host, ssh.sudo, script, signal);
        if (result.exitCode !== CUT_OFF) return result;
        throw new HostUnreachableError(host, `${script.name} did not arrive in one piece, so nothing was run`);
      } catch (error) {
        // A connection may have died while nobody used it; a fresh one tells whether the host is there.
        if (!(error instanceof HostUnreachableError) || !mayBeStale) throw error;
        this.#forget(key, kept);
        link.client.end();
      } finally {
        link.users -= 1;
        if (link.users === 0) link.idle = setTimeout(() => this.#end(key, link), IDLE_MS).unref();
      }
    }
  }

  /** Closes every connection; scripts under way end as unknown. */
  close(): void {
    for (const link of this.#links.values()) void link.then(({ client }) => client.end()).catch(() => undefined);
    this.#links.clear();
  }

  /** The connection that is kept, or a new one; null = the one who was opening it gave up, so ask again. */
  async #link(
    key: string,
    kept: Promise<Link> | undefined,
    to: { readonly host: HostConfig; readonly ssh: SshConfig; readonly signal: AbortSignal },
  ): Promise<Link | null> {
    const gone = () => this.#forget(key, opening);
    const opening = kept ?? this.#open(to.host, to.ssh, to.signal, () => gone());
    if (kept === undefined) this.#links.set(key, opening);
    try {
      return await opening;
    } catch (error) {
      this.#forget(key, opening);
      to.signal.throwIfAborted();
      if (kept !== undefined && !(error instanceof FerryError)) return null;
      throw error;
    }
  }

  #forget(key: string, link: Promise<Link> | undefined): void {
    if (this.#links.get(key) === link) this.#links.delete(key);
  }

  #end(key: string, link: Link): void {
    const kept = this.#links.get(key);
    // What is kept by now may be another connection, still being opened; its failure is told to whoever opens it.
    void kept?.then(
      (current) => {
        if (current === link) this.#forget(key, kept);
      },
      () => undefined,
    );
    link.client.end();
  }

  async #open(host: HostConfig, ssh: SshConfig, signal: AbortSignal, onGone: () => void): Promise<Link> {
    const knownHosts = await readFile(ssh.knownHosts, 'utf8').catch(() => '');
    const login = await this.#login(host, ssh);
    signal.throwIfAborted();
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
        else if (error.level === 'client-authentication' || error.level === 'agent')
          reject(new LoginRefusedError(host, error.message));
        else if (/no matching host key/i.test(error.message))
          reject(new HostKeyError(host, ssh.knownHosts, 'of another type', true));
        else reject(new HostUnreachableError(host, error.message));
      });
      client.on('close', () => {
        signal.removeEventListener('abort', abort);
        onGone();
        reject(new HostUnreachableError(host, 'the connection was closed'));
      });
      client.connect({
        host: host.address,
        port: host.sshPort,
        username: host.sshUser,
        ...login,
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

  /** @throws LoginRefusedError when there is no key to offer. */
  async #login(host: HostConfig, ssh: SshConfig): Promise<Pick<ConnectConfig, 'agent' | 'authHandler'>> {
    if (!ssh.identity.startsWith('file:')) {
      const agent = process.env['SSH_AUTH_SOCK'] ?? '';
      if (agent === '') throw new LoginRefusedError(host, 'no ssh agent runs here (SSH_AUTH_SOCK is not set)');
      return { agent };
    }
    const file = ssh.identity.slice('file:'.length);
    const passphrase = await this.secrets(ssh.passphrase);
    const text = await readFile(file).catch((error: NodeJS.ErrnoException) => {
      throw new LoginRefusedError(host, `${file} cannot be read (${error.code ?? 'unknown error'})`);
    });
    const key = this.#keys.parse(text, passphrase);
    if (key === null) {
      throw new LoginRefusedError(host, `${file} holds no private key, or its passphrase is another one`);
    }
    const offer: PublicKeyAuthMethod = { type: 'publickey', username: host.sshUser, key };
    return { authHandler: [offer] };
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
    let sent = false;
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
    // Without the script's last line nothing runs.
    const nothingRan = (reason: string) => {
      settle(() => {
        channel?.close();
        reject(new HostUnreachableError(host, reason));
      });
    };
    const gone = () => {
      (sent ? unknown : nothingRan)('the ssh connection was lost');
    };
    const abort = () =>
      settle(() => {
        channel?.close();
        reject(signal.reason as Error);
      });
    const timer = setTimeout(() => {
      (sent ? unknown : nothingRan)(`no end within ${String(script.timeoutMs)} ms`);
    }, script.timeoutMs);
    signal.addEventListener('abort', abort, { once: true });
    client.once('close', gone);
    const started = (error: Error | undefined, stream: ClientChannel) => {
      if (error) {
        nothingRan(error.message);
        return;
      }
      channel = stream;
      if (settled) {
        stream.close();
        return;
      }
      sent = true;
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
      stream.end(`${script.detached ? `${STARTED}\n` : ''}${script.text.trimEnd()}\n${END}\n`);
    };
    try {
      client.exec(sudo ? `sudo -n -- ${command.replace(/^exec /, '')}` : command, started);
    } catch (error) {
      nothingRan((error as Error).message);
    }
  });
}
