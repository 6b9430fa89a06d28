import type { Finding } from '../plan.js';

interface Text {
  readonly host?: string | null;
  readonly seen: string;
  readonly why: string;
  readonly remedy: string;
}

export function block(id: string, { host = null, ...text }: Text): Finding {
  return { id, verdict: 'block', host, ...text };
}

export function warn(id: string, { host = null, ...text }: Text): Finding {
  return { id, verdict: 'warn', host, ...text };
}

export function info(id: string, { host = null, seen, why }: Omit<Text, 'remedy'>): Finding {
  return { id, verdict: 'info', host, seen, why, remedy: null };
}
