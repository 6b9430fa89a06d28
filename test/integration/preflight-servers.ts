import assert from 'node:assert/strict';
import { utimesSync } from 'node:fs';
import type { LabHost } from '../../lab/hosts/host.js';
import { fourLetterWord, serverMode } from '../../lab/zookeeper/four-letter-word.js';
import { zooCfg } from '../../lab/zookeeper/zoo-cfg.js';
import type { ServerConfig } from '../../src/domain/config.js';
import { type PreflightLab, UNSET } from './preflight-lab.js';

const UNIT = 'zookeeper';
const FILE = 'etc/zookeeper/conf/zoo.cfg';

/** ZooKeeper servers: whether they serve, and what they run with. Target and `source3` run with other settings afterwards. */
export function serverChecks(running: () => PreflightLab): void {
  it('tells servers that do not serve, stand alone or only follow', async () => {
    const stage = running();
    const { config, dual, lab } = stage;
    const [alone, follower] = config.observers;
    assert.ok(alone && follower);
    const targets = targetsOf(stage);
    await Promise.all(targets.map((host) => host.supervisor.stop(UNIT)));
    for (const host of targets) {
      for (const epoch of ['acceptedEpoch', 'currentEpoch'])
        host.write(`var/lib/zookeeper/version-2/${epoch}`, '999950');
      host.write(FILE, `${host.read(FILE).replace('Cnxns=0', 'Cnxns=3')}maxSessionTimeout=10000\nskipACL=yes\n`);
    }
    writeServer(lab.host(alone.name), alone, []);
    writeServer(lab.host(follower.name), follower, config.source.servers);
    await Promise.all(
      [lab.host('target1'), lab.host(alone.name), lab.host(follower.name)].map((h) => h.supervisor.start(UNIT)),
    );
    const lonely = config.target.servers[0];
    assert.ok(lonely);
    await stage.until('one server serves alone, one follows, and one waits for the others', async () => {
      const modes = [await serverMode(alone.address, alone.clientPort), await serverMode(follower.address, 2181)];
      const answer = (await fourLetterWord(lonely.address, lonely.clientPort, 'srvr')) ?? 'nothing';
      const there = modes.join() === 'standalone,observer' && answer.includes('not currently serving');
      return there ? null : [...modes.map(String), answer].join(', ');
    });
    const { credentials } = config;
    const source = config.source.servers.map((one) => ({ ...one, clientPort: 1 }));
    // Each waits ten seconds for a session.
    const [silent, closed] = await Promise.all([
      stage.survey({
        ...dual,
        credentials: { ...credentials, target: UNSET },
        source: { servers: [...config.source.servers, follower] },
      }),
      stage.survey({
        ...dual,
        credentials: { ...credentials, source: UNSET },
        source: { servers: source },
        target: { ...config.target, servers: [alone] },
      }),
    ]);
    stage.expect(silent, [
      ['server-not-serving', 'target1'],
      ['server-is-observer', follower.name],
      ['check-target-tree', null],
      ['check-target-acls', null],
    ]);
    stage.expect(closed, [
      ['server-standalone', alone.name],
      ['check-source-tree', null],
      ['check-source-acls', null],
    ]);
    await Promise.all([alone, follower].map(({ name }) => lab.host(name).supervisor.stop(UNIT)));
  });

  it('reads what the servers run with, from their answers, files and processes', async () => {
    const stage = running();
    const { config, lab } = stage;
    const source3 = lab.host('source3');
    const program = 'usr/bin/zookeeper-server';
    source3.write(program, source3.read(program).replace(/\S*-Xmx96m\S*/, '$& -Djute.maxbuffer=4194304'), 0o755);
    await Promise.all([...targetsOf(stage), source3].map((host) => host.supervisor.restart(UNIT)));
    await Promise.all([stage.ensembleServes('source'), stage.ensembleServes('target')]);
    stage.expect(await stage.survey(stage.dual), [
      ['publisher-session', 'target2'],
      ['connection-limit', 'target2'],
      ['acls-not-enforced', null],
      ['jute-maxbuffer', 'target1'],
    ]);
    // As if it were to go back: source's epoch must be above the one written on target's servers.
    const back = { source: { servers: config.target.servers }, target: { ...config.target, ...config.source } };
    stage.expect(await stage.survey({ ...config, ...back }), [['epoch-limit', null]]);
    // Not started with these: some would keep it from its ensemble. The file alone tells.
    const target1 = lab.host('target1');
    const lines = [
      'localSessionsEnabled=true',
      'reconfigEnabled=true',
      'DigestAuthenticationProvider.digestAlg=SHA-256',
    ];
    target1.write(FILE, `${target1.read(FILE)}${lines.join('\n')}\n`);
    const soon = Date.now() / 1000 + 60;
    utimesSync(target1.path(FILE), soon, soon);
    const withLogin = { ...config, credentials: { ...config.credentials, source: config.credentials.publisher } };
    stage.expect(await stage.survey(withLogin), [
      ['setting-crashes-mesos', 'target1'],
      ['reconfig-differs', null],
      ['digest-algorithm', null],
      ['settings-changed', 'target1'],
    ]);
  });
}

function targetsOf({ lab, config }: PreflightLab): LabHost[] {
  return config.target.servers.map(({ name }) => lab.host(name));
}

/** It follows those who vote; without any it stands alone. */
function writeServer(host: LabHost, server: ServerConfig, voters: readonly ServerConfig[]): void {
  const extra: Record<string, string> = voters.length === 0 ? {} : { peerType: 'observer' };
  const dataDir = host.path('var/lib/zookeeper');
  const text = zooCfg({ id: server.id, servers: [...voters, server], dataDir, extra });
  host.write(FILE, voters.length === 0 ? text : `${text.trimEnd()}:observer\n`);
  host.write('var/lib/zookeeper/myid', `${String(server.id)}\n`);
}
