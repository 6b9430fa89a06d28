import { bundleWorkflowCode } from '@temporalio/worker';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { FAILURE_CONVERTER_PATH } from './adapters/data-converter.js';

/** Where the build puts the workflow bundle, next to the compiled code. */
export const BUNDLE_PATH = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));

/** The one for workers that encrypt, which writes failures as payloads. */
export const ENCRYPTING_BUNDLE_PATH = fileURLToPath(new URL('../workflow-bundle.encrypting.js', import.meta.url));

/** Bundles the compiled workflows, so that workers start without webpack. */
export async function bundleWorkflows(path = BUNDLE_PATH, failureConverterPath?: string): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../workflows/index.js', import.meta.url)),
    ...(failureConverterPath === undefined ? {} : { failureConverterPath }),
  });
  await writeFile(path, code);
  return path;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(`workflow bundle: ${await bundleWorkflows()}`);
  console.log(`workflow bundle: ${await bundleWorkflows(ENCRYPTING_BUNDLE_PATH, FAILURE_CONVERTER_PATH)}`);
}
