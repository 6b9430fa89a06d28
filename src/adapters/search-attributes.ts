import type { Connection } from '@temporalio/client';
import { FerryError } from '../domain/errors.js';

/** What every migration carries, all of type Keyword. */
export const SEARCH_ATTRIBUTES = ['ZkferryCluster', 'ZkferryStrategy', 'ZkferryPhase', 'ZkferryState'] as const;

/** `INDEXED_VALUE_TYPE_KEYWORD` of Temporal's API. */
const KEYWORD = 2;

/** The namespace lacks search attributes, and this worker may not register them. */
export class SearchAttributesMissingError extends FerryError {
  readonly code = 'FERRY_SEARCH_ATTRIBUTES';
  readonly retryable = false;
  override readonly remedy: string;
  constructor(namespace: string, missing: readonly string[], cause: unknown) {
    super(
      `namespace ${namespace} lacks the search attributes ${missing.join(', ')} and they cannot be registered: ` +
        (cause instanceof Error ? cause.message : String(cause)),
    );
    const flags = missing.map((name) => `--name ${name} --type Keyword`).join(' ');
    this.remedy =
      `let an administrator run: temporal operator search-attribute create --namespace ${namespace} ${flags}; ` +
      'or start the worker with --no-search-attributes and set policy.searchAttributes: false in the config';
  }
}

/**
 * Makes sure that the namespace knows the search attributes. A workflow that sets an unknown one is
 * blocked for ever, so a worker calls this before it polls.
 */
export async function ensureSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const known = async () =>
    Object.keys((await connection.operatorService.listSearchAttributes({ namespace })).customAttributes ?? {});
  let missing: string[] = [...SEARCH_ATTRIBUTES];
  try {
    const before = await known();
    missing = SEARCH_ATTRIBUTES.filter((name) => !before.includes(name));
    if (missing.length === 0) return;
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])),
    });
    const after = await known();
    missing = missing.filter((name) => !after.includes(name));
    if (missing.length > 0) throw new Error('the server does not list them afterwards');
  } catch (cause) {
    throw new SearchAttributesMissingError(namespace, missing, cause);
  }
}
