export interface ZooCfgServer {
  readonly id: number;
  readonly address: string;
}

export interface ZooCfgOptions {
  /** Id of the server that the file is for. */
  readonly id: number;
  readonly servers: readonly ZooCfgServer[];
  readonly dataDir: string;
  readonly clientPort?: number;
  readonly quorumPort?: number;
  readonly electionPort?: number;
  readonly tickTimeMs?: number;
  /** More keys, or other values for the ones written here. */
  readonly extra?: Readonly<Record<string, string>>;
}

/** Text of `zoo.cfg` for a participant of one of the lab's own ensembles. */
export function zooCfg(options: ZooCfgOptions): string {
  const { id, servers, dataDir, clientPort = 2181, quorumPort = 2888, electionPort = 3888 } = options;
  const self = servers.find((server) => server.id === id);
  if (!self) throw new RangeError(`server ${id} is not among ${servers.map((server) => server.id).join(', ')}`);
  const keys: Record<string, string> = {
    tickTime: String(options.tickTimeMs ?? 2000),
    initLimit: '10',
    syncLimit: '5',
    dataDir,
    clientPort: String(clientPort),
    clientPortAddress: self.address,
    // An observer receives every client of a site: the default of 60 per address would refuse them.
    maxClientCnxns: '0',
    '4lw.commands.whitelist': '*',
    'admin.enableServer': 'false',
    ...options.extra,
  };
  for (const server of servers) keys[`server.${server.id}`] = `${server.address}:${quorumPort}:${electionPort}`;
  return Object.entries(keys)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}
