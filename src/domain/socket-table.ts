export interface SocketAddress {
  /** IPv4 dotted, or IPv6 in eight groups; an IPv4 address mapped into IPv6 is given as IPv4. */
  readonly ip: string;
  readonly port: number;
}

/**
 * Reads an address of `/proc/net/tcp` or `tcp6`: words of four bytes in the byte order of the
 * machine, here little-endian, then the port in big-endian hex (Linux `net/ipv4/tcp_ipv4.c`).
 */
export function parseSocketAddress(text: string): SocketAddress {
  const [hex = '', port = ''] = text.split(':');
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => (word.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16)));
  return { ip: bytes.length === 4 ? bytes.join('.') : ipv6(bytes), port: Number.parseInt(port, 16) };
}

function ipv6(bytes: readonly number[]): string {
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  if (mapped) return bytes.slice(12).join('.');
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16),
  );
  return groups.join(':');
}

export function sameSocketAddress(a: SocketAddress, b: SocketAddress): boolean {
  return a.port === b.port && a.ip === b.ip;
}
