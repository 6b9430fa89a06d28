import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { faultLine } from '../../src/cli/read-config.js';
import { parseConfig } from '../../src/config/load-config.js';
import { fixturePath } from './fixture-path.js';

const minimal = readFileSync(fixturePath('minimal-cluster.yaml'), 'utf8');

/** What stands in a config, what somebody wrote instead, and what is said: place, field, reason, what to do. */
const broken: readonly (readonly [from: string, to: string, said: string])[] = [
  ['cluster: prod', 'cluster: Prod 1', '1:10 cluster: must be made of lower-case letters, digits and dashes'],
  [
    'strategy: observers',
    'strategy: observer',
    '2:11 strategy: must be one of observers, dual-publishing (did you mean observers?)',
  ],
  ['policy: {}', 'policy: { sook: 10m }', '19:11 policy.sook: unknown key "sook" (did you mean soak?)'],
  ['discover: true', 'discover: yes', '13:13 agents.discover: must be true or false (write true)'],
  [
    'discover: true',
    'discover: false',
    '12:1 agents.hosts: must name every agent when discover is false (or set discover: true)',
  ],
  [
    'policy: {}',
    'policy: { soak: 600 }',
    '19:17 policy.soak: must be a duration with its unit, such as 75s, 10m or 500ms',
  ],
  [
    'policy: {}',
    'policy: { retireObservers: true }',
    '19:28 policy.retireObservers: needs settle: true, or every client still depends on the observers',
  ],
  [
    'id: 101',
    'id: 3',
    '8:29 observers[0].id: must be above every id of source and target (highest: 3), or servers before 3.5 never let it join (for example 101)',
  ],
  [
    '10.0.2.1',
    '10.0.1.1',
    '7:13 target.servers[0].clientPort: 10.0.1.1:2181 is also used by source.servers[0] (give one of them another address or port)',
  ],
  [
    'identity: agent',
    'identity: /etc/zkferry/id_rsa',
    '18:29 ssh.identity: must be file:PATH of a private key, or agent for SSH_AUTH_SOCK',
  ],
  [
    'policy: {}',
    'credentials: { source: "ferry:S3CRET" }\npolicy: {}',
    '19:24 credentials.source: must be a reference, file:PATH or env:NAME; a secret has no place in this file',
  ],
  ['10.0.4.1 }', '10.0.4.1:5050 }', '10:26 masters[0].address: must be an IP address or a host name, without a port'],
  [
    'name: m1',
    'name: s1',
    '10:13 masters[0].name: the name s1 is taken by source.servers[0]; names are unique in the whole config (give it another name)',
  ],
];

describe('a config with one mistake', () => {
  for (const [from, to, said] of broken) {
    it(`is told where and what: ${to.split('\n')[0] ?? ''}`, () => {
      assert.equal(minimal.split(from).length, 2, `${from} stands there once`);
      const loaded = parseConfig(minimal.replace(from, to), 'cluster.yaml');
      const lines = loaded.ok ? [] : loaded.errors.map(faultLine);
      assert.equal(lines[0], `cluster.yaml:${said}`);
      // A colliding server collides in all that it has; everything else is one fault.
      if (to !== '10.0.1.1') assert.equal(lines.length, 1, lines.join('\n'));
    });
  }
});
