import assert from 'node:assert/strict';
import { zookeeperVersions } from '../../lab/zookeeper/versions.js';
import { PreflightLab } from '../integration/preflight-lab.js';

describe('preflight with the oldest ZooKeeper of the lab', function () {
  this.timeout(180_000);
  let stage: PreflightLab;

  before(async () => {
    const [zookeeper = ''] = zookeeperVersions;
    assert.match(zookeeper, /^3\.4\./);
    stage = await PreflightLab.start({ zookeeper, agents: 1, frameworks: 1 });
  });
  after(() => stage?.stop());

  it('says that nothing proves without writing that ACLs are enforced, and blocks nothing', async () => {
    const findings = await stage.survey(stage.dual);
    const unproved = findings
      .filter(({ id }) => id === 'acls-unproved')
      .map(({ seen }) => /source|target/.exec(seen)?.[0]);
    assert.deepEqual(unproved.sort(), ['source', 'target']);
    assert.deepEqual(
      findings.filter(({ verdict }) => verdict === 'block'),
      [],
    );
  });
});
