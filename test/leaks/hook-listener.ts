import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** A hook of each kind, which keeps all that it is given and answers with as much of it as it can. */
export class HookListener {
  readonly bodies: string[] = [];
  /** The headers that the config names are secrets, and belong here. */
  readonly authorizations: string[] = [];
  readonly #heard: string;

  private constructor(
    private readonly dir: string,
    private readonly server: Server,
    private readonly path: string,
  ) {
    this.#heard = join(dir, 'hook.heard');
    // At the first time of asking it keeps the window shut, so that there is an incident to tell of.
    const script = `#!/bin/sh
{ echo "arguments: $0 $*"; tr '\\0' '\\n' < /proc/self/environ; echo "children see:"; sh -c env; cat; } >> '${this.#heard}'
env
[ "$ZKFERRY_EVENT" != before-window ] || [ -e '${dir}/asked' ] || { : > '${dir}/asked'; echo "not yet, says the hook"; exit 1; }
`;
    writeFileSync(this.command, script);
    chmodSync(this.command, 0o755);
  }

  /** @param secretPath part of the webhook's URL */
  static async start(dir: string, secretPath: string): Promise<HookListener> {
    const listener: { one?: HookListener } = {};
    const server = createServer((request, response) => {
      void (async () => {
        let body = '';
        for await (const chunk of request.setEncoding('utf8')) body += String(chunk);
        listener.one?.bodies.push(body);
        const authorization = request.headers.authorization ?? '';
        listener.one?.authorizations.push(authorization);
        response.end(JSON.stringify({ reason: `got ${authorization} at ${request.url ?? ''}` }));
      })();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    listener.one = new HookListener(dir, server, secretPath);
    return listener.one;
  }

  get command(): string {
    return join(this.dir, 'hook.sh');
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}/hooks/${this.path}`;
  }

  /** Environment, arguments and input of every command. */
  get heard(): string {
    return existsSync(this.#heard) ? readFileSync(this.#heard, 'utf8') : '';
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
