import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { FerryError } from '../domain/errors.js';
import { dataConverter } from './data-converter.js';

/** No Temporal server answers where the environment points. */
export class TemporalUnreachableError extends FerryError {
  readonly code = 'FERRY_TEMPORAL_UNREACHABLE';
  readonly retryable = true;
  override readonly remedy = 'start a Temporal server, or point TEMPORAL_ADDRESS (or a profile) at the one to use';
  constructor(address: string, cause: unknown) {
    super(`no Temporal server answers at ${address}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

export const TASK_QUEUE = 'zkferry';
/** Publishers run as long as a migration does; on a queue of their own they take no slot from its steps. */
export const PUBLISHER_TASK_QUEUE = `${TASK_QUEUE}-publisher`;

/** Address, namespace, TLS and API key as the standard environment and profile file give them. */
export function connectionSettings(): ReturnType<typeof loadClientConnectConfig> & {
  address: string;
  namespace: string;
} {
  const settings = loadClientConnectConfig();
  return {
    ...settings,
    // An empty variable counts as unset.
    address: settings.connectionOptions.address?.trim() ? settings.connectionOptions.address : '127.0.0.1:7233',
    namespace: settings.namespace?.trim() ? settings.namespace : 'default',
  };
}

/** Runs `work` with a client and closes its connection afterwards. @throws TemporalUnreachableError, PayloadKeysError */
export async function withTemporal<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const { connectionOptions, address, namespace } = connectionSettings();
  const converter = await dataConverter();
  let connection: Connection;
  try {
    connection = await Connection.connect({ ...connectionOptions, address, connectTimeout: 5_000 });
  } catch (cause) {
    throw new TemporalUnreachableError(address, cause);
  }
  try {
    return await work(new Client({ connection, namespace, ...(converter && { dataConverter: converter }) }));
  } finally {
    await connection.close();
  }
}
