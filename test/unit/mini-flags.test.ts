import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatDuration, parseDuration } from '../../lab/mesos/duration.js';
import { parseFlags } from '../../lab/mesos/flags.js';
import { AGENT_FLAGS } from '../../lab/mesos/agent/agent-flags.js';
import { MASTER_FLAGS } from '../../lab/mesos/master/master-flags.js';

const zk = '--zk=zk://127.0.0.1:2181/mesos';

describe('flags of the miniature Mesos', () => {
  it('shows defaults and given values as strings', () => {
    const flags = parseFlags(MASTER_FLAGS, [zk, '--quorum=2'], {});
    assert.equal(flags.shown()['quorum'], '2');
    assert.equal(flags.shown()['agent_ping_timeout'], '15secs');
    assert.equal(flags.shown()['max_agent_ping_timeouts'], '5');
    assert.equal(flags.shown()['zk'], 'zk://127.0.0.1:2181/mesos');
    assert.equal(flags.durationMs('agent_reregister_timeout'), 600_000);
  });

  it('refuses the same flag twice with the text of Mesos', () => {
    assert.throws(() => parseFlags(MASTER_FLAGS, [zk, zk], {}), /^Error: Flag 'zk' is already loaded via name 'zk'$/);
  });

  it('refuses a flag given by both of its names', () => {
    const both = ['--agent_ping_timeout=20secs', '--slave_ping_timeout=20secs'];
    const text = "Flag 'slave_ping_timeout' is already loaded via name 'agent_ping_timeout'";
    assert.throws(() => parseFlags(MASTER_FLAGS, both, {}), { message: text });
  });

  it('reports an alias under the name that was used', () => {
    const { shown } = { shown: parseFlags(MASTER_FLAGS, ['--slave_ping_timeout=20secs'], {}).shown() };
    assert.equal(shown['slave_ping_timeout'], '20secs');
    assert.equal('agent_ping_timeout' in shown, false);
  });

  it('hides what a file holds for zk, and reads every other file', () => {
    const dir = mkdtempSync(join(tmpdir(), 'mini-flags-'));
    writeFileSync(join(dir, 'zk'), 'zk://user:secret@127.0.0.1:2181/mesos\n');
    writeFileSync(join(dir, 'quorum'), '3\n');
    const flags = parseFlags(MASTER_FLAGS, [`--zk=file://${dir}/zk`, `--quorum=file://${dir}/quorum`], {});
    assert.equal(flags.shown()['zk'], `${dir}/zk`);
    assert.equal(flags.string('zk'), `file://${dir}/zk`);
    assert.equal(flags.number('quorum'), 3);
  });

  it('lets the command line win over the environment', () => {
    const env = { MESOS_QUORUM: '1', MESOS_CLUSTER: 'blue', MESOS_WHATEVER: 'x' };
    const flags = parseFlags(MASTER_FLAGS, ['--quorum=2'], env);
    assert.equal(flags.number('quorum'), 2);
    assert.equal(flags.string('cluster'), 'blue');
  });

  it('refuses a re-registration timeout below ten minutes', () => {
    const text = "Invalid value '5mins' for --agent_reregister_timeout: Must be at least 10mins";
    assert.throws(() => parseFlags(MASTER_FLAGS, ['--agent_reregister_timeout=5mins'], {}), { message: text });
  });

  it('negates booleans with no- and refuses that for others', () => {
    assert.equal(parseFlags(AGENT_FLAGS, ['--no-strict'], {}).bool('strict'), false);
    assert.equal(parseFlags(AGENT_FLAGS, ['--strict'], {}).bool('strict'), true);
    assert.throws(() => parseFlags(AGENT_FLAGS, ['--no-port'], {}), /Failed to load non-boolean flag 'port'/);
    assert.throws(() => parseFlags(AGENT_FLAGS, ['--nonsense=1'], {}), /Failed to load unknown flag 'nonsense'/);
  });

  it('writes durations as Mesos does', () => {
    assert.equal(formatDuration(75_000), '1.25mins');
    assert.equal(formatDuration(60_000), '1mins');
    assert.equal(formatDuration(20_000), '20secs');
    assert.equal(formatDuration(1.5), '1.5ms');
    assert.equal(parseDuration('10mins'), 600_000);
    assert.equal(parseDuration('10'), null);
    assert.equal(parseDuration('10m'), null);
  });
});
