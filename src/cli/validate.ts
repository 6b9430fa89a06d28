import { Command } from 'commander';
import pc from 'picocolors';
import { loadConfig } from '../config/load-config.js';
import { referenceWarnings } from '../config/reference-warnings.js';
import type { ClusterConfig } from '../domain/config.js';
import { EXIT } from './exit-codes.js';
import { columnsOf, fold } from './fold.js';
import { exitWith, printJson, printLine, printProse, withJson } from './output.js';
import { printFaults } from './read-config.js';

/** `validate`: every error of a config at once, without touching anything. */
export function validateCommand(): Command {
  return withJson(new Command('validate'))
    .description('check a config: every error with file, line and column; touches no host')
    .argument('[config]', 'the config', 'cluster.yaml')
    .action(validate);
}

async function validate(file: string, { json = false }: { json?: boolean }): Promise<void> {
  const loaded = await loadConfig(file);
  if (!loaded.ok) {
    exitWith(EXIT.usage);
    if (json) printJson({ ok: false, file, errors: loaded.errors });
    else printFaults(loaded.errors);
    return;
  }
  const warnings = await referenceWarnings(loaded.config);
  if (json) {
    printJson({ ok: true, file, cluster: loaded.config.cluster, strategy: loaded.config.strategy, warnings });
    return;
  }
  for (const { path, message } of warnings) printProse('warning ', `${file} ${path}: ${message}`, pc.yellow);
  const head = `valid ${file}: `;
  const lines = fold(summary(loaded.config), { columns: columnsOf(process.stdout), head, indented: 2 });
  printLine(lines.join('\n').replace(/^valid/, pc.green('valid')));
}

function summary(config: ClusterConfig): string {
  const agents = config.agents.discover
    ? 'agents from the leading master'
    : counted(config.agents.hosts.length, 'agent');
  return [
    `cluster ${config.cluster}, strategy ${config.strategy}`,
    `source ${counted(config.source.servers.length, 'server')}`,
    `target ${counted(config.target.servers.length, 'server')}`,
    counted(config.observers.length, 'observer'),
    counted(config.masters.length, 'master'),
    agents,
    counted(config.frameworks.length, 'framework'),
  ].join(', ');
}

function counted(count: number, what: string): string {
  return `${String(count)} ${what}${count === 1 ? '' : 's'}`;
}
