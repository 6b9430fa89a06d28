import assert from 'node:assert/strict';
import { CATALOGUE, type FindingId } from '../../src/domain/preflight/catalogue/index.js';
import { astrayChecks } from './preflight-astray.js';
import { configurationChecks } from './preflight-configuration.js';
import { hostChecks } from './preflight-hosts.js';
import { PreflightLab } from './preflight-lab.js';
import { serverChecks } from './preflight-servers.js';
import { treeChecks } from './preflight-trees.js';

/** Checks that no change of this lab makes fire, and why. Each fires in test/unit/catalogue.test.ts. */
const NOT_HERE: Partial<Record<FindingId, string>> = {
  'zookeeper-version': 'no such old server is among the versions of the lab',
  'acls-unproved': 'it takes ZooKeeper 3.4: see test/long/preflight-old-zookeeper.test.ts',
  'mesos-version': 'the miniature Mesos has one version',
  'older-mesos': 'the same',
  'late-agents-die': 'the same',
  'reboot-new-agent': 'the same',
  'agent-recover': 'an agent that cleans up ends at once',
  'tools-missing': 'all hosts of the lab share the tools of this machine',
  'endpoints-unchecked': 'the same',
  'master-url-changed': 'every process of the lab shows its URL on the command line',
  'plan-too-large': 'it takes thousands of agents: see test/unit/plan-size.test.ts',
  'temporal-timers': 'it takes a Temporal server: see test/workflow/migration.test.ts',
};

describe('preflight on a running cluster', function () {
  this.timeout(120_000);
  let stage: PreflightLab;
  before(async () => {
    stage = await PreflightLab.start();
  });
  after(() => stage?.stop());

  const running = (): PreflightLab => stage;
  configurationChecks(running);
  treeChecks(running);
  hostChecks(running);
  // These leave the lab as no operator would want it.
  serverChecks(running);
  astrayChecks(running);

  it('has made every check of the catalogue fire, but for those of which it says why not', () => {
    const silent = Object.keys(CATALOGUE).filter((id) => !stage.fired.has(id as FindingId));
    assert.deepEqual(silent.sort(), Object.keys(NOT_HERE).sort());
  });
});
