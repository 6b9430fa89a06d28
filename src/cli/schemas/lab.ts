import { z } from 'zod';

const server = z.strictObject({
  id: z.number(),
  name: z.string(),
  host: z.string(),
  direct: z.string().optional(),
  clientPort: z.number(),
  sshPort: z.number(),
  pid: z.number().nullable(),
  version: z.string(),
  root: z.string(),
});
const process = z.strictObject({
  name: z.string(),
  host: z.string(),
  httpPort: z.number(),
  sshPort: z.number(),
  pid: z.number().nullable(),
  root: z.string(),
});

/** `lab up --json` and `lab.json`. */
export const labSchema = z
  .strictObject({
    schemaVersion: z.literal(1),
    dir: z.string(),
    cluster: z.string(),
    electionPath: z.string(),
    source: z.array(server),
    target: z.array(server),
    observers: z.array(server),
    masters: z.array(process),
    agents: z.array(process),
    frameworks: z.array(process),
    factor: z.number(),
    watchers: z.strictObject({ dir: z.string(), address: z.string() }),
    journalDir: z.string(),
    temporal: z.strictObject({ address: z.string(), uiPort: z.number().nullable() }).optional(),
  })
  .meta({ description: 'Every host, port and process of a lab' });
