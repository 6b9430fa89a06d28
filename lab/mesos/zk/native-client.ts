import { EventEmitter } from 'node:events';
import ZooKeeper from 'zookeeper';
import { scaled } from '../duration.js';
import type { RawClient, RawClientEvents } from './raw-client.js';
import { zkCode, ZkError } from './zk-code.js';

/** What the package offers at run time, without its promises: they hide the codes. */
interface NativeHandle extends EventEmitter {
  init(config: object): void;
  close(): void;
  readonly client_id: string | undefined;
  /** −1 without a handle. */
  readonly timeout: number;
  /** 0 without a handle. */
  readonly state: number;
  a_create(path: string, data: Buffer, flags: number, done: (code: number, text: string, path: string) => void): number;
  a_exists(path: string, watch: boolean, done: (code: number) => void): number;
  a_get(
    path: string,
    watch: boolean,
    done: (code: number, text: string, stat: unknown, data: Buffer | undefined) => void,
  ): number;
  a_get_children(
    path: string,
    watch: boolean,
    done: (code: number, text: string, children: string[] | undefined) => void,
  ): number;
  a_delete_(path: string, version: number, done: (code: number) => void): number;
}

const Native = ZooKeeper as unknown as new (config: object) => NativeHandle;
const errorsOnly = 1;
const ephemeralSequential = 3;
const anyVersion = -1;
const expired = -112;

/** ZooKeeper's own C client, the family that Mesos uses. It cannot set an ACL at create. */
export class NativeClient extends EventEmitter<RawClientEvents> implements RawClient {
  #handle: NativeHandle | null = null;
  #retry: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(
    private readonly connectString: string,
    private readonly requestedMs: number,
  ) {
    super();
    this.#open(performance.now());
  }

  get sessionId(): string {
    return this.#handle?.client_id ?? '0';
  }

  get timeoutMs(): number {
    const negotiated = this.#handle?.timeout ?? 0;
    return negotiated > 0 ? negotiated : this.requestedMs;
  }

  async create(path: string, data: Buffer, mode: 'persistent' | 'ephemeralSequential'): Promise<string> {
    const flags = mode === 'persistent' ? 0 : ephemeralSequential;
    return this.#call((handle, done) => handle.a_create(path, data, flags, (code, _, created) => done(code, created)));
  }

  async exists(path: string): Promise<boolean> {
    try {
      await this.#call<undefined>((handle, done) => handle.a_exists(path, false, (code) => done(code, undefined)));
      return true;
    } catch (error) {
      if (error instanceof ZkError && error.code === zkCode.noNode) return false;
      throw error;
    }
  }

  async children(path: string): Promise<string[]> {
    return this.#call((handle, done) =>
      handle.a_get_children(path, true, (code, _, names) => done(code, [...(names ?? [])])),
    );
  }

  async get(path: string): Promise<Buffer> {
    return this.#call((handle, done) =>
      handle.a_get(path, false, (code, _, __, data) => done(code, data ?? Buffer.alloc(0))),
    );
  }

  async remove(path: string): Promise<void> {
    await this.#call<undefined>((handle, done) => handle.a_delete_(path, anyVersion, (code) => done(code, undefined)));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#retry) clearTimeout(this.#retry);
    this.removeAllListeners();
    const handle = this.#handle;
    this.#handle = null;
    // Never from inside one of the library's own callbacks.
    if (handle) setImmediate(() => handle.close());
  }

  #open(since: number): void {
    const handle = new Native({
      connect: this.connectString,
      timeout: Math.round(this.requestedMs),
      debug_level: errorsOnly,
      host_order_deterministic: false,
      // The binding's own notion of a dead session, which the C client and Mesos do not have.
      response_counter_limit: 1_000_000,
    });
    handle.on('connect', () => this.#emit('connected'));
    handle.on('connecting', () => this.#emit('connecting'));
    handle.on('child', (_: unknown, path: string) => this.#emit('childrenChanged', path));
    handle.on('deleted', (_: unknown, path: string) => this.#emit('deleted', path));
    handle.on('close', (_: unknown, code: number) => {
      if (this.#handle === handle) this.#handle = null;
      if (code === expired) this.#emit('expired');
    });
    handle.init({});
    if (handle.state !== 0) {
      this.#handle = handle;
      return;
    }
    // No handle: an unresolvable name. Mesos tries each second, for ten minutes (src/zookeeper/zookeeper.cpp).
    if (performance.now() - since > scaled(600_000)) {
      setImmediate(() => this.#emit('fatal', 'Failed to create ZooKeeper, zookeeper_init: invalid argument'));
      return;
    }
    this.#retry = setTimeout(() => this.#open(since), scaled(1000));
  }

  #emit<Name extends keyof RawClientEvents>(name: Name, ...args: RawClientEvents[Name]): void {
    if (this.#closed) return;
    // Out of the library's stack, so that a listener may close the handle.
    queueMicrotask(() => {
      if (!this.#closed) (this.emit as (event: string, ...rest: unknown[]) => boolean).call(this, name, ...args);
    });
  }

  #call<Result>(
    start: (handle: NativeHandle, done: (code: number, result: Result) => void) => number,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      const handle = this.#handle;
      if (!handle) {
        reject(new ZkError(zkCode.invalidState));
        return;
      }
      const refused = start(handle, (code, result) => (code === 0 ? resolve(result) : reject(new ZkError(code))));
      if (refused < 0) reject(new ZkError(refused));
    });
  }
}
