/**
 * The few messages of ZooKeeper's wire protocol that a reader needs (zookeeper.jute): every frame is
 * an int32 length and a body; strings, buffers and vectors carry an int32 length, -1 meaning null.
 */
const GET_DATA = 4;
const GET_CHILDREN2 = 12;
const CLOSE_SESSION = -11;
const NO_PASSWORD = Buffer.alloc(16);

export interface SessionKey {
  readonly id: bigint;
  readonly password: Buffer;
}

/**
 * Asks for a session, or for the one of `key` again. It claims to have seen no zxid at all: a server that
 * is behind what the session saw elsewhere would otherwise refuse it without an answer.
 */
export function connectRequest(timeoutMs: number, key: SessionKey | null): Buffer {
  const body = Buffer.alloc(45);
  body.writeInt32BE(timeoutMs, 12);
  body.writeBigInt64BE(key?.id ?? 0n, 16);
  body.writeInt32BE(16, 24);
  (key?.password ?? NO_PASSWORD).copy(body, 28);
  return frame(body);
}

/** Null when the server does not know the session (any more). */
export function parseConnectResponse(body: Buffer): SessionKey | null {
  const timeoutMs = body.readInt32BE(4);
  if (timeoutMs <= 0) return null;
  return { id: body.readBigInt64BE(8), password: Buffer.from(body.subarray(20, 20 + body.readInt32BE(16))) };
}

/** Leaves a watch, which the next child to come or go spends; asked again before that, it is the same watch. */
export function childrenRequest(xid: number, path: string): Buffer {
  return readRequest(xid, GET_CHILDREN2, path, true);
}

export function dataRequest(xid: number, path: string): Buffer {
  return readRequest(xid, GET_DATA, path, false);
}

/** `xid` of a frame that answers no request: a watch was spent. */
export const NOTIFICATION_XID = -1;

export function closeRequest(xid: number): Buffer {
  return frame(header(xid, CLOSE_SESSION));
}

export interface Reply {
  readonly xid: number;
  /** 0 = fine, -101 = no such znode. */
  readonly error: number;
  readonly body: Buffer;
}

export function parseReply(body: Buffer): Reply {
  return { xid: body.readInt32BE(0), error: body.readInt32BE(12), body: body.subarray(16) };
}

/** `cversion` of the parent changes with every child that comes or goes. */
export function parseChildren(body: Buffer): { names: string[]; cversion: number } {
  const names: string[] = [];
  let at = 4;
  for (let left = body.readInt32BE(0); left > 0; left -= 1) {
    const length = body.readInt32BE(at);
    names.push(body.toString('utf8', at + 4, at + 4 + length));
    at += 4 + length;
  }
  return { names, cversion: body.readInt32BE(at + 36) };
}

export function parseData(body: Buffer): Buffer {
  return body.subarray(4, 4 + Math.max(0, body.readInt32BE(0)));
}

/** Cuts complete frames off the front of a stream. */
export function splitFrames(bytes: Buffer): { frames: Buffer[]; rest: Buffer } {
  const frames: Buffer[] = [];
  let rest = bytes;
  while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
    const length = rest.readInt32BE(0);
    frames.push(rest.subarray(4, 4 + length));
    rest = rest.subarray(4 + length);
  }
  return { frames, rest };
}

function readRequest(xid: number, type: number, path: string, watch: boolean): Buffer {
  const name = Buffer.from(path);
  const length = Buffer.alloc(4);
  length.writeInt32BE(name.length, 0);
  return frame(Buffer.concat([header(xid, type), length, name, Buffer.from([watch ? 1 : 0])]));
}

function header(xid: number, type: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeInt32BE(xid, 0);
  bytes.writeInt32BE(type, 4);
  return bytes;
}

function frame(body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length, 0);
  return Buffer.concat([length, body]);
}
