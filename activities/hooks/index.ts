import { hookEnvironment, type HookNotice } from '../../src/domain/hooks.js';
import type { HookConfig, HookWebhook } from '../../src/domain/config.js';
import { HookFailedError, HookSecretError } from '../../src/domain/hook-errors.js';
import { Redactor } from '../../src/domain/redact.js';
import type { Heard } from '../../src/ports/hook-runner.js';
import type { HookActivities } from '../contract.js';
import type { Ports } from '../ports.js';
import { scope } from '../reach/scope.js';

/** How one try went. */
interface Outcome {
  /** Null = as wanted. */
  readonly reason: string | null;
  readonly output: string;
  /** Whether the same may go better a moment later. */
  readonly passes: boolean;
}

const LONGEST_REASON = 300;
/** More of what a hook says is nobody's to read in a history. */
const LONGEST_OUTPUT = 4_096;

/** People's own commands and webhooks. */
export function createHookActivities(ports: Ports): HookActivities {
  return {
    async runHook({ hook, notice }) {
      const began = performance.now();
      // A command may print what it found by itself, such as a credential of the cluster.
      const redactor = ports.redactor ?? new Redactor();
      const outcome = await tried(ports, hook, notice, redactor);
      const report = {
        ok: outcome.reason === null,
        reason: outcome.reason === null ? null : redactor.text(outcome.reason).slice(0, LONGEST_REASON),
        output: redactor.text(outcome.output).slice(0, LONGEST_OUTPUT),
        tookMs: Math.round(performance.now() - began),
      };
      if (report.ok) return report;
      ports.telemetry?.hookFailed({ cluster: notice.cluster, event: notice.event });
      // A no is an answer; and whoever waits for one asks again by a decision.
      if (outcome.passes && notice.event !== 'before-window')
        throw new HookFailedError(notice.event, report.reason ?? '');
      return report;
    },
  };
}

async function tried(ports: Ports, hook: HookConfig, notice: HookNotice, redactor: Redactor): Promise<Outcome> {
  const runner = ports.hooks;
  if (runner === undefined) return { reason: 'this worker runs no hooks', output: '', passes: false };
  const { signal } = scope();
  const body = `${JSON.stringify(notice)}\n`;
  if (hook.run.kind === 'command') {
    const given = { environment: hookEnvironment(notice), stdin: body };
    const { code, problem, output: heard } = await runner.command(hook.run.argv, given, hook.timeoutMs, signal);
    const output = whole(heard, redactor);
    if (code === 0) return { reason: null, output, passes: false };
    const said = problem ?? (lastLine(output) || `it exited with ${String(code)}`);
    return { reason: said, output, passes: false };
  }
  const { url, headers } = await resolved(ports, hook.run, notice, redactor);
  const { status, problem, body: heard } = await runner.post(url, { headers, body }, hook.timeoutMs, signal);
  const answer = whole(heard, redactor);
  if (status !== null && status >= 200 && status < 300) return { reason: null, output: answer, passes: false };
  const said = reasonIn(answer) ?? problem ?? '';
  const reason = status === null ? said : `HTTP ${String(status)}${said === '' ? '' : `: ${said}`}`;
  return { reason, output: answer, passes: status === null || status === 429 || status >= 500 };
}

/** What was heard to its end, or as far as no secret can be broken off in it. */
function whole({ text, breaksOff }: Heard, redactor: Redactor): string {
  return breaksOff ? redactor.beginning(text) : text;
}

/** The request, with what was only referred to; the redactor learns it. */
async function resolved(
  ports: Ports,
  { url, headers }: HookWebhook,
  notice: HookNotice,
  redactor: Redactor,
): Promise<{ readonly url: string; readonly headers: Record<string, string> }> {
  const secret = async (reference: string): Promise<string> => {
    if (ports.mayTellHooks?.(reference) !== true) throw new HookSecretError(reference);
    const value = (await ports.secrets(reference)) ?? '';
    redactor.learn(value);
    return value;
  };
  const values = await Promise.all(
    Object.entries(headers).map(async ([name, reference]) => [name, await secret(reference)] as const),
  );
  return {
    url: /^https?:/.test(url) ? url : await secret(url),
    headers: { ...Object.fromEntries(values), 'Idempotency-Key': notice.id, 'X-Zkferry-Event': notice.event },
  };
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1)?.trim() ?? '';
}

/** `{"reason": …}`, or the first line of a plain text. */
function reasonIn(answer: string): string | null {
  try {
    const { reason } = JSON.parse(answer) as { reason?: unknown };
    return typeof reason === 'string' && reason !== '' ? reason : null;
  } catch {
    const [line = ''] = answer.trim().split('\n');
    return line === '' || line.startsWith('<') ? null : line;
  }
}
