import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { Link } from './link.js';

/** Ports of a ZooKeeper server: clients, quorum, election. */
const ports = [2181, 2888, 3888] as const;

/**
 * Stands where a ZooKeeper server is said to listen and passes on to where it does. Who connects is let through, or
 * not, by `admit`; a connection counts as established before the server took it, which is all that tells the proxy
 * from a wire.
 */
export class ServerProxy {
  readonly links = new Set<Link>();
  private readonly listeners: Server[] = [];

  constructor(
    readonly name: string,
    /** Where it stands, and where the server itself listens, at the same ports. */
    private readonly addresses: { readonly outer: string; readonly inner: string },
    private readonly admit: (link: Link, proxy: ServerProxy) => void,
  ) {}

  async listen(): Promise<void> {
    const { outer, inner } = this.addresses;
    for (const port of ports) {
      const listener = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
        const link: Link = new Link(
          client,
          { address: inner, port },
          (serverEnd) => this.clientEndOf(serverEnd),
          () => this.links.delete(link),
        );
        this.links.add(link);
        this.admit(link, this);
      });
      listener.listen(port, outer);
      await once(listener, 'listening');
      this.listeners.push(listener);
    }
  }

  close(): void {
    for (const listener of this.listeners) listener.close();
    for (const link of [...this.links]) link.destroy();
  }

  private clientEndOf(serverEnd: string): string | null {
    for (const link of this.links) if (link.serverEnd === serverEnd) return link.clientEnd;
    return null;
  }
}
