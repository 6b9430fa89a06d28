/** One command, quoted for a POSIX shell. */
export function commandLine(...words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ');
}

/** The `temporal` command that does the same as one of our verbs. */
export function temporalLine(...words: readonly string[]): string {
  return commandLine('temporal', ...words);
}

export function updateLine(workflowId: string, name: string, message: unknown): string {
  return temporalLine(
    'workflow',
    'update',
    'execute',
    '--workflow-id',
    workflowId,
    '--name',
    name,
    '--input',
    JSON.stringify(message),
  );
}

/** A signal waits for a worker, and is answered by none. */
export function signalLine(workflowId: string, name: string, message: unknown): string {
  return temporalLine(
    'workflow',
    'signal',
    '--workflow-id',
    workflowId,
    '--name',
    name,
    '--input',
    JSON.stringify(message),
  );
}

export function queryLine(workflowId: string, name: string): string {
  return temporalLine('workflow', 'query', '--workflow-id', workflowId, '--name', name);
}

/** Every start refuses a second one: without `--fail-existing` the CLI answers 0. */
export function startLine(workflowId: string, taskQueue: string, inputFile: string): string {
  return temporalLine(
    'workflow',
    'start',
    '--type',
    'migrateCluster',
    '--task-queue',
    taskQueue,
    '--workflow-id',
    workflowId,
    '--fail-existing',
    '--input-file',
    inputFile,
  );
}
