import { spawn } from 'node:child_process';
import type { HostConfig, SshConfig } from '../../src/domain/config.js';
import { NoAnswerError } from '../../src/domain/proof-errors.js';
import type { HostScript, HostShell, ScriptResult } from '../../src/ports/host-shell.js';

/** Runs host scripts right here, with the host's own `systemctl` first on the PATH. No ssh between. */
export class LocalShell implements HostShell {
  /** Names of scripts, in the order they were run: `agent1 survey-host`. */
  readonly journal: string[] = [];
  /** Hosts that behave as if no ssh reached them. */
  readonly unreachable = new Set<string>();

  run(host: HostConfig, _ssh: SshConfig, script: HostScript, signal: AbortSignal): Promise<ScriptResult> {
    this.journal.push(`${host.name} ${script.name}`);
    if (this.unreachable.has(host.name))
      return Promise.reject(new NoAnswerError(host.name, host.address, 'ssh', false, 'cut off by the test'));
    return new Promise((resolve, reject) => {
      const path = `${host.root}/usr/bin:${host.root}/usr/sbin:${process.env['PATH'] ?? ''}`;
      const child = spawn('/bin/sh', ['-s'], {
        env: { ...process.env, PATH: path },
        signal,
        timeout: script.timeoutMs,
      });
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      child.on('error', reject);
      child.on('close', (code) => resolve({ exitCode: code ?? -1, stdout, stderr }));
      child.stdin.on('error', () => undefined);
      child.stdin.end(script.text);
    });
  }
}
