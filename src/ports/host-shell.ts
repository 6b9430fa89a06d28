import type { HostConfig, SshConfig } from '../domain/config.js';

/** Runs shell scripts on hosts. The script travels on standard input, never in arguments. */
export interface HostShell {
  /**
   * Runs a POSIX sh script and waits for its end.
   *
   * A script that exits non-zero is a result, not an error. A `detached` script goes on in its own
   * session when the link drops (S2): the caller then gets `UnknownOutcomeError` and looks again.
   *
   * @throws HostUnreachableError, LoginRefusedError, HostKeyError before anything ran;
   *   UnknownOutcomeError when the link or `timeoutMs` ended after the script may have started.
   */
  run(host: HostConfig, ssh: SshConfig, script: HostScript, signal: AbortSignal): Promise<ScriptResult>;
}

export interface HostScript {
  /** For logs and errors, for example `stop-unit`. */
  readonly name: string;
  readonly text: string;
  readonly detached: boolean;
  readonly timeoutMs: number;
}

export interface ScriptResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}
