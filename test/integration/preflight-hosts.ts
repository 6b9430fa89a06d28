import { renameSync, rmSync, utimesSync } from 'node:fs';
import type { PreflightLab } from './preflight-lab.js';

/** Units, files and folders of the hosts. */
export function hostChecks(running: () => PreflightLab): void {
  it('looks at units, files and folders of every host', async () => {
    const stage = running();
    const { config, lab } = stage;
    const [m1, m2, m3, a1, o2, o3, t3] = [
      lab.host('master1'),
      lab.host('master2'),
      lab.host('master3'),
      stage.agentHost(0),
      lab.host('observer2'),
      lab.host('observer3'),
      lab.host('target3'),
    ];
    const drop = (unit: string, text: string) => [`etc/systemd/system/${unit}.service.d/50-test.conf`, text] as const;
    const sleeper = '[Service]\nExecStart=/bin/sleep 600\n\n[Install]\nWantedBy=multi-user.target\n';
    const written = [
      [m1, 'etc/mesos-master/zk', 'zk://127.0.0.1:2181/mesos'],
      [m1, 'var/lib/zkferry/lab/generation', 'other 1'],
      [m1, 'etc/systemd/system/puppet.service', sleeper],
      [m2, 'etc/systemd/system/marathon.service', sleeper],
      [m3, ...drop('mesos-master', '[Service]\nRestart=no\n')],
      [a1, ...drop('mesos-slave', '[Service]\nKillMode=control-group\n')],
      [a1, 'etc/systemd/system/mesos-master.service', sleeper],
      [a1, 'etc/mesos-slave/attributes', 'lab:changed'],
      [o3, 'usr/bin/df', '#!/bin/sh\necho x; echo "a b c 1000 e f"\n'],
    ] as const;
    const attributes = a1.read('etc/mesos-slave/attributes');
    for (const [at, path, text] of written) at.write(path, text, path.startsWith('usr/') ? 0o755 : 0o644);
    const soon = Date.now() / 1000 + 60;
    utimesSync(a1.path('etc/mesos-slave/attributes'), soon, soon);
    for (const at of [m1, m2, m3, a1]) at.supervisor.daemonReload();
    m2.supervisor.setEnabled('marathon', true);
    a1.supervisor.setEnabled('mesos-master', true);
    await m1.supervisor.service('puppet').start();
    const zooCfg = t3.path('etc/zookeeper/conf/zoo.cfg');
    renameSync(zooCfg, `${zooCfg}.away`);
    renameSync(o2.path('etc'), o2.path('etc.away'));
    try {
      stage.expect(await stage.survey({ ...config, target: { ...config.target, allowRestart: false } }), [
        ['epoch-low', null],
        ['master-url-twice', 'master1'],
        ['residue', 'master1'],
        ['configuration-management', 'master1'],
        ['shared-master-url', 'master2'],
        ['no-restart', 'master3'],
        ['kill-mode', stage.agentName(0)],
        ['stray-master', stage.agentName(0)],
        ['agent-flags-changed', stage.agentName(0)],
        ['disk-full', 'observer3'],
        ['no-privilege', 'observer2'],
        ['settings-unknown', 'target3'],
      ]);
    } finally {
      renameSync(o2.path('etc.away'), o2.path('etc'));
      renameSync(`${zooCfg}.away`, zooCfg);
      await m1.supervisor.service('puppet').stop();
      m2.supervisor.setEnabled('marathon', false);
      a1.supervisor.setEnabled('mesos-master', false);
      for (const [at, path] of written) rmSync(at.path(path));
      rmSync(m1.path('var/lib/zkferry'), { recursive: true });
      a1.write('etc/mesos-slave/attributes', attributes);
      const before = Date.now() / 1000 - 600;
      utimesSync(a1.path('etc/mesos-slave/attributes'), before, before);
      for (const at of [m1, m2, m3, a1]) at.supervisor.daemonReload();
    }
  });
}
