import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import type { ServerConfig } from '../../src/domain/config.js';
import { editZooCfg, observerZooCfg, readZooCfg, serverLinesOf, ZooCfgError } from '../../src/domain/zoo-cfg.js';
import { fixturePath } from './fixture-path.js';

const key = fc.constantFrom('tickTime', 'dataDir', 'server.1', '4lw.commands.whitelist', 'x');
const value = fc.stringMatching(/^[A-Za-z0-9/:.,*-]{1,15}$/);
const comment = fc.constantFrom('# a comment', '', '! another', '   ', '#x=1');

function aServer(id: number, fields: Partial<ServerConfig> = {}): ServerConfig {
  return {
    name: `server-${String(id)}`,
    address: `10.0.0.${String(id)}`,
    sshPort: 22,
    sshUser: 'ops',
    root: '',
    id,
    clientPort: 2181,
    quorumPort: 2888,
    electionPort: 3888,
    unit: 'zookeeper',
    configFile: '/etc/zookeeper/conf/zoo.cfg',
    dataDir: '/var/lib/zookeeper',
    dataLogDir: null,
    owner: null,
    ...fields,
  };
}
const participants = [3, 1, 2].map((id) => aServer(id));

describe('editZooCfg', () => {
  it('keeps every other line byte for byte, and what is set reads back', () => {
    const settings = fc.uniqueArray(fc.tuple(key, value), { selector: ([name]) => name });
    fc.assert(
      fc.property(settings, fc.array(comment), key, value, (pairs, comments, changed, next) => {
        const lines = [...comments, ...pairs.map(([name, text]) => `${name}=${text}`), ...comments];
        const edited = editZooCfg(lines.map((line) => `${line}\n`).join(''), { [changed]: next });
        assert.equal(readZooCfg(edited).get(changed), next);
        const isOther = (line: string): boolean => !line.startsWith(`${changed}=`);
        assert.deepEqual(edited.split('\n').filter(isOther), [...lines, ''].filter(isOther));
        const removed = editZooCfg(edited, { [changed]: null });
        assert.deepEqual(removed.split('\n'), [...lines, ''].filter(isOther));
      }),
    );
  });

  it('reads keys and values as Java reads properties', () => {
    const settings = readZooCfg('a=1\n b : 2\nc 3\n# d=4\n! e=5\nserver.1=h:1:2;3\r\n');
    assert.deepEqual(
      [...settings],
      [
        ['a', '1'],
        ['b', '2'],
        ['c', '3'],
        ['server.1', 'h:1:2;3'],
      ],
    );
  });

  it('refuses a key set twice, naming both lines', () => {
    assert.throws(() => editZooCfg('a=1\nb=2\na=3\n', { b: '4' }), /a is set in line 1 and again in line 3/);
  });

  it('refuses a continued line and a value that spans lines', () => {
    assert.throws(() => readZooCfg('a=1\\\n2\n'), ZooCfgError);
    assert.throws(() => editZooCfg('', { a: '1\nb=2' }), ZooCfgError);
  });
});

describe('serverLinesOf', () => {
  it('reads the list of servers by rising id, roles and IPv6 included', () => {
    const text = 'server.10=[fe80::1]:2888:3888:observer;2181\nserver.2=zk2:1:2\nserver.1=10.0.0.1:1:2:participant\n';
    assert.deepEqual(serverLinesOf(readZooCfg(text)), [
      { id: 1, address: '10.0.0.1', quorumPort: 1, electionPort: 2, role: 'participant' },
      { id: 2, address: 'zk2', quorumPort: 1, electionPort: 2, role: 'participant' },
      { id: 10, address: 'fe80::1', quorumPort: 2888, electionPort: 3888, role: 'observer' },
    ]);
  });

  it('refuses a line that is no server', () => {
    assert.throws(() => serverLinesOf(new Map([['server.1', 'host:2888']])), ZooCfgError);
  });
});

describe('observerZooCfg', () => {
  it('names all participants and itself, and is an observer', () => {
    const text = observerZooCfg({
      observer: aServer(101, { root: '/srv/o1', dataLogDir: '/var/log/zk' }),
      participants,
      reconfigEnabled: true,
    });
    assert.equal(text, readFileSync(fixturePath('observer.zoo.cfg'), 'utf8'));
  });

  it('keeps comments and foreign settings of a base file, but not its server list', () => {
    const base = readFileSync(fixturePath('base.zoo.cfg'), 'utf8');
    const text = observerZooCfg({ observer: aServer(101), participants, reconfigEnabled: false, base });
    assert.equal(text, readFileSync(fixturePath('observer-from-base.zoo.cfg'), 'utf8'));
  });

  it('gives the same file again when its own output is the base', () => {
    const given = { observer: aServer(101), participants, reconfigEnabled: false };
    const once = observerZooCfg(given);
    assert.deepEqual(readZooCfg(observerZooCfg({ ...given, base: once })), readZooCfg(once));
  });

  it('never lets an observer of a single participant start as a standalone server', () => {
    const text = observerZooCfg({ observer: aServer(101), participants: [aServer(1)], reconfigEnabled: false });
    assert.equal(readZooCfg(text).get('standaloneEnabled'), 'false');
  });
});
