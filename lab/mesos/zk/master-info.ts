/** Body of a contender's znode, as masters since 0.24 write it (include/mesos/mesos.proto). */
export interface MasterInfo {
  readonly id: string;
  /** The four bytes of the address in network order, read as a little-endian uint32. */
  readonly ip: number;
  readonly port: number;
  readonly pid?: string;
  readonly hostname?: string;
  readonly version?: string;
  readonly address?: { readonly ip?: string; readonly hostname?: string; readonly port: number };
  readonly domain?: unknown;
  readonly capabilities?: readonly { readonly type: string }[];
}

export interface MasterInfoOptions {
  readonly ip: string;
  readonly port: number;
  readonly hostname: string;
  /** Fresh per start of the process. */
  readonly id: string;
  readonly version: string;
}

/** What a master of release 1.9 or later says of itself, with the keys in the order of its JSON. */
export function masterInfo({ ip, port, hostname, id, version }: MasterInfoOptions): MasterInfo {
  return {
    address: { hostname, ip, port },
    capabilities: [{ type: 'AGENT_UPDATE' }, { type: 'AGENT_DRAINING' }, { type: 'QUOTA_V2' }],
    hostname,
    id,
    ip: ipNumber(ip),
    pid: `master@${ip}:${port}`,
    port,
    version,
  };
}

/** 10.0.0.1 → 16777226. */
export function ipNumber(ip: string): number {
  return Buffer.from(ip.split('.').map(Number)).readUInt32LE();
}

/** 16777226 → 10.0.0.1. */
export function ipText(ip: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(ip);
  return [...bytes].join('.');
}

/** Whether two describe one master: the fields that Mesos compares (src/common/type_utils.cpp). */
export function sameMaster(a: MasterInfo | null, b: MasterInfo | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.id === b.id &&
    a.ip === b.ip &&
    a.port === b.port &&
    a.pid === b.pid &&
    a.hostname === b.hostname &&
    a.version === b.version &&
    JSON.stringify(a.domain) === JSON.stringify(b.domain)
  );
}
