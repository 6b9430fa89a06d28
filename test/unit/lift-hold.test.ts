import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHostActivities } from '../../activities/hosts/index.js';
import type { Ports } from '../../activities/ports.js';
import { BareHost } from '../fakes/bare-host.js';
import { LocalShell } from '../fakes/local-shell.js';
import { aConfig } from '../fakes/plans.js';

describe('the end of a hold', () => {
  const config = aConfig();
  const hosts = createHostActivities({ shell: new LocalShell() } as unknown as Ports);
  const access = { ssh: config.ssh, credentials: config.credentials };
  const step = (generation: number) => ({ access, fence: { cluster: 'c', migration: 'm', generation } });

  it('starts no master whose file has changed since it was moved, for it could lead on the other side', async () => {
    const bare = new BareHost();
    try {
      const host = { ...(config.masters[0] ?? assert.fail()), root: bare.root };
      const state = 'var/lib/zkferry/c';
      const file = `${bare.root}/etc/mesos/zk`;
      await hosts.adoptHost({ ...step(1), host });
      bare.write('etc/mesos/zk', 'zk://observers:2181/mesos\n');
      // As repointing leaves it.
      const sum = execFileSync('sh', ['-c', `cksum < ${file} | tr ' ' '-'`], { encoding: 'utf8' }).trim();
      bare.write(`${state}/place-zookeeper`, `${file}\n`);
      bare.write(`${state}/applied-zookeeper`, `${sum} 1 7-1\n`);
      await hosts.prepareHold({ ...step(2), host, unit: 'zookeeper' });
      await hosts.holdUnit({ ...step(2), host, unit: 'zookeeper', deadline: null });
      bare.write('etc/mesos/zk', 'zk://source:2181/mesos\n');
      const lift = (generation: number) =>
        hosts.liftHold({ ...step(generation), host, unit: 'zookeeper', start: true, deadline: null });
      await assert.rejects(lift(3), { code: 'FERRY_HOST_STEP', retryable: false, message: /has changed since/ });
      assert.ok(!('up' in bare.files()) && `${state}/held-zookeeper` in bare.files());
      bare.write('etc/mesos/zk', 'zk://observers:2181/mesos\n');
      await lift(4);
      assert.ok('up' in bare.files() && !(`${state}/held-zookeeper` in bare.files()));
    } finally {
      bare.remove();
    }
  });
});
