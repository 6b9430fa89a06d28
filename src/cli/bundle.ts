import { Command } from 'commander';
import { writeTarFile } from '../adapters/tar-file.js';
import { FerryError } from '../domain/errors.js';
import { Redactor } from '../domain/redact.js';
import { version } from '../version.js';
import { BundleContents, type BundleWishes } from './bundle-contents.js';
import { EXIT } from './exit-codes.js';
import { exitWith, printJson, printLine, printNote, withJson } from './output.js';

class BundleFileError extends FerryError {
  readonly code = 'FERRY_BUNDLE_FILE';
  readonly retryable = false;
  override readonly remedy = 'name a file that does not exist yet, in a folder that does: -o FILE.tar.gz';
  constructor(path: string, cause: NodeJS.ErrnoException) {
    super(`${path} cannot be written: ${cause.code === 'EEXIST' ? 'it exists already' : cause.message}`);
  }
}

/** `bundle`: what somebody needs who shall help from afar, without secrets. */
export function bundleCommand(): Command {
  return withJson(new Command('bundle'))
    .description('gather status, plan, histories, versions and metrics into one file, without secrets; reads only')
    .argument('<cluster>', 'its name, as in cluster.yaml')
    .requiredOption('-o, --output <file>', 'the .tar.gz to write')
    .option('--config <file>', 'the cluster.yaml: goes in, too, and tells which secrets to look for')
    .option('--doctor', 'look at hosts and ensembles as zkferry doctor does, and put that in; needs --config', false)
    .option('--metrics <host:port>', 'where a worker serves its metrics', '127.0.0.1:9464')
    .action(async (cluster: string, options: Options, command: Command) => {
      if (options.doctor && options.config === undefined) command.error('error: --doctor needs --config');
      const { config = null, doctor, metrics } = options;
      const { files, missing } = await writeBundle(options.output, { cluster, config, doctor, metrics });
      if (options.json) printJson({ file: options.output, files, missing });
      else {
        for (const { name, why } of missing) printNote(`not in it: ${name}: ${why}`);
        printLine(`${options.output}: ${files.map(({ name }) => name).join(', ')}`);
      }
      exitWith(files.some(({ name }) => name === 'history.json' || name === 'doctor.json') ? EXIT.done : EXIT.failed);
    });
}

interface Options {
  readonly output: string;
  readonly config?: string;
  readonly doctor: boolean;
  readonly metrics: string;
  readonly json?: true;
}

interface Manifest {
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  readonly missing: readonly { readonly name: string; readonly why: string }[];
}

/** @throws BundleFileError */
export async function writeBundle(path: string, wishes: BundleWishes): Promise<Manifest> {
  const redactor = new Redactor();
  redactor.learnFrom(process.env);
  const contents = new BundleContents(wishes, redactor);
  const entries = await contents.gather();
  const at = new Date();
  const files = entries.map(({ name, content }) => ({ name, bytes: Buffer.byteLength(content) }));
  const manifest = {
    schemaVersion: 1,
    cluster: wishes.cluster,
    createdAt: at.toISOString(),
    zkferry: version(),
    files,
    missing: contents.missing,
  };
  const head = { name: 'manifest.json', content: `${JSON.stringify(manifest, null, 2)}\n` };
  try {
    await writeTarFile(path, [head, ...entries], at);
  } catch (cause) {
    throw new BundleFileError(path, cause as NodeJS.ErrnoException);
  }
  return { files, missing: contents.missing };
}
