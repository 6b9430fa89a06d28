export type Rewriter = (answer: Buffer) => Buffer;

/**
 * How the answer to a connection's first bytes is to be rewritten: `cons` and `stat` list the server's clients by the
 * ends of their connections, which through a proxy are the proxy's. Null for all else: it passes as it comes.
 *
 * @param nameOf the client's own end for an end that the server sees, `ip:port`; null = it is the client's own
 */
export function rewriterOf(first: Buffer, nameOf: (serverEnd: string) => string | null): Rewriter | null {
  const word = first.subarray(0, 4).toString('latin1');
  if (word !== 'cons' && word !== 'stat') return null;
  return (answer) => {
    const text = answer.toString('latin1');
    const named = text.replace(/\/(\S+:\d+)(?=\[)/g, (whole, end: string) => {
      const name = nameOf(end);
      return name === null ? whole : `/${name}`;
    });
    return Buffer.from(named, 'latin1');
  };
}
