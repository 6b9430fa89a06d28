import assert from 'node:assert/strict';
import type { Migration } from '../../lab/stage/migration.js';
import type { MigrationStatus } from '../../src/domain/status.js';
import { until } from '../e2e/lab-facts.js';
import { ObserversLab } from '../e2e/observers-lab.js';

/** The lab's masters give an agent up after 15 s × 5. */
const GIVEN_UP_MS = 150_000;

/** A host that dies for good while its agent is on the observers, and the migration stands at gate cut-over. */
describe('an agent that dies for good', function () {
  this.timeout(400_000);
  let lab: ObserversLab;
  let migration: Migration;
  /** A discovered agent goes by the hostname that it registered with. */
  let name: string;

  before(async () => {
    lab = await ObserversLab.start({ agents: 3 });
    migration = await lab.atCutOver();
    name = lab.lab.json.agents.find((agent) => agent.name === 'agent3')?.host ?? '';
  });
  after(() => lab?.stop());

  it('shuts the gate once no master lists it any more, and is given up by name', async () => {
    await lab.lab.host('agent3').powerOff();
    await until(
      async () => {
        const leader = await lab.leader();
        const { host, httpPort } = lab.lab.json.masters.find((master) => master.name === leader) ?? {};
        const answer = await fetch(`http://${host ?? ''}:${String(httpPort)}/slaves`);
        const { slaves } = (await answer.json()) as { slaves: { hostname: string }[] };
        return slaves.length === 2 && slaves.every(({ hostname }) => hostname !== name);
      },
      'the masters give agent3 up',
      { patienceMs: GIVEN_UP_MS },
    );
    await migration.approve('cut-over', 'ann');
    const asked = await migration.until((s) => s.state === 'awaiting-decision');
    const open = openIncident(asked);
    assert.equal(open.code, 'FERRY_PREFLIGHT', JSON.stringify(open));
    assert.equal(open.host, name);
    assert.match(open.message, /agent-gone/);
    assert.equal(asked.window?.openedAt ?? null, null);
    await migration.say('decide', { incident: open.id, action: 'skip', by: 'ann' });
  });

  it('costs no other agent anything: the rest arrives on target', async () => {
    const status = await migration.until(
      (s) => (s.window?.openedAt ?? null) !== null || s.state === 'awaiting-approval',
    );
    // Whether the approval of before still holds is for the plan's hash to say.
    if (status.state === 'awaiting-approval') await migration.approve('cut-over', 'ann');
    await migration.atGate('complete', { patienceMs: 120_000 });
    for (const other of ['observer1', 'observer2', 'observer3']) assert.equal(lab.standing(other), 'target');
    await migration.approve('complete', 'ann');
    // What is on its host cannot be taken away, and is asked about by name when all else is done.
    const left = openIncident(await migration.until((s) => s.state === 'awaiting-decision'));
    assert.equal(left.host, name, JSON.stringify(left));
    await migration.say('decide', { incident: left.id, action: 'skip', by: 'ann' });
    const { state } = await migration.result();
    assert.equal(state, 'migrated');
    await lab.mastersWhole();
    await lab.judged({ agents: ['agent3'], tasksOfAgents: ['agent3'] });
  });

  function openIncident({ incidents }: MigrationStatus): MigrationStatus['incidents'][number] {
    const open = incidents.find(({ closedAt }) => closedAt === null);
    assert.ok(open, 'an incident is open');
    return open;
  }
});
