import { timingSafeEqual } from 'node:crypto';
import { createServer, type Server as TcpServer, type Socket } from 'node:net';
import ssh2, { type AuthContext, type Connection, type ParsedKey } from 'ssh2';
import { CommandFaults } from './command-faults.js';
import { operator, runSshCommand } from './ssh-command.js';

export { operator } from './ssh-command.js';

export interface SshServerOptions {
  readonly address: string;
  readonly port: number;
  /** The host's private key, OpenSSH format. */
  readonly hostKey: string;
  /** The operator's public key, OpenSSH format. */
  readonly authorizedKey: string;
  /** The host's root: working directory of commands, and its `usr/bin` and `usr/sbin` come first on their PATH. */
  readonly root: string;
}

/**
 * A host's SSH server: public keys only, commands run by `/bin/sh -c` with real streams.
 *
 * When a channel or connection goes, the command's process group gets SIGHUP; what has called
 * `setsid` goes on. There is no terminal, no SFTP, no forwarding.
 */
export class SshServer {
  readonly faults = new CommandFaults();
  private listener: TcpServer | null = null;
  private readonly sockets = new Set<Socket>();
  private readonly authorized: ParsedKey;
  private refusing = false;
  private hanging = false;

  constructor(private readonly options: SshServerOptions) {
    const key = ssh2.utils.parseKey(options.authorizedKey);
    if (key instanceof Error) throw key;
    this.authorized = key;
  }

  async up(): Promise<void> {
    if (this.listener !== null) return;
    const listener = createServer((socket) => {
      this.accept(socket);
    });
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject);
      listener.listen(this.options.port, this.options.address, resolve);
    });
    this.listener = listener;
  }

  /** Refuses connections and drops those that are there; their commands get SIGHUP. */
  async down(): Promise<void> {
    const listener = this.listener;
    this.listener = null;
    this.dropConnections();
    if (listener !== null)
      await new Promise<void>((resolve) =>
        listener.close(() => {
          resolve();
        }),
      );
  }

  /** Cuts every connection; new ones are welcome. */
  dropConnections(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  refuseLogins(refuse: boolean): void {
    this.refusing = refuse;
  }

  /** Takes TCP connections and never answers; reads nothing more from those that are there. */
  hang(hang: boolean): void {
    this.hanging = hang;
    if (hang) for (const socket of this.sockets) socket.pause();
    else this.dropConnections();
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.sockets.delete(socket));
    if (this.hanging) return;
    // one ssh2 server per connection: it keeps no state between them, and injected sockets never pile up in it
    const server = new ssh2.Server({ hostKeys: [this.options.hostKey], ident: 'zkferry-lab' }, (connection) => {
      this.serve(connection, () => socket.destroy());
    });
    server.injectSocket(socket);
  }

  private serve(connection: Connection, cut: () => void): void {
    const { root } = this.options;
    connection.on('error', () => undefined);
    connection.on('authentication', (context) => {
      if (this.permits(context)) context.accept();
      else context.reject(['publickey']);
    });
    connection.on('session', (accept) => {
      const session = accept();
      session.on('env', (acceptEnv) => (acceptEnv as (() => void) | undefined)?.());
      session.on('exec', (acceptExec, _reject, { command }) => {
        runSshCommand({ connection, cut, channel: acceptExec(), args: ['-c', command] }, root, this.faults);
      });
      session.on('shell', (acceptShell) => {
        runSshCommand({ connection, cut, channel: acceptShell(), args: [] }, root, this.faults);
      });
    });
  }

  private permits(context: AuthContext): boolean {
    if (this.refusing || context.username !== operator || context.method !== 'publickey') return false;
    const expected = this.authorized.getPublicSSH();
    if (context.key.data.length !== expected.length || !timingSafeEqual(context.key.data, expected)) return false;
    // without a signature the client only asks whether the key would do
    if (context.signature === undefined || context.blob === undefined) return true;
    return this.authorized.verify(context.blob, context.signature, context.hashAlgo) === true;
  }
}
