import { formatDuration, scaled } from '../duration.js';
import type { FlagSpec } from '../flags.js';

const TEN_MINUTES_MS = 600_000;

/** Flags of `mesos-master` that the miniature knows, with Mesos' defaults (src/master/flags.cpp, constants.hpp). */
export const MASTER_FLAGS: Readonly<Record<string, FlagSpec>> = {
  zk: { kind: 'string', keepsFileUrl: true },
  zk_session_timeout: { kind: 'duration', default: '10secs' },
  quorum: { kind: 'number' },
  registry: { kind: 'string', default: 'replicated_log' },
  registry_fetch_timeout: { kind: 'duration', default: '1mins' },
  registry_store_timeout: { kind: 'duration', default: '20secs' },
  registry_strict: {
    kind: 'bool',
    default: 'false',
    check: (value) => (value === true ? 'Support for strict registry has been disabled' : null),
  },
  log_auto_initialize: { kind: 'bool', default: 'true' },
  work_dir: { kind: 'string' },
  cluster: { kind: 'string' },
  ip: { kind: 'string', default: '127.0.0.1' },
  port: { kind: 'number', default: '5050' },
  advertise_ip: { kind: 'string' },
  advertise_port: { kind: 'number' },
  hostname: { kind: 'string' },
  hostname_lookup: { kind: 'bool', default: 'true' },
  agent_ping_timeout: {
    kind: 'duration',
    alias: 'slave_ping_timeout',
    default: '15secs',
    check: between(1000, 15 * 60_000),
  },
  max_agent_ping_timeouts: {
    kind: 'number',
    alias: 'max_slave_ping_timeouts',
    default: '5',
    check: (value) => (Number(value) >= 1 ? null : 'Must be at least 1'),
  },
  agent_reregister_timeout: {
    kind: 'duration',
    alias: 'slave_reregister_timeout',
    default: '10mins',
    check: (value) =>
      Number(value) >= scaled(TEN_MINUTES_MS) ? null : `Must be at least ${formatDuration(scaled(TEN_MINUTES_MS))}`,
  },
  recovery_agent_removal_limit: {
    kind: 'string',
    alias: 'recovery_slave_removal_limit',
    default: '100%',
    check: percent,
  },
  agent_removal_rate_limit: { kind: 'string', alias: 'slave_removal_rate_limit' },
  allocation_interval: { kind: 'duration', default: '1secs' },
  authenticate_agents: { kind: 'bool', alias: 'authenticate_slaves', default: 'false' },
  authenticate_frameworks: { kind: 'bool', alias: 'authenticate', default: 'false' },
  authenticate_http_readonly: { kind: 'bool', default: 'false' },
  authenticate_http_readwrite: { kind: 'bool', default: 'false' },
  authenticate_http_frameworks: { kind: 'bool', default: 'false' },
  http_authenticators: { kind: 'string', default: 'basic' },
  credentials: { kind: 'string', keepsFileUrl: true },
  roles: { kind: 'string' },
  weights: { kind: 'string' },
  acls: { kind: 'string' },
  log_dir: { kind: 'string' },
  logging_level: { kind: 'string', default: 'INFO' },
  quiet: { kind: 'bool', default: 'false' },
  user_sorter: { kind: 'string', default: 'drf' },
  webui_dir: { kind: 'string', default: '/usr/local/share/mesos/webui' },
  version: { kind: 'bool', default: 'false' },
};

function between(lowMs: number, highMs: number): (value: string | number | boolean) => string | null {
  return (value) =>
    Number(value) >= scaled(lowMs) && Number(value) <= highMs
      ? null
      : `Must be between ${formatDuration(scaled(lowMs))} and ${formatDuration(highMs)}`;
}

function percent(value: string | number | boolean): string | null {
  return /^\d+(\.\d+)?%$/.test(String(value)) ? null : 'Must be a percentage';
}
