import type { ClusterConfig } from '../config.js';
import type { Finding } from '../plan.js';
import type { ClientSurvey, Survey } from '../survey.js';
import { block } from './finding.js';

/** Clients of source that no configured process owns: they would be left behind, or hang. */
export function clientRules(config: ClusterConfig, { clients }: Survey): Finding[] {
  return clients === null ? [] : unknownClients(config, clients).map(unknownClientFinding);
}

/** Sessions on source of which nobody configured is the owner and that are not accepted by address. */
export function unknownClients({ policy }: ClusterConfig, clients: readonly ClientSurvey[]): ClientSurvey[] {
  // A session without a connection is a client on its way back, or one that died: its next look tells.
  return clients.filter(
    ({ client, owner }) => client !== null && owner === null && !policy.acceptClients.includes(ipOf(client)),
  );
}

export function unknownClientFinding({ client, sessionId }: ClientSurvey): Finding {
  return block('unknown-client', {
    host: client === null ? null : ipOf(client),
    seen: `${client ?? 'a client without a connection'} (session ${sessionId}) is a client of source and no configured process`,
    remedy: `find it (ss -tnp on ${client === null ? 'its host' : ipOf(client)}) and repoint it, or accept the address in policy.acceptClients`,
  });
}

export function ipOf(client: string): string {
  return client.slice(0, client.lastIndexOf(':'));
}
