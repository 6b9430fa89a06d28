import { z } from 'zod';
import { BATCH_MAX } from '../domain/batches.js';
import { DEFAULTS } from './defaults.js';
import { hooks } from './schema-hooks.js';
import { duration, reference, text } from './schema-fields.js';

// The shape of cluster.yaml and of the workflow's input alike. No transforms and no defaults are
// applied here, so that what is exported as JSON Schema is exactly what is accepted; the defaults in
// the descriptions are filled in by normalise.ts, rules between fields are in rules.ts.

const flag = (description: string, fallback: boolean) =>
  z.boolean().meta({ description, default: fallback }).optional();
const count = (description: string, min: number, fallback: number) =>
  z
    .int()
    .min(min, `must be at least ${String(min)}`)
    .meta({ description, default: fallback })
    .optional();

const port = (description: string, fallback?: number) =>
  z
    .int({ error: 'must be a port, 1 to 65535' })
    .min(1, 'must be a port, 1 to 65535')
    .max(65_535, 'must be a port, 1 to 65535')
    .meta(fallback === undefined ? { description, examples: [2222] } : { description, default: fallback })
    .optional();

const absolutePath = (description: string, example?: string) =>
  z
    .string()
    .regex(/^\/[^\0\r\n]*$/, 'must be an absolute path')
    .meta(example === undefined ? { description } : { description, examples: [example] });

const root = z
  .string()
  .regex(/^(\/[^\0\r\n]*)?$/, 'must be an absolute path or empty')
  .meta({
    description: 'Prefix put before every path on the host; `{host}` stands for the name of the host',
    default: DEFAULTS.root,
  })
  .optional();

const unit = (fallback?: string) =>
  z
    .string()
    .regex(/^[A-Za-z0-9@._:-]+$/, 'must be the name of a systemd unit')
    .meta(
      fallback === undefined ? { description: 'systemd unit' } : { description: 'systemd unit', default: fallback },
    );

const hostFields = {
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'must be made of letters, digits, dot, dash and underscore')
    .meta({
      description: 'Unique in the whole config; what people see in progress and errors. Default: the address',
      examples: ['agent-1'],
    })
    .optional(),
  address: z
    .string()
    .regex(/^[A-Za-z0-9._:-]+$/, 'must be an IP address or a host name, without a port')
    .meta({ description: 'IP address or resolvable name', examples: ['10.0.1.1'] }),
};

const reachFields = {
  sshPort: port('SSH port. Default: ssh.port'),
  sshUser: text('SSH user. Default: ssh.user', 'ops').optional(),
  root,
};

const masterUrlPlace = z
  .strictObject({
    file: absolutePath('File that holds nothing but the URL').optional(),
    envFile: absolutePath(
      'Environment file (/etc/default/…) with one KEY=value a line',
      '/etc/default/mesos-master',
    ).optional(),
    key: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of a variable')
      .meta({ description: 'Variable in envFile that holds the URL', examples: ['MESOS_ZK'] })
      .optional(),
  })
  .meta({
    description: `The one place on the host that holds the master URL: either file, or envFile and key. Default: file ${DEFAULTS.masterUrlFile}`,
  });

const serverFields = {
  clientPort: port('Port for clients', DEFAULTS.server.clientPort),
  quorumPort: port('Port between servers (first of a server line)', DEFAULTS.server.quorumPort),
  electionPort: port('Port for leader election (second of a server line)', DEFAULTS.server.electionPort),
  unit: unit(DEFAULTS.server.unit).optional(),
  configFile: absolutePath('zoo.cfg').meta({ description: 'zoo.cfg', default: DEFAULTS.server.configFile }).optional(),
  dataDir: absolutePath('Folder with myid and version-2')
    .meta({ description: 'Folder with myid and version-2', default: DEFAULTS.server.dataDir })
    .optional(),
  dataLogDir: absolutePath('Folder of the transaction log. Default: dataDir', '/var/log/zookeeper-txn')
    .nullable()
    .optional(),
  owner: z
    .string()
    .regex(/^[A-Za-z0-9._-]+:[A-Za-z0-9._-]+$/, 'must be user:group')
    .meta({
      description: 'user:group that the service runs as and that must own new files. Default: root',
      examples: ['zookeeper:zookeeper'],
    })
    .nullable()
    .optional(),
};

const serverDefaults = z
  .strictObject({ ...reachFields, ...serverFields })
  .meta({ description: 'Values for every server below that does not set its own' });

const server = z.strictObject({
  ...hostFields,
  id: z
    .int()
    .min(1, 'must be 1 to 255')
    .max(255, 'must be 1 to 255')
    .meta({ description: 'Number of the server (myid), 1 to 255' }),
  ...reachFields,
  ...serverFields,
});

const servers = (description: string) => z.array(server).min(1, 'needs at least one server').meta({ description });

const master = z.strictObject({
  ...hostFields,
  ...reachFields,
  httpPort: port('Port of the master', DEFAULTS.master.httpPort),
  unit: unit(DEFAULTS.master.unit).optional(),
  masterUrl: masterUrlPlace.optional(),
});

const agentFields = {
  ...reachFields,
  httpPort: port('Port of the agent', DEFAULTS.agent.httpPort),
  unit: unit(DEFAULTS.agent.unit).optional(),
  masterUrl: masterUrlPlace.optional(),
};

const framework = z.strictObject({
  name: text('The name it registered with at the master'),
  instances: z
    .array(z.strictObject({ ...hostFields, ...reachFields, unit: unit(), masterUrl: masterUrlPlace }))
    .min(1, 'needs at least one instance')
    .meta({ description: 'Its scheduler processes' }),
  stop: z.enum(['sigkill', 'unit']).meta({
    description:
      'How a scheduler is stopped so that it fails over rather than tears down: `sigkill` kills the main process of the unit; `unit` vouches that systemctl stop fails over',
  }),
  acceptTaskLoss: flag('Accept that its tasks are lost (failover_timeout 0, or no checkpoint)', false),
});

const optionalReference = (description: string, example: string) =>
  reference(description, example).nullable().optional();

const ssh = z.strictObject({
  port: port('SSH port of every host that sets none', DEFAULTS.sshPort),
  user: text('SSH user on every host that sets none'),
  identity: z
    .string()
    .regex(/^(file:.+|agent)$/, 'must be file:PATH of a private key, or agent for SSH_AUTH_SOCK')
    .meta({ description: 'file:PATH of a private key, or `agent` for SSH_AUTH_SOCK' }),
  passphrase: optionalReference('Passphrase of the key', 'env:ZKFERRY_SSH_PASSPHRASE'),
  knownHosts: text('OpenSSH known_hosts file; a host without an entry, or with another key, is refused'),
  sudo: flag('Run host scripts through sudo -n', false),
});

const policy = z.strictObject({
  budget: duration('Lowers the budget of the critical window; never raises it above the live value', undefined, '60s')
    .nullable()
    .optional(),
  agentPing: z
    .strictObject({
      timeout: duration('--agent_ping_timeout of the masters', undefined, '15s'),
      count: z
        .int()
        .min(1, 'must be at least 1')
        .meta({ description: '--max_agent_ping_timeouts of the masters', examples: [5] }),
    })
    .meta({ description: 'Stated ping flags, for masters whose /flags cannot be read' })
    .nullable()
    .optional(),
  forecastShare: z
    .number()
    .gt(0, 'must be above 0')
    .max(1, 'must be at most 1')
    .meta({
      description: 'The window does not open when the forecast exceeds this share of the budget',
      default: DEFAULTS.policy.forecastShare,
    })
    .optional(),
  reserve: duration(
    'Part of the budget kept for the way back. Default: measured. A lower one needs acceptFrozenWorker where the Temporal server has not the settings that the reserve counts with',
    undefined,
    '20s',
  )
    .nullable()
    .optional(),
  canary: count('Agents in the first batch', 1, DEFAULTS.policy.canary),
  batchGrowth: z
    .number()
    .min(1, 'must be at least 1')
    .meta({ description: 'Each batch is at most this many times the one before', default: DEFAULTS.policy.batchGrowth })
    .optional(),
  maxBatch: z
    .int()
    .min(1, 'must be at least 1')
    .max(
      BATCH_MAX,
      `must be at most ${String(BATCH_MAX)}: all agents of a batch restart at once, and Temporal holds their steps in one history`,
    )
    .meta({ description: 'Largest batch of agents', default: DEFAULTS.policy.maxBatch })
    .optional(),
  failureBudget: count('Failed agents tolerated before the phase stops', 0, DEFAULTS.policy.failureBudget),
  soak: duration('How long the cluster is watched after the window', DEFAULTS.policy.soak).optional(),
  settle: flag('Afterwards repoint everything from the observers to target itself', DEFAULTS.policy.settle),
  retireObservers: flag('Afterwards stop and remove the observers; needs settle', DEFAULTS.policy.retireObservers),
  acceptClients: z
    .array(text('IP address'))
    .meta({
      description: 'Client addresses on source that are known and may stay there (tools, monitors)',
      examples: [['10.0.9.7']],
    })
    .optional(),
  acceptAgents: z
    .array(text('Name of an agent'))
    .meta({ description: 'Agents whose loss is accepted when they stay on source', examples: [['agent-7']] })
    .optional(),
  subtrees: z
    .record(z.string(), z.enum(['copied', 'abandon']))
    .meta({
      description: 'What becomes of a persistent subtree of source: copied by you, or abandoned',
      examples: [{ '/marathon': 'copied' }],
    })
    .optional(),
  acceptFrozenWorker: flag(
    'Accept that a frozen worker may leave the cluster leaderless for longer than the budget, where the Temporal server has not the settings that the reserve counts with',
    DEFAULTS.policy.acceptFrozenWorker,
  ),
  timeouts: z
    .strictObject({
      command: duration('One command on a host', DEFAULTS.timeouts.command).optional(),
      agent: duration('An agent from restart to re-registered', DEFAULTS.timeouts.agent).optional(),
      master: duration('A master from restart to full log membership', DEFAULTS.timeouts.master).optional(),
      framework: duration('A scheduler from restart to reconnected', DEFAULTS.timeouts.framework).optional(),
      server: duration('A ZooKeeper server from start to serving', DEFAULTS.timeouts.server).optional(),
      session: duration('ZooKeeper session timeout of masters and clients', DEFAULTS.timeouts.session).optional(),
      mirror: duration(
        'dual-publishing: how long source and target may name different leading masters before it is an incident',
        DEFAULTS.timeouts.mirror,
      ).optional(),
    })
    .meta({ description: 'How long each step is waited for' })
    .optional(),
  takeOver: z
    .string()
    .regex(/^zkferry-[a-z0-9-]+\/[\w-]+$/, 'must be the id of a migration, zkferry-<cluster>/<run>')
    .meta({
      description:
        'Take over a migration that was terminated or stranded, and go back to source: its id as zkferry doctor shows it',
      examples: ['zkferry-production/0b6f4f5e-4c0e-4d0a-9f2e-8c2d1c3b7a90'],
    })
    .nullable()
    .optional(),
  hooks: hooks.optional(),
  searchAttributes: flag("Carry zkferry's search attributes in Temporal", DEFAULTS.policy.searchAttributes),
});

export const configSchema = z
  .strictObject({
    cluster: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]*$/, 'must be made of lower-case letters, digits and dashes')
      .max(63, 'must have at most 63 characters')
      .meta({ description: 'Names the migration: workflow id `zkferry-<cluster>`' }),
    strategy: z.enum(['observers', 'dual-publishing']).meta({ description: 'How to migrate' }),
    electionPath: z
      .string()
      .regex(/^(\/[^/\s@]+)+$/, 'must be a znode path such as /mesos, never / alone')
      .meta({ description: 'Election path of the masters in both ensembles', default: DEFAULTS.electionPath })
      .optional(),
    source: z.strictObject({ defaults: serverDefaults.optional(), servers: servers('Participants of source') }).meta({
      description: 'The ensemble to leave',
    }),
    target: z
      .strictObject({
        allowRestart: flag('Whether all target servers may be stopped together to raise the epoch', false),
        defaults: serverDefaults.optional(),
        servers: servers('Participants of target'),
      })
      .meta({ description: 'The ensemble to reach' }),
    observers: servers(
      'The observers that every client talks to while the ensemble behind them changes; dual-publishing uses none',
    ).optional(),
    masters: z.array(master).min(1, 'needs at least one master').meta({ description: 'Every Mesos master' }),
    agents: z
      .strictObject({
        discover: z.boolean().meta({ description: "Read the agents from the leading master's /slaves" }),
        ...agentFields,
        hosts: z
          .array(z.strictObject({ ...hostFields, ...agentFields }))
          .meta({ description: 'The whole fleet, when discover is false' })
          .optional(),
      })
      .meta({ description: 'The agents; fields beside `hosts` hold for every agent that sets none of its own' }),
    frameworks: z
      .array(framework)
      .meta({ description: 'Schedulers that find the master through ZooKeeper' })
      .optional(),
    ssh: ssh.meta({ description: 'How hosts are reached' }),
    credentials: z
      .strictObject({
        source: optionalReference('user:password for the digest scheme in source', 'file:/etc/zkferry/source.digest'),
        target: optionalReference('user:password for the digest scheme in target', 'file:/etc/zkferry/target.digest'),
        mesos: optionalReference("user:password for Mesos' HTTP endpoints", 'env:ZKFERRY_MESOS'),
        publisher: optionalReference(
          "The publisher's key for dual-publishing, at least 32 characters, the same on every worker: openssl rand -base64 32",
          'file:/etc/zkferry/publisher.key',
        ),
      })
      .meta({ description: 'References only: file:PATH or env:NAME' })
      .optional(),
    policy: policy.meta({ description: 'How careful, how fast, how patient' }).optional(),
  })
  .meta({
    title: 'zkferry cluster',
    description: 'A Mesos cluster and the way it moves to another ZooKeeper ensemble',
  });

/** The config as written: `cluster.yaml`, or the JSON that starts the workflow. */
export type RawConfig = z.input<typeof configSchema>;
