import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Passes bytes between clients and a server until told otherwise. */
export class ZkProxy {
  /** `cut` refuses and hangs up, `deaf` drops what the server says. */
  mode: 'open' | 'cut' | 'deaf' = 'open';
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** @param upstream address of the server behind it, for connections to come; its port is the proxy's own */
  constructor(
    readonly address: string,
    readonly port: number,
    public upstream: string,
  ) {
    this.#server = createServer((client) => {
      if (this.mode === 'cut') return void client.destroy();
      const upstream = connect({ host: this.upstream, port });
      for (const [socket, other] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          this.#sockets.delete(socket);
          other.destroy();
        });
      }
      client.on('data', (data) => upstream.write(data));
      upstream.on('data', (data) => this.mode === 'deaf' || client.write(data));
    });
  }

  async listen(): Promise<void> {
    this.#server.listen(this.port, this.address);
    await once(this.#server, 'listening');
  }

  cut(): void {
    this.mode = 'cut';
    this.drop();
  }

  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.drop();
    this.#server.close();
  }
}
