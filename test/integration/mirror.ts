import zookeeper from 'node-zookeeper-client';
import { parseZkUrl } from '../../lab/mesos/zk/zk-url.js';

/** Body of the lowest contender below the path of a master URL. */
export async function readLeaderBody(url: string): Promise<Buffer> {
  const { client, path } = await connect(url);
  const children = await new Promise<string[]>((resolve, reject) => {
    client.getChildren(path, (error, names) => (isFailure(error) ? reject(error) : resolve(names)));
  });
  const [first = ''] = children.filter((name) => name.startsWith('json.info_')).sort();
  const body = await new Promise<Buffer>((resolve, reject) => {
    client.getData(`${path}/${first}`, (error, data) => (isFailure(error) ? reject(error) : resolve(data)));
  });
  client.close();
  return body;
}

/** Creates an ephemeral contender of a given name below the path of a master URL; returns its removal. */
export async function createMirror(url: string, name: string, body: Buffer): Promise<() => void> {
  const { client, path } = await connect(url);
  await new Promise<void>((resolve, reject) => {
    client.mkdirp(path, (error) => (isFailure(error) ? reject(error) : resolve()));
  });
  await new Promise<void>((resolve, reject) => {
    const done = (error: unknown): void => (isFailure(error) ? reject(error) : resolve());
    client.create(`${path}/${name}`, body, zookeeper.CreateMode.EPHEMERAL, done);
  });
  return () => client.close();
}

/** The client passes null, or an error that its types call something else. */
function isFailure(error: unknown): error is Error {
  return error !== null && error !== undefined;
}

async function connect(url: string): Promise<{ client: zookeeper.Client; path: string }> {
  const { servers, path } = parseZkUrl(url);
  const client = zookeeper.createClient(servers.map(({ address, port }) => `${address}:${port}`).join(','));
  const connected = new Promise<void>((resolve) => client.once('connected', resolve));
  client.connect();
  await connected;
  return { client, path };
}
