import { ownersOf } from './connection-owners.js';
import type { Direction, Link } from './link.js';
import { ServerProxy } from './server-proxy.js';

/** A silent cut between a host and servers. */
export interface PartitionOptions {
  /** A host of the lab, or `worker`: whatever runs on none of them. */
  readonly from: string;
  /** Names of servers. */
  readonly to: readonly string[];
  readonly direction?: Direction | 'both';
}

export interface Partition {
  /** What was held up arrives now. */
  heal(): void;
}

/** The wires between the lab's hosts and its ZooKeeper servers. */
export class Network {
  private readonly proxies: readonly ServerProxy[];
  private readonly partitions = new Set<PartitionOptions>();
  private readonly owners = new WeakMap<Link, string>();

  constructor(servers: readonly { readonly name: string; readonly outer: string; readonly inner: string }[]) {
    this.proxies = servers.map(
      ({ name, ...addresses }) => new ServerProxy(name, addresses, (link, proxy) => this.wire([[proxy, link]])),
    );
  }

  async listen(): Promise<void> {
    for (const proxy of this.proxies) await proxy.listen();
  }

  close(): void {
    for (const proxy of this.proxies) proxy.close();
  }

  partition(options: PartitionOptions): Partition {
    this.partitions.add(options);
    this.wireAll();
    return {
      heal: () => {
        if (this.partitions.delete(options)) this.wireAll();
      },
    };
  }

  private wireAll(): void {
    this.wire(this.proxies.flatMap((proxy) => [...proxy.links].map((link) => [proxy, link] as const)));
  }

  /** Lets through what is to pass. Nobody is looked for while there is no partition: that takes a while. */
  private wire(links: readonly (readonly [ServerProxy, Link])[]): void {
    const touched = links.filter(([proxy]) => [...this.partitions].some(({ to }) => to.includes(proxy.name)));
    const unknown = touched.filter(([, link]) => !this.owners.has(link));
    const found = unknown.length === 0 ? null : ownersOf(new Set(unknown.map(([, link]) => link.clientEnd)));
    for (const [, link] of unknown) this.owners.set(link, found?.get(link.clientEnd) ?? 'nobody');
    for (const [proxy, link] of links) link.setBlocked(this.blocked(proxy, link));
  }

  private blocked(proxy: ServerProxy, link: Link): Set<Direction> {
    const owner = this.owners.get(link);
    const cuts = [...this.partitions].filter(({ from, to }) => from === owner && to.includes(proxy.name));
    return new Set(
      cuts.flatMap(({ direction = 'both' }): Direction[] =>
        direction === 'both' ? ['to-server', 'to-client'] : [direction],
      ),
    );
  }
}
