import { ipNumber, type MasterInfo } from './master-info.js';

/**
 * Reads a contender's body by the label of its znode (src/master/detector/zookeeper.cpp): `json.info`
 * holds JSON, no label a UPID. `info`, the binary form of masters up to 0.23, is refused: no supported
 * release writes it.
 *
 * @throws Error with Mesos' text; a detector that meets it fails, and its process exits.
 */
export function parseMasterInfo(label: string | null, body: Buffer): MasterInfo {
  if (label === null) return fromUpid(body.toString('utf8'));
  if (label === 'info') throw new Error('Failed to parse data into MasterInfo');
  if (label !== 'json.info') throw new Error(`Failed to parse data of unknown label '${label}'`);
  let json: unknown;
  try {
    json = JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new Error(`Failed to parse data into valid JSON: ${(cause as Error).message}`, { cause });
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new Error('Failed to parse data into valid JSON: not an object');
  }
  const problem = missingFields(json as Record<string, unknown>);
  if (problem !== null) {
    throw new Error(`Failed to parse JSON into a valid MasterInfo protocol buffer: ${problem}`);
  }
  return json as MasterInfo;
}

function missingFields(json: Record<string, unknown>): string | null {
  const expected = { id: 'string', ip: 'number', port: 'number' } as const;
  const missing = Object.keys(expected).filter((name) => json[name] === undefined);
  if (missing.length > 0) return `Missing required fields: ${missing.join(', ')}`;
  const wrong = Object.entries(expected).find(([name, type]) => typeof json[name] !== type);
  return wrong ? `Not expecting a JSON ${typeof json[wrong[0]]} for field '${wrong[0]}'` : null;
}

function fromUpid(text: string): MasterInfo {
  const [, ip, port] = /@(\d+\.\d+\.\d+\.\d+):(\d+)$/.exec(text) ?? [];
  // Mesos reads a text that is no UPID as the empty one and follows it to nowhere.
  const address = { ip: ip ?? '0.0.0.0', port: Number(port ?? 0) };
  return { id: text, ip: ipNumber(address.ip), port: address.port, pid: text, address };
}
