import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseTimeSpan } from '../../lab/hosts/duration.js';
import { parseSystemctlArguments } from '../../lab/hosts/systemctl-arguments.js';
import { readUnit, signalName } from '../../lab/hosts/unit-file.js';
import { expandWords, splitWords } from '../../lab/hosts/words.js';

describe('unit files of the lab', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'zkferry-units-'));
  });
  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };

  it('take systemd’s defaults where a file says nothing', () => {
    write('etc/systemd/system/a.service', '[Service]\nExecStart=/bin/true\n');
    const unit = readUnit(root, 'a.service');
    assert.equal(unit.loadState, 'loaded');
    assert.deepEqual(
      [unit.restart, unit.restartMs, unit.killMode, unit.killSignal, unit.timeoutStopMs, unit.startLimitBurst],
      ['no', 100, 'control-group', 'SIGTERM', 90_000, 5],
    );
  });

  it('let drop-ins override in the order of their names, and add conditions', () => {
    write(
      'etc/systemd/system/a.service',
      '[Unit]\nConditionPathExists=/a\n[Service]\nExecStart=/bin/a\nRestartSec=20\n',
    );
    write('etc/systemd/system/a.service.d/90-z.conf', '[Service]\nRestartSec=3\n[Unit]\nConditionPathExists=!/held\n');
    write('etc/systemd/system/a.service.d/10-y.conf', '[Service]\nRestartSec=7\nRestart=always\n');
    const unit = readUnit(root, 'a.service');
    assert.equal(unit.restartMs, 3_000);
    assert.equal(unit.restart, 'always');
    assert.deepEqual(unit.conditions, [
      { path: '/a', negated: false, trigger: false },
      { path: '/held', negated: true, trigger: false },
    ]);
    assert.deepEqual(
      unit.dropInPaths.map((path) => path.slice(-9)),
      ['10-y.conf', '90-z.conf'],
    );
  });

  it('clear a list with an empty assignment and refuse a second command', () => {
    write('etc/systemd/system/a.service', '[Service]\nExecStart=/bin/a\n');
    write('etc/systemd/system/a.service.d/x.conf', '[Service]\nExecStart=\nExecStart=/bin/b \\\n  two\n');
    assert.deepEqual(splitWords(readUnit(root, 'a.service').execStart), ['/bin/b', 'two']);
    write('etc/systemd/system/a.service.d/x.conf', '[Service]\nExecStart=/bin/b\n');
    assert.equal(readUnit(root, 'a.service').loadState, 'bad-setting');
  });

  it('tell a missing unit from a masked one', () => {
    assert.equal(readUnit(root, 'none.service').loadState, 'not-found');
    mkdirSync(join(root, 'etc/systemd/system'), { recursive: true });
    symlinkSync('/dev/null', join(root, 'etc/systemd/system/m.service'));
    assert.equal(readUnit(root, 'm.service').loadState, 'masked');
  });

  it('prefer /etc over /lib', () => {
    write('lib/systemd/system/a.service', '[Service]\nExecStart=/bin/lib\n');
    write('etc/systemd/system/a.service', '[Service]\nExecStart=/bin/etc\n');
    assert.equal(readUnit(root, 'a.service').execStart, '/bin/etc');
  });
});

describe('systemd’s small languages', () => {
  it('read time spans; bare numbers are seconds', () => {
    assert.deepEqual(['20', '100ms', '1min 30s', '2h', 'infinity', 'soon', ''].map(parseTimeSpan), [
      20_000,
      100,
      90_000,
      7_200_000,
      Infinity,
      null,
      null,
    ]);
  });

  it('split words at white space outside quotes', () => {
    assert.deepEqual(splitWords(`/bin/sh -c 'a "b"  c' "d e"f x\\ y ''`), [
      '/bin/sh',
      '-c',
      'a "b"  c',
      'd ef',
      'x y',
      '',
    ]);
  });

  it('expand variables inside words, and split a word that is nothing but one', () => {
    const environment = { A: 'x y', B: '' };
    assert.deepEqual(expandWords(['--a=${A}', '$A', '$B', '${B}', '$$A', '$1;'], environment), [
      '--a=x y',
      'x',
      'y',
      '',
      '$A',
      '$1;',
    ]);
  });

  it('name signals by number, short and long name', () => {
    assert.deepEqual(['9', 'KILL', 'SIGTERM', 'NOPE'].map(signalName), ['SIGKILL', 'SIGKILL', 'SIGTERM', null]);
  });

  it('read options wherever they stand', () => {
    const call = parseSystemctlArguments([
      'show',
      'a',
      '-pMainPID,Id',
      '--property=Result',
      '--value',
      'b',
      '--no-pager',
    ]);
    assert.deepEqual(
      [call.verb, call.units, call.properties, call.value],
      ['show', ['a', 'b'], ['MainPID', 'Id', 'Result'], true],
    );
    const kill = parseSystemctlArguments(['kill', '-s', 'KILL', '--kill-who=main', 'a']);
    assert.deepEqual([kill.signal, kill.killWho], ['KILL', 'main']);
    assert.match(parseSystemctlArguments(['--bogus', 'start', 'a']).error ?? '', /unrecognized option '--bogus'/);
  });
});
