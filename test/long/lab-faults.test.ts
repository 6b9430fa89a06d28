import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { agentWithOtherId } from '../../lab/faults/agent-with-other-id.js';
import type { Fault, InjectedFault } from '../../lab/faults/fault.js';
import { Random } from '../../lab/faults/random.js';
import { startLab, type Lab } from '../../lab/lab.js';
import type { Stage } from '../../lab/stage/stage.js';
import { serverMode } from '../../lab/zookeeper/four-letter-word.js';
import { FourLetterProbe } from '../../src/adapters/four-letter-probe.js';
import { zkServersOf } from '../e2e/zk-connections.js';

describe('faults of a live lab', function () {
  this.timeout(180_000);
  let dir: string;
  let lab: Lab;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'zkferry-lf-'));
    lab = await startLab({ dir: join(dir, 'lab'), agents: 1, masters: 1, partitionable: true, watchers: false });
  });
  after(async () => {
    await lab?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const inject = (fault: Fault): Promise<InjectedFault> =>
    fault.inject({
      stage: { lab } as Partial<Stage> as Stage,
      strategy: 'observers',
      random: new Random('test'),
      say: () => undefined,
    });
  const until = async (what: string, holds: () => Promise<boolean>, patienceMs = 60_000) => {
    for (const end = performance.now() + patienceMs; !(await holds()); await delay(100)) {
      if (performance.now() > end) assert.fail(`${what}: never`);
    }
  };
  const state = async (): Promise<{
    leader?: string;
    slaves: { id: string; active: boolean }[];
    frameworks: { active: boolean }[];
  }> => {
    const { host, httpPort } = lab.json.masters[0] ?? assert.fail('no master');
    const answer = await fetch(`http://${host}:${httpPort}/state`, { signal: AbortSignal.timeout(2_000) }).catch(
      () => null,
    );
    if (answer?.status !== 200) return { slaves: [], frameworks: [] };
    return (await answer.json()) as Awaited<ReturnType<typeof state>>;
  };
  const pidOf = (host: string, unit: string) => lab.host(host).mainPid(unit) ?? assert.fail(`${unit} does not run`);

  it('lists clients by their own ends and servers by their configured addresses', async () => {
    const probe = new FourLetterProbe();
    const signal = new AbortController().signal;
    const addresses = lab.json.source.map(({ host }) => host);
    assert.ok(lab.json.source.every(({ host, direct }) => direct !== undefined && direct !== host));
    const servers = await zkServersOf(pidOf('agent1', 'mesos-slave'), 2181);
    assert.ok(servers.length > 0 && servers.every((address) => addresses.includes(address)), servers.join(' '));
    const seen = await Promise.all(
      lab.json.source.map(({ name, host: address, clientPort }) =>
        probe.connections({ name, address, clientPort }, signal),
      ),
    );
    const ends = seen.flat().filter(({ sessionId }) => sessionId !== null && sessionId !== '0x0');
    const owners = await import('../../lab/network/connection-owners.js');
    const found = owners.ownersOf(new Set(ends.map(({ ip, port }) => `${ip}:${port}`)));
    assert.deepEqual([...new Set(found.values())].sort(), ['agent1', 'framework1', 'master1']);
    assert.equal(found.size, ends.length, 'every session belongs to a process of a host');
  });

  it('cuts a master off its ensemble until it gives up leading, and lets it lead again', async () => {
    const before = pidOf('master1', 'mesos-master');
    const partition = lab.partition({ from: 'master1', to: 'source' });
    await until('it gives up', async () => lab.host('master1').mainPid('mesos-master') !== before);
    partition.heal();
    await until('it leads again', async () => (await state()).slaves.some(({ active }) => active));
    assert.ok((await serverMode(lab.json.source[0]?.host ?? '', 2181)) !== null);
  });

  it('brings an agent back with another id', async () => {
    const [before] = (await state()).slaves;
    const { declares } = await inject(agentWithOtherId);
    assert.deepEqual(declares, { agents: ['agent1'], tasksOfAgents: ['agent1'] });
    await until('another id', async () => (await state()).slaves.some(({ id, active }) => active && id !== before?.id));
  });
});
