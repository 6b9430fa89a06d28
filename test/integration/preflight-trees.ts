import assert from 'node:assert/strict';
import { OPEN } from '../fakes/fake-znode-store.js';
import { ELSEWHERE, type PreflightLab } from './preflight-lab.js';

/** What stands in both trees, and what is looked at once more before the window. */
export function treeChecks(running: () => PreflightLab): void {
  it('reads both trees', async () => {
    const stage = running();
    const { config } = stage;
    // Read and admin: nobody may create there, and the test may open it again.
    const closed = [{ permissions: 17, scheme: 'world', id: 'anyone' }];
    await stage.inEnsemble('source', (source) =>
      stage.inEnsemble('target', async (target) => {
        await source.create('/marathon', Buffer.alloc(0), OPEN, 'persistent');
        await source.create('/mesos/notes', Buffer.alloc(0), OPEN, 'persistent');
        await source.create('/mesos/info_0000000900', Buffer.from('x'), OPEN, 'persistent');
        await source.create(`/zkferry-${config.cluster}`, Buffer.from('{"migration":"other"}'), OPEN, 'persistent');
        await target.create(`/zkferry-marker-${config.cluster}`, Buffer.from('target other'), OPEN, 'persistent');
        await target.create(
          `/zkferry-publisher-${config.cluster}`,
          Buffer.from('{"migration":"other"}'),
          OPEN,
          'persistent',
        );
        await target.create('/mesos', Buffer.alloc(0), OPEN, 'persistent');
        await target.create('/mesos/json.info_0000000001', Buffer.from('{}'), OPEN, 'persistent');
        await target.setAcl('/mesos', closed, 0);
        try {
          stage.expect(await stage.survey(stage.dual), [
            ['unknown-subtree', null],
            ['election-strangers', null],
            ['contender-not-mirrored', null],
            ['contenders-in-source', null],
            ['target-has-contenders', null],
            ['parents-acl', null],
            ['locked', null],
            ['residue', 'target'],
          ]);
          const { plan } = await stage.activities.surveyAndPlan({ config: stage.dual });
          const again = await stage.activities.replan({ config: stage.dual, plan, migration: 'this one' });
          stage.expect(again.findings, [
            ['native-contender', null],
            ['master-url-not-target', 'framework1'],
            ['lock-lost', null],
          ]);
          const masters = config.masters.map((one) => ({ ...one, masterUrl: ELSEWHERE }));
          stage.expect(await stage.takeOver({ ...config, masters, observers: [] }, 'nobody'), [
            ['other-migration', null],
            ['nothing-to-take-over', null],
            ['take-over-strategy', null],
            ['way-back-through-the-window', null],
          ]);
        } finally {
          await target.setAcl('/mesos', OPEN, 1);
          for (const path of ['/marathon', '/mesos/notes', '/mesos/info_0000000900', `/zkferry-${config.cluster}`])
            await source.remove(path);
          const ours = ['marker', 'publisher'].map((what) => `/zkferry-${what}-${config.cluster}`);
          for (const path of ['/mesos/json.info_0000000001', '/mesos', ...ours]) await target.remove(path);
        }
      }),
    );
  });

  it('names before the window whoever was not moved, and what is gone', async () => {
    const stage = running();
    const { config } = stage;
    const { plan } = await stage.activities.surveyAndPlan({ config });
    const [agent] = plan.agents;
    assert.ok(agent);
    const lost = { ...plan, agents: [...plan.agents, { ...agent, id: 'another-id' }] };
    const again = await stage.activities.replan({ config, plan: lost, migration: 'this one' });
    const left = await stage.activities.findStragglers({ config, plan, twice: false });
    stage.expect(
      [...again.findings, ...left.findings],
      [
        ['epoch-not-above', null],
        ['master-url-not-observers', 'master1'],
        ['agent-gone', stage.agentName(0)],
        ['lock-lost', null],
        ['left-on-source', 'master1'],
      ],
    );
  });
}
