import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** A TCP link that can be cut the silent way: nothing is reset, nothing arrives any more. */
export interface SeverableProxy {
  /** Connections stay open, new ones are taken, but no byte passes until it is mended. */
  sever(): void;
  /** Drops what was held up, with its connections, and lets new ones through. */
  mend(): void;
  close(): Promise<void>;
}

export async function startProxy(from: Endpoint, to: Endpoint): Promise<SeverableProxy> {
  const sockets = new Set<Socket>();
  let severed = false;
  const pass = (source: Socket, sink: Socket): void => {
    sockets.add(source);
    source.on('data', (data) => {
      if (!severed) sink.write(data);
    });
    source.on('error', () => undefined);
    source.on('close', () => {
      sockets.delete(source);
      if (!severed) sink.destroy();
    });
  };
  const server = createServer((client) => {
    const upstream = connect({ host: to.address, port: to.port });
    pass(client, upstream);
    pass(upstream, client);
  });
  server.listen({ host: from.address, port: from.port });
  await once(server, 'listening');
  const dropAll = (): void => {
    for (const socket of [...sockets]) socket.destroy();
  };
  return {
    sever() {
      severed = true;
    },
    mend() {
      dropAll();
      severed = false;
    },
    async close() {
      dropAll();
      server.close();
      await once(server, 'close');
    },
  };
}
