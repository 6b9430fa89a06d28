import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import type { PreflightLab } from './preflight-lab.js';

const MASTER = 'mesos-master';
const AGENT = 'mesos-slave';
const FRAMEWORK = 'lab-framework';
const UNIT_FILE = 'etc/systemd/system/lab-framework.service';

/** Masters, agents and schedulers that are not as they should be; they stay so. */
export function astrayChecks(running: () => PreflightLab): void {
  it('sees an agent that has not come back since the last election', async () => {
    const stage = running();
    const [leader] = await stage.mastersByRank();
    assert.ok(leader);
    const frozen = stage.agentHost(0).supervisor.service(AGENT);
    frozen.kill('SIGSTOP', 'main');
    await stage.lab.host(leader.name).supervisor.stop(MASTER);
    // Its session would have expired ten seconds later.
    await stage.inEnsemble('source', async (session) => {
      const [first = ''] = ((await session.children('/mesos')) ?? [])
        .filter((one) => one.startsWith('json.info_'))
        .sort();
      await session.remove(`/mesos/${first}`);
    });
    await stage.lab.host(leader.name).supervisor.start(MASTER);
    await stage.untilRegistered(
      'the next leading master has the other agent back',
      ({ agents, recoveredAgentIds }) => agents.length === 1 && recoveredAgentIds.length === 1,
    );
    stage.expect(await stage.survey(stage.config), [['agents-recovering', null]]);
    frozen.kill('SIGCONT', 'main');
    await stage.untilRegistered(
      'both agents and both schedulers are back',
      ({ agents, frameworks }) =>
        agents.filter(({ active }) => active).length === 2 &&
        frameworks.filter(({ connected }) => connected).length === 2,
    );
  });

  it('sees masters, agents and schedulers that go astray', async () => {
    const stage = running();
    const [leader, stray] = await stage.mastersByRank();
    assert.ok(leader && stray);
    await strayMaster(stage, stray.name);
    await secondScheduler(stage);
    await agentWithoutResources(stage);
    await stage.agentHost(0).supervisor.stop(AGENT);
    await stage.untilRegistered('the agent is inactive', ({ agents }) => agents.some(({ active }) => !active));
    stage.expect(await stage.survey(stage.dual), [
      ['master-not-on-source', stray.name],
      ['runs-elsewhere', stray.name],
      ['registry-flag', stray.name],
      ['log-not-recovered', stray.name],
      ['master-link', stray.name],
      ['agent-inactive', stage.agentName(0)],
      ['check-agent-state', stage.agentName(0)],
      ['agent-resources-detected', null],
      ['framework-twice', null],
      ['framework-disconnected', null],
      ['framework-checkpoint', null],
      ['framework-failover-timeout', null],
    ]);
    stage.expect(await stage.survey({ ...stage.config, masters: [leader] }), [['quorum-flag', leader.name]]);
  });
}

/** Without its replicated log, and with the URL of an ensemble that is not there. */
async function strayMaster({ lab }: PreflightLab, name: string): Promise<void> {
  const host = lab.host(name);
  await host.supervisor.stop(MASTER);
  host.write('etc/mesos/zk', `zk://${host.address}:1/mesos\n`);
  host.write('etc/mesos-master/registry', 'in_memory\n');
  rmSync(host.path('var/lib/mesos/replicated_log'), { recursive: true });
  await host.supervisor.start(MASTER);
}

/** The second scheduler dies, and starts anew by the name of the first, ready to lose everything. */
async function secondScheduler(stage: PreflightLab): Promise<void> {
  const host = stage.lab.host('framework2');
  const text = host.read(UNIT_FILE);
  assert.match(text, /--failover_timeout_secs=604800 --checkpoint=true/);
  host.write(UNIT_FILE, text.replace('Restart=always', 'Restart=no'));
  host.supervisor.daemonReload();
  host.supervisor.service(FRAMEWORK).kill('SIGKILL', 'main');
  await stage.untilRegistered('the second scheduler is disconnected', ({ frameworks }) =>
    frameworks.some(({ connected }) => !connected),
  );
  rmSync(host.path('var/lib/lab-framework'), { recursive: true });
  host.makeFolder('var/lib/lab-framework');
  host.write(
    UNIT_FILE,
    text
      .replace('--name=lab-framework-2', '--name=lab-framework')
      .replace('--failover_timeout_secs=604800 --checkpoint=true', '--failover_timeout_secs=0 --checkpoint=false'),
  );
  host.supervisor.daemonReload();
  await host.supervisor.start(FRAMEWORK);
  await stage.untilRegistered('there are three schedulers', ({ frameworks }) => frameworks.length === 3);
}

/** An agent that is told no resources starts anew, under another id. */
async function agentWithoutResources(stage: PreflightLab): Promise<void> {
  const host = stage.agentHost(1);
  const before = new Set((await stage.registered())?.agents.map(({ id }) => id));
  assert.equal(before.size, 2);
  await host.supervisor.stop(AGENT);
  rmSync(host.path('etc/mesos-slave/resources'));
  rmSync(host.path('var/lib/mesos'), { recursive: true });
  host.makeFolder('var/lib/mesos');
  await host.supervisor.start(AGENT);
  await stage.untilRegistered('the agent is there under another id', ({ agents }) =>
    agents.some(({ id }) => !before.has(id)),
  );
}
