import { z } from 'zod';
import type { AgentConfig, FrameworkConfig, MasterConfig, ServerConfig } from '../../domain/config.js';

// Hosts as the normalised config has them: every default filled in.

const host = { name: z.string(), address: z.string(), sshPort: z.number(), sshUser: z.string(), root: z.string() };
const masterUrl = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('file'), path: z.string() }),
  z.strictObject({ kind: z.literal('envFile'), path: z.string(), key: z.string() }),
]);

export const serverSchema = z.strictObject({
  ...host,
  id: z.number(),
  clientPort: z.number(),
  quorumPort: z.number(),
  electionPort: z.number(),
  unit: z.string(),
  configFile: z.string(),
  dataDir: z.string(),
  dataLogDir: z.string().nullable(),
  owner: z.string().nullable(),
}) satisfies z.ZodType<ServerConfig>;

export const mesosHostSchema = z.strictObject({
  ...host,
  httpPort: z.number(),
  unit: z.string(),
  masterUrl,
}) satisfies z.ZodType<AgentConfig & MasterConfig>;

export const instanceSchema = z.strictObject({ ...host, unit: z.string(), masterUrl });

export const frameworkSchema = z.strictObject({
  name: z.string(),
  instances: z.array(instanceSchema),
  stop: z.enum(['sigkill', 'unit']),
  acceptTaskLoss: z.boolean(),
}) satisfies z.ZodType<FrameworkConfig>;
