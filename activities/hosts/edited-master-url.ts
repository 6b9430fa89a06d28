import type { HostConfig, MasterUrlPlace } from '../../src/domain/config.js';
import { setEnvValue } from '../../src/domain/env-file.js';
import { HostStepError } from '../../src/domain/host-errors.js';
import { formatMasterUrl, redactUrl } from '../../src/domain/master-url.js';
import { setOneValue } from '../../src/domain/one-value-file.js';
import type { MasterUrl } from '../../src/domain/plan.js';
import type { HostStep } from '../contract.js';
import type { Ports } from '../ports.js';
import { runStep, told } from './script.js';

/** A process that is told its master URL by a file. */
export type UrlReader = HostConfig & { readonly unit: string; readonly masterUrl: MasterUrlPlace };

const READ_MS = 15_000;

/**
 * The file as it is (`seen`) and with the URL in its place (`wanted`), computed here, where the line
 * editors are. All three may hold a password: they go into a script, never into its arguments.
 *
 * @throws HostStepError when the file is not there or has no such line
 */
export async function editedMasterUrl(
  ports: Ports,
  step: HostStep,
  host: UrlReader,
  to: MasterUrl,
): Promise<{ readonly url: string; readonly seen: string; readonly wanted: string }> {
  const file = host.root + host.masterUrl.path;
  const lines = await runStep(ports, step, host, {
    name: 'read-master-url',
    timeoutMs: READ_MS,
    values: { unit: host.unit, file },
    body: '[ -f "$file" ] || refuse "$file is not there"\necho "text=$(base64 < "$file" | tr -d "\\n")"\n',
  });
  const seen = Buffer.from(told(lines, 'text', host, 'read-master-url'), 'base64').toString('utf8');
  const credentials = await ports.secrets(step.access.credentials[to.credentialsOf]);
  const url = formatMasterUrl(to, credentials);
  try {
    const wanted = host.masterUrl.kind === 'file' ? setOneValue(seen, url) : setEnvValue(seen, host.masterUrl.key, url);
    return { url, seen, wanted };
  } catch (error) {
    throw new HostStepError(host.name, 'repoint', redactUrl(`${file}: ${(error as Error).message}`), false);
  }
}
