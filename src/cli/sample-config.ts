/** Written beside the sample, so that editors complete and check it offline. */
export const SCHEMA_FILE = 'zkferry.schema.json';

/** What `zkferry init` writes: valid as it stands, every optional part shown with its default. */
export const SAMPLE_CONFIG = `# yaml-language-server: $schema=./${SCHEMA_FILE}
# A Mesos cluster and the way it moves from one ZooKeeper ensemble to another.
# Check it with: zkferry validate. Durations carry their unit: 500ms, 75s, 10m.

cluster: production            # names the migration: workflow zkferry-production
strategy: observers            # or dual-publishing: no observers, but all masters stop together once
electionPath: /mesos           # the path at the end of the masters' zk:// URL

# The ensemble to leave.
source:
  servers:
    - { name: source-1, id: 1, address: 10.0.1.1 }
    - { name: source-2, id: 2, address: 10.0.1.2 }
    - { name: source-3, id: 3, address: 10.0.1.3 }

# The ensemble to reach.
target:
  # May all target servers be stopped together, once, before anything moves? zkferry then raises
  # target's epoch above source's. Without it many ZooKeeper clients hang after the cut-over.
  allowRestart: true
  # Values for every server below that sets none of its own; the same is possible under source.
  defaults:
    clientPort: 2181
    quorumPort: 2888
    electionPort: 3888
    unit: zookeeper            # systemd unit
    configFile: /etc/zookeeper/conf/zoo.cfg
    dataDir: /var/lib/zookeeper
    # dataLogDir: /var/log/zookeeper-txn
    owner: zookeeper:zookeeper # who must own files that zkferry writes
  servers:
    - { name: target-1, id: 1, address: 10.0.2.1 }
    - { name: target-2, id: 2, address: 10.0.2.2 }
    - { name: target-3, id: 3, address: 10.0.2.3 }

# Strategy observers only: hosts with ZooKeeper installed and not running. All clients talk to them while the ensemble behind
# them changes. Their ids must be above every id of source and target.
observers:
  - { name: observer-1, id: 101, address: 10.0.3.1, owner: "zookeeper:zookeeper" }
  - { name: observer-2, id: 102, address: 10.0.3.2, owner: "zookeeper:zookeeper" }
  - { name: observer-3, id: 103, address: 10.0.3.3, owner: "zookeeper:zookeeper" }

# Every master of the cluster.
masters:
  - name: master-1
    address: 10.0.4.1
    httpPort: 5050
    unit: mesos-master
    # The one place that holds the URL: a file with nothing else in it, or a variable of an
    # environment file: { envFile: /etc/default/mesos-master, key: MESOS_ZK }
    masterUrl: { file: /etc/mesos/zk }
  - { name: master-2, address: 10.0.4.2 }
  - { name: master-3, address: 10.0.4.3 }

agents:
  discover: true               # read from the leading master; or false, and name all under hosts:
  httpPort: 5051
  unit: mesos-slave
  masterUrl: { file: /etc/mesos/zk }
  # hosts:
  #   - { name: agent-1, address: 10.0.5.1 }

# Schedulers that find the master through ZooKeeper. How each is stopped must be known: a scheduler
# that tears its framework down takes all tasks with it.
frameworks:
  - name: marathon             # as it registered with the master
    stop: sigkill              # or unit: you vouch that systemctl stop fails over
    instances:
      - name: marathon-1
        address: 10.0.6.1
        unit: marathon
        masterUrl: { envFile: /etc/default/marathon, key: MARATHON_MASTER }

ssh:
  port: 22
  user: ops
  identity: file:~/.ssh/id_ed25519   # or: agent
  # passphrase: env:ZKFERRY_SSH_PASSPHRASE
  knownHosts: ~/.ssh/known_hosts     # hosts that are not in it are refused
  sudo: true                         # run host scripts through sudo -n

# References only, file:PATH or env:NAME; the first three hold user:password. Leave out what is open.
# Strategy dual-publishing needs publisher, a key of its own, the same on every worker:
# openssl rand -base64 32 > /etc/zkferry/publisher.key
# credentials:
#   source: file:/etc/zkferry/source.digest
#   target: file:/etc/zkferry/target.digest
#   mesos: env:ZKFERRY_MESOS
#   publisher: file:/etc/zkferry/publisher.key

policy:
  # budget: 60s              # lowers the live budget of the critical window, never raises it
  # agentPing: { timeout: 15s, count: 5 }   # only where the masters' /flags cannot be read
  forecastShare: 0.6         # the window stays shut when the forecast exceeds this share of the budget
  # reserve: 20s             # kept for the way back; default: measured
  canary: 1                  # agents in the first batch
  batchGrowth: 2
  maxBatch: 10
  failureBudget: 0           # failed agents tolerated before the phase stops
  soak: 10m                  # how long the cluster is watched after the window
  settle: false              # afterwards repoint everything to target itself
  retireObservers: false     # afterwards remove the observers; needs settle
  acceptClients: []          # addresses of tools that may stay connected to source
  acceptAgents: []           # agents whose loss is accepted when they stay on source
  # What becomes of persistent data of other programs in source: copied by you, or abandoned.
  subtrees: {}               # for example { /marathon: copied }
  # With a Temporal server of slow timers a frozen worker may cost more than the budget; true accepts that.
  acceptFrozenWorker: false
  timeouts:
    command: 60s
    agent: 60s
    master: 90s
    framework: 60s
    server: 60s
    session: 10s             # ZooKeeper session timeout of masters and clients
    mirror: 5s               # dual-publishing: source and target may name different leaders for so long
  # Commands on the worker's host and webhooks that are told what happens: waiting, incident, before-window
  # (which may say no), window-opening, window-opened, done. Secrets by reference only.
  # hooks:
  #   - { on: [waiting, incident, done], webhook: 'https://chat.example/zkferry', headers: { Authorization: env:CHAT } }
  #   - { on: [before-window], command: [/etc/zkferry/may-open, --cluster, prod], timeout: 30s }
  searchAttributes: true     # off where the Temporal namespace does not allow them
`;
