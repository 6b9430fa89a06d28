import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { EnvFileError, readEnvValue, setEnvValue } from '../../src/domain/env-file.js';

const otherLine = fc.oneof(
  fc.constantFrom(
    '',
    '# MASTER=commented',
    'LOGS=/var/log/mesos',
    'export ULIMIT="-n 8192"',
    'ZK=`cat /etc/mesos/zk`',
    '\t',
    'A=1\r',
  ),
  fc.stringMatching(/^[A-Z]{1,6}=[a-z0-9/]{0,10}$/).filter((line) => !line.startsWith('MASTER=')),
);
const assignment = fc.constantFrom(
  'MASTER=zk://a:1/m',
  'export MASTER="zk://a:1/m"',
  "  MASTER='x y'  # why",
  'MASTER=`cat /etc/mesos/zk`',
  'MASTER=$(cat "/etc/mesos/zk")',
  'MASTER="${OTHER:-x}"',
  'MASTER=\r',
);
const value = fc.string({ unit: 'grapheme-ascii' }).filter((text) => !/[\r\n\0]/.test(text));

describe('setEnvValue', () => {
  it('changes the one line and keeps every other byte for byte; the value reads back', () => {
    fc.assert(
      fc.property(fc.array(otherLine), assignment, fc.array(otherLine), value, (before, line, after, next) => {
        const edited = setEnvValue([...before, line, ...after].join('\n'), 'MASTER', next).split('\n');
        assert.deepEqual(edited.slice(0, before.length), before);
        assert.deepEqual(edited.slice(before.length + 1), after);
        assert.deepEqual(readEnvValue(edited.join('\n'), 'MASTER'), { kind: 'literal', value: next });
      }),
    );
  });

  it('adds a missing variable as a last line of its own', () => {
    assert.equal(setEnvValue('', 'MASTER', 'x'), 'MASTER=x\n');
    assert.equal(setEnvValue('A=1', 'MASTER', 'x'), 'A=1\nMASTER=x\n');
    assert.equal(setEnvValue('A=1\n', 'MASTER', 'x'), 'A=1\nMASTER=x\n');
  });

  it('keeps export, indentation and a Windows line end', () => {
    assert.equal(setEnvValue('  export MASTER=a\r\nB=1\r\n', 'MASTER', 'b'), '  export MASTER=b\r\nB=1\r\n');
  });

  it('replaces a computed value as a whole', () => {
    assert.equal(setEnvValue('ZK=`cat /etc/mesos/zk`\n', 'ZK', 'zk://a:1/m'), 'ZK=zk://a:1/m\n');
    assert.equal(setEnvValue('ZK=$(cat $(echo /etc/zk))\n', 'ZK', 'zk://a:1/m'), 'ZK=zk://a:1/m\n');
  });

  it('writes what a shell that sources the file reads back', () => {
    const values = [`zk://u:p@ss@a:1,b:2/m`, `it's`, `a "b" $HOME \`id\` \\`, `it's "$HOME"`, '~/x:~', 'a;b&c'];
    for (const one of values) {
      const file = setEnvValue('', 'MASTER', one);
      const script = `${file}printf %s "$MASTER"`;
      assert.equal(execFileSync('/bin/sh', ['-s'], { input: script, encoding: 'utf8' }), one);
    }
  });

  const refused: readonly (readonly [string, string, RegExp])[] = [
    ['a variable assigned twice', 'MASTER=a\nexport MASTER=b\n', /line 1 and again in line 2/],
    ['a second assignment inside another line', 'MASTER=a\n[ -f x ] && MASTER=b\n', /line 2 .*beside something else/],
    ['an assignment by +=', 'MASTER+=a\n', /appends/],
    ['a line that assigns two variables', 'MASTER=a OTHER=b\n', /beside something else/],
    ['a line that goes on with a command', 'MASTER=a;OTHER=b\n', /goes on with ;/],
    ['a quote over two lines', 'MASTER="a\nb"\n', /quote is not closed/],
    ['a continued line', 'MASTER=a\\\nb\n', /next line/],
  ];
  for (const [what, text, message] of refused) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => setEnvValue(text, 'MASTER', 'x'),
        (error) => error instanceof EnvFileError && message.test(error.message),
      );
    });
  }

  it('is not confused by longer names that end or begin alike', () => {
    const text = 'MESOS_MASTER=a\nMASTER_X=b\n';
    assert.deepEqual(readEnvValue(text, 'MASTER'), { kind: 'absent' });
    assert.equal(setEnvValue(text, 'MASTER', 'c'), `${text}MASTER=c\n`);
  });

  it('refuses a value over several lines', () => {
    assert.throws(() => setEnvValue('', 'MASTER', 'a\nb'), EnvFileError);
  });
});

describe('readEnvValue', () => {
  it('tells literal, computed and absent values apart', () => {
    assert.deepEqual(readEnvValue(`A='x'"y"z\\ w # note`, 'A'), { kind: 'literal', value: 'xyz w' });
    assert.deepEqual(readEnvValue('A=x`id`', 'A'), { kind: 'computed' });
    assert.deepEqual(readEnvValue('# A=x', 'A'), { kind: 'absent' });
  });
});
