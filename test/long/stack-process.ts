import { Client, Connection } from '@temporalio/client';
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { repositoryRoot } from '../../lab/repository-root.js';

/** `npm run stack` in a process of its own; its folder keeps the database. */
export class NativeStack {
  private constructor(
    private readonly child: ChildProcess,
    /** `host:port` of Temporal's frontend. */
    readonly address: string,
  ) {}

  static async up(folder: string): Promise<NativeStack> {
    const script = join(repositoryRoot(), 'scripts', 'native-stack.mjs');
    const child = spawn(process.execPath, [script, 'up', '--dir', folder, '--print', 'json'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit').then(([code]) => assert.fail(`it ended with ${String(code)} before it served`));
    const [line] = (await Promise.race([once(child.stdout.setEncoding('utf8'), 'data'), ended])) as [string];
    ended.catch(() => undefined);
    return new NativeStack(child, (JSON.parse(line) as { address: string }).address);
  }

  /** As Ctrl-C does; fine when it is down already. @returns the exit code */
  async down(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const ended = once(this.child, 'exit');
      this.child.kill('SIGINT');
      await ended;
    }
    return this.child.exitCode;
  }

  async withClient<T>(use: (client: Client) => Promise<T>, namespace = 'default'): Promise<T> {
    const connection = await Connection.connect({ address: this.address });
    try {
      return await use(new Client({ connection, namespace }));
    } finally {
      await connection.close();
    }
  }
}
