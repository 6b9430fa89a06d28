import assert from 'node:assert/strict';
import { ipNumber, ipText, masterInfo, sameMaster } from '../../lab/mesos/zk/master-info.js';
import { parseMasterInfo } from '../../lab/mesos/zk/parse-master-info.js';

describe('what a master says of itself', () => {
  const info = masterInfo({
    ip: '10.0.0.1',
    port: 5050,
    hostname: 'm1.example.com',
    id: '310ffdac-0b73-408d-acf0-2adcd21cb4b7',
    version: '1.11.0',
  });
  const body = Buffer.from(JSON.stringify(info));

  it('is written as a real master writes it, key by key', () => {
    assert.equal(
      body.toString(),
      '{"address":{"hostname":"m1.example.com","ip":"10.0.0.1","port":5050},' +
        '"capabilities":[{"type":"AGENT_UPDATE"},{"type":"AGENT_DRAINING"},{"type":"QUOTA_V2"}],' +
        '"hostname":"m1.example.com","id":"310ffdac-0b73-408d-acf0-2adcd21cb4b7","ip":16777226,' +
        '"pid":"master@10.0.0.1:5050","port":5050,"version":"1.11.0"}',
    );
  });

  it('holds the address as a number whose lowest byte comes first', () => {
    assert.equal(ipNumber('10.0.0.1'), 16777226);
    assert.equal(ipText(16777226), '10.0.0.1');
    assert.equal(ipText(ipNumber('127.0.0.255')), '127.0.0.255');
  });

  it('makes a restarted master another one, and ignores what Mesos does not compare', () => {
    assert.equal(sameMaster(info, { ...info, capabilities: [] }), true);
    assert.equal(sameMaster(info, { ...info, id: 'other' }), false);
    assert.equal(sameMaster(info, { ...info, hostname: 'm2' }), false);
    assert.equal(sameMaster(info, { ...info, version: '1.10.0' }), false);
    assert.equal(sameMaster(info, { ...info, domain: { fault_domain: {} } }), false);
    assert.equal(sameMaster(info, null), false);
    assert.equal(sameMaster(null, null), true);
  });

  it('is read back by label', () => {
    assert.deepEqual(parseMasterInfo('json.info', body), info);
    const old = parseMasterInfo(null, Buffer.from('master@10.0.0.1:5050'));
    assert.deepEqual([old.ip, old.port, old.pid], [16777226, 5050, 'master@10.0.0.1:5050']);
  });

  it('is refused under other labels, and when it is not what the label promises', () => {
    assert.throws(() => parseMasterInfo('foo', body), { message: "Failed to parse data of unknown label 'foo'" });
    assert.throws(() => parseMasterInfo('info', body), { message: 'Failed to parse data into MasterInfo' });
    assert.throws(() => parseMasterInfo('json.info', Buffer.alloc(0)), /Failed to parse data into valid JSON: /);
    assert.throws(() => parseMasterInfo('json.info', Buffer.from('[]')), /Failed to parse data into valid JSON: /);
    for (const field of ['id', 'ip', 'port'] as const) {
      const rest: Record<string, unknown> = { ...info };
      delete rest[field];
      assert.throws(
        () => parseMasterInfo('json.info', Buffer.from(JSON.stringify(rest))),
        new RegExp(`^Error: Failed to parse JSON into a valid MasterInfo protocol buffer: .*\\b${field}\\b`),
      );
    }
  });
});
