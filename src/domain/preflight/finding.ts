import type { Finding } from '../plan.js';
import { CATALOGUE, type CatalogueEntry, type FindingId, type IdWith, type Verdict } from './catalogue/index.js';

interface Text {
  readonly host?: string | null;
  readonly seen: string;
  /** Where it is not the one of the catalogue. */
  readonly why?: string;
  readonly remedy?: string;
}

export function block(id: IdWith<'block'>, text: Text): Finding {
  return finding(id, 'block', text);
}

export function warn(id: IdWith<'warn'>, text: Text): Finding {
  return finding(id, 'warn', text);
}

export function info(id: IdWith<'info'>, text: Omit<Text, 'remedy'>): Finding {
  return { ...finding(id, 'info', text), remedy: null };
}

function finding(id: FindingId, verdict: Verdict, { host = null, seen, ...own }: Text): Finding {
  const { why, remedy }: CatalogueEntry = CATALOGUE[id];
  return { id, verdict, host, seen, why: own.why ?? why, remedy: own.remedy ?? remedy };
}
