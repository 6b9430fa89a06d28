/** Runs people's own tools. Neither method rejects because the tool failed; both end within their time. */
export interface HookRunner {
  /** A program without a shell, in an environment of exactly `environment` and what a program needs to find its way. */
  command(
    argv: readonly string[],
    given: { readonly environment: Readonly<Record<string, string>>; readonly stdin: string },
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<CommandEnd>;
  post(
    url: string,
    given: { readonly headers: Readonly<Record<string, string>>; readonly body: string },
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<WebhookAnswer>;
}

export interface CommandEnd {
  /** Null: it did not end by itself, or never began; `problem` says why. */
  readonly code: number | null;
  readonly problem: string | null;
  readonly output: Heard;
}

export interface WebhookAnswer {
  /** Null: no answer; `problem` says why. */
  readonly status: number | null;
  readonly problem: string | null;
  readonly body: Heard;
}

/** What a tool said, with whatever secrets it repeated. */
export interface Heard {
  readonly text: string;
  /** It said more, so the text may end in the middle of a secret. */
  readonly breaksOff: boolean;
}
