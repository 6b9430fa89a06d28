import assert from 'node:assert/strict';
import { ELSEWHERE, type PreflightLab, UNSET, withServer } from './preflight-lab.js';

/** What a configuration and a cluster that do not fit each other make fire; the cluster is not touched. */
export function configurationChecks(running: () => PreflightLab): void {
  it('blocks nothing of a healthy cluster, whichever way it is to go', async () => {
    const stage = running();
    const { config } = stage;
    for (const one of [config, stage.dual]) {
      const findings = await stage.survey(one);
      assert.deepEqual(
        findings.filter(({ verdict }) => verdict === 'block'),
        [],
      );
      if (one === config)
        stage.expect(findings, [
          ['epoch-raise', null],
          ['budget', null],
        ]);
      stage.expect(findings, [
        ['removal-limit', 'master1'],
        ['executor-reregistration', stage.agentName(0)],
        ['agent-not-strict', stage.agentName(0)],
      ]);
    }
  });

  it('names what the configuration has forgotten or made up', async () => {
    const stage = running();
    const { config } = stage;
    const [framework] = config.frameworks;
    const [m1, m2, left] = await stage.mastersByRank();
    const ghost = stage.agents[0]?.agent;
    assert.ok(framework && m1 && m2 && left && ghost);
    const { timeouts } = config.policy;
    const findings = await stage.survey({
      ...config,
      masters: [m1, { ...m2, unit: 'nonesuch' }],
      agents: { ...config.agents, discover: false, hosts: [ghost, { ...ghost, name: 'ghost', httpPort: 1 }] },
      frameworks: [
        { ...framework, stop: 'unit' },
        { ...framework, name: 'ghost', instances: [] },
      ],
      target: { allowRestart: true, servers: withServer(config.target.servers, 0, { dataDir: '/srv/zookeeper' }) },
      observers: withServer(config.observers, 0, { sshPort: 1 }),
      policy: {
        ...config.policy,
        timeouts: { ...timeouts, sessionMs: 1_000, agentMs: 3_600_000, frameworkMs: 700_000_000 },
      },
    });
    stage.expect(findings, [
      ['masters-even', null],
      ['log-ensemble-size', m1.name],
      ['unknown-contender', null],
      ['unit-missing', m2.name],
      ['unit-not-running', m2.name],
      ['unknown-agent', stage.agentName(1)],
      ['agent-not-registered', 'ghost'],
      ['unknown-framework', null],
      ['framework-not-registered', null],
      ['framework-stop', null],
      ['framework-failover-short', null],
      ['agent-recovery-timeout', stage.agentName(0)],
      ['session-timeout', m1.name],
      ['session-minimum', 'target1'],
      ['data-folder', 'target1'],
      ['check-host', 'observer1'],
      // Whoever binds no address of his own comes from this one on Linux.
      ['unknown-client', '127.0.0.1'],
    ]);
  });

  it('names what the configuration points at in vain', async () => {
    const stage = running();
    const { config } = stage;
    await stage.inEnsemble('target', (session) =>
      session.create('/closed', Buffer.alloc(0), [{ permissions: 31, scheme: 'digest', id: 'nobody:x' }], 'persistent'),
    );
    const taken = config.source.servers[0];
    const [, , silent] = await stage.mastersByRank();
    assert.ok(taken && silent);
    const findings = await stage.survey({
      ...config,
      electionPath: '/closed',
      source: { servers: withServer(config.source.servers, 2, { clientPort: 1 }) },
      observers: withServer(config.observers, 0, { address: taken.address, root: taken.root }),
      masters: config.masters.map((one) => (one === silent ? { ...one, httpPort: 1 } : one)),
      agents: { ...config.agents, template: { ...config.agents.template, masterUrl: ELSEWHERE } },
      policy: { ...config.policy, timeouts: { ...config.policy.timeouts, sessionMs: 120_000 } },
    });
    await stage.inEnsemble('target', (session) => session.remove('/closed'));
    stage.expect(findings, [
      ['no-election', null],
      ['election-refused', null],
      ['unknown-subtree', null],
      ['master-url-not-source', 'master1'],
      ['runs-elsewhere', 'master1'],
      ['master-url-unreadable', stage.agentName(0)],
      ['check-master-version', silent.name],
      ['check-master-flags', silent.name],
      ['check-master-metrics', silent.name],
      ['budget', null],
      ['session-maximum', 'target1'],
      ['check-zookeeper-server', 'source3'],
      ['check-clients-of-source', null],
      ['unreachable-endpoint', 'observer2'],
      ['observer-running', 'observer1'],
      ['port-taken', 'observer1'],
      ['observer-has-data', 'observer1'],
    ]);
  });

  it('sees that two ensembles are none, and that no master leads', async () => {
    const stage = running();
    const { config } = stage;
    const findings = await stage.survey({
      ...stage.dual,
      credentials: { ...config.credentials, publisher: UNSET, mesos: UNSET },
      source: { servers: [...config.source.servers, ...config.target.servers] },
      masters: config.masters.slice(0, 1).map((one) => ({ ...one, httpPort: 1 })),
    });
    stage.expect(findings, [
      ['ensemble-leaders', null],
      ['leading-master', null],
      ['check-leading-master', null],
      ['check-publisher-key', null],
      ['check-credentials', null],
    ]);
  });
}
