import { Command } from 'commander';
import { startCodecServer } from '../adapters/codec-server.js';
import { EncryptingCodec } from '../adapters/payload-codec.js';
import { resolveSecret } from '../config/credentials.js';
import { PAYLOAD_KEYS, PayloadKeysError, payloadKeys } from '../config/payload-keys.js';
import { printNote } from './output.js';

/** `codec-server`: lets the Temporal UI and CLI read what workers encrypt; until it is told to stop. */
export function codecServerCommand(): Command {
  return new Command('codec-server')
    .description(`decrypt for the Temporal UI and CLI what workers encrypt with the keys in ${PAYLOAD_KEYS}`)
    .option('--listen <host:port>', 'whoever can reach it can read; keep it on loopback', '127.0.0.1:8888')
    .option('--cors <origin...>', 'origin of a UI whose pages may ask, such as http://localhost:8233', [] as string[])
    .option('--token <reference>', 'file:PATH or env:NAME of a token that is wanted as Authorization: Bearer TOKEN')
    .action(async ({ listen, cors, token }: { listen: string; cors: string[]; token?: string }) => {
      const keys = await payloadKeys();
      if (keys === null) throw new PayloadKeysError(`${PAYLOAD_KEYS} is not set, so there is nothing to decrypt with`);
      const server = await startCodecServer(new EncryptingCodec(keys), {
        address: listen,
        origins: cors,
        token: await resolveSecret(token ?? null),
      });
      printNote(`zkferry codec-server answers at http://${listen}, with keys ${[...keys.keys()].join(', ')}`);
      const stop = (): void => {
        server.close();
        server.closeAllConnections();
      };
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
      await new Promise((resolve) => server.once('close', resolve));
    });
}
