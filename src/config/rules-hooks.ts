import { DEFAULTS } from './defaults.js';
import { parseDuration } from './duration.js';
import type { Problem } from './problem.js';
import type { Partly } from './prune.js';
import type { RawConfig } from './schema.js';

/** What the schema cannot say of hooks. */
export function hookProblems({ policy }: Partly<RawConfig>): Problem[] {
  return (policy?.hooks ?? []).flatMap((hook, index) => {
    if (hook === undefined) return [];
    const problems: Problem[] = [];
    const add = (field: string | null, message: string, ...more: (string | number)[]): unknown =>
      problems.push({ path: ['policy', 'hooks', index, ...(field === null ? [] : [field]), ...more], message });
    // A key with a problem of its own is there, so it counts.
    const [isCommand, isWebhook] = ['command' in hook, 'webhook' in hook];
    if (isCommand && isWebhook) add('webhook', 'must not stand beside command: write two hooks');
    if (!isCommand && !isWebhook) add(null, 'needs either command or webhook');
    if (isCommand && 'headers' in hook) add('headers', 'belongs to a webhook, not to a command');
    const [program] = hook.command ?? [];
    if (program !== undefined && !program.startsWith('/')) {
      add('command', 'must be an absolute path: the worker searches no PATH for it', 0);
    }
    const ms = hook.timeout === undefined ? null : parseDuration(hook.timeout);
    if (ms === 0) add('timeout', 'must be longer than 0');
    if (ms !== null && ms > (parseDuration(DEFAULTS.hook.longest) ?? 0)) {
      add('timeout', `must be at most ${DEFAULTS.hook.longest}`);
    }
    return problems;
  });
}
