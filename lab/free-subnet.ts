import { once } from 'node:events';
import { createServer } from 'node:net';
import { FerryError } from '../src/domain/errors.js';

const ports = [2181, 2888, 3888, 5050, 5051, 2222];
const hosts = 40;
const lockHost = 254;
const lockPort = 2180;

/** No loopback subnet was free after many tries: something else binds all addresses at once. */
export class NoFreeSubnetError extends FerryError {
  readonly code = 'FERRY_LAB_NO_FREE_SUBNET';
  readonly retryable = false;
  override readonly remedy = `see which process listens on 0.0.0.0 at one of the ports ${ports.join(', ')}`;
  constructor(tries: number, last: string) {
    super(`no free loopback subnet in ${tries} tries, the last one failed at ${last}`);
  }
}

/**
 * A prefix `127.A.B` (A in 64…126) whose addresses .1 to .40 are free at the ports that a lab uses.
 *
 * It stays this process's own until it ends: a listening socket is the lock, so it cannot go stale.
 *
 * @throws NoFreeSubnetError
 */
export async function freeSubnet(): Promise<string> {
  const tries = 50;
  let last = '';
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const prefix = `127.${64 + random(63)}.${random(256)}`;
    const lock = await listen(`${prefix}.${lockHost}`, lockPort);
    if (!lock) {
      last = `${prefix}.${lockHost}:${lockPort}`;
      continue;
    }
    const taken = await firstTaken(prefix);
    if (taken === null) {
      lock.unref();
      return prefix;
    }
    last = taken;
    lock.close();
  }
  throw new NoFreeSubnetError(tries, last);
}

async function firstTaken(prefix: string): Promise<string | null> {
  for (let host = 1; host <= hosts; host += 1) {
    const free = await Promise.all(ports.map((port) => isFree(`${prefix}.${host}`, port)));
    const index = free.indexOf(false);
    if (index >= 0) return `${prefix}.${host}:${ports[index]}`;
  }
  return null;
}

async function isFree(address: string, port: number): Promise<boolean> {
  const server = await listen(address, port);
  if (!server) return false;
  server.close();
  await once(server, 'close');
  return true;
}

/** The listening server, or null when the address is taken. */
async function listen(address: string, port: number) {
  const server = createServer();
  server.listen({ host: address, port, exclusive: true });
  try {
    await once(server, 'listening');
    return server;
  } catch {
    return null;
  }
}

function random(below: number): number {
  return Math.floor(Math.random() * below);
}
