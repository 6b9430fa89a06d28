import { Command } from 'commander';
import pc from 'picocolors';
import { createPlanningActivities } from '../../activities/planning/index.js';
import { FourLetterProbe } from '../adapters/four-letter-probe.js';
import { MesosHttp } from '../adapters/mesos-http.js';
import { SshShell } from '../adapters/ssh-shell.js';
import { ZookeeperStore } from '../adapters/zookeeper-store.js';
import { resolveSecret } from '../config/credentials.js';
import { loadConfig } from '../config/load-config.js';
import { parseInput } from '../config/parse-input.js';
import type { Finding, Plan, PlanResult } from '../domain/plan.js';
import { EXIT } from './exit-codes.js';
import { exitWith, printError, printJson, printLine, printTable, withJson } from './output.js';
import { printFaults } from './read-config.js';

/** Verbs that look at the cluster by themselves, without Temporal, and write nothing. */
export function surveyCommands(): Command[] {
  return [
    withJson(new Command('preflight'))
      .description('survey the cluster, read-only, and say what speaks against a migration')
      .argument('[config]', 'the config', 'cluster.yaml')
      .action((file: string, { json = false }: { json?: boolean }) =>
        survey(file, json, ({ findings }) => {
          if (json) printJson({ ok: !blocks(findings), findings });
          else printFindings(findings);
        }),
      ),
    withJson(new Command('plan'))
      .description('survey the cluster, read-only, and show what would happen, host by host')
      .argument('[config]', 'the config', 'cluster.yaml')
      .action((file: string, { json = false }: { json?: boolean }) =>
        survey(file, json, (result) => {
          if (json) printJson(result);
          else printPlan(result);
        }),
      ),
  ];
}

/** Exit code 1 when something blocks, 2 when the config is invalid. */
async function survey(file: string, json: boolean, print: (result: PlanResult) => void): Promise<void> {
  const loaded = await loadConfig(file);
  if (!loaded.ok) {
    exitWith(EXIT.usage);
    if (json) printJson({ ok: false, file, errors: loaded.errors });
    else printFaults(loaded.errors);
    return;
  }
  const shell = new SshShell(resolveSecret);
  try {
    const activities = createPlanningActivities({
      probe: new FourLetterProbe(),
      store: new ZookeeperStore(),
      mesos: new MesosHttp(),
      shell,
      secrets: resolveSecret,
      parseInput,
    });
    const result = await activities.surveyAndPlan({ config: loaded.config });
    print(result);
    if (blocks(result.findings)) exitWith(EXIT.failed);
  } catch (error) {
    printError(error);
    exitWith(EXIT.failed);
  } finally {
    shell.close();
  }
}

function blocks(findings: readonly Finding[]): boolean {
  return findings.some(({ verdict }) => verdict === 'block');
}

function printFindings(findings: readonly Finding[]): void {
  const colour = { block: pc.red, warn: pc.yellow, info: pc.dim };
  for (const { id, verdict, host, seen, why, remedy } of findings) {
    printLine(`${colour[verdict](verdict.padEnd(5))} ${pc.bold(id)}${host === null ? '' : ` on ${host}`}: ${seen}`);
    printLine(`      why: ${why}`);
    if (remedy !== null) printLine(`      do:  ${remedy}`);
  }
  const count = (verdict: Finding['verdict']): string =>
    String(findings.filter((one) => one.verdict === verdict).length);
  printLine(`${count('block')} block, ${count('warn')} warn, ${count('info')} info`);
}

function printPlan({ plan, planHash, findings }: PlanResult): void {
  printLine(`${pc.bold('cluster')} ${plan.cluster}, strategy ${plan.strategy}, plan ${planHash}`);
  printLine(`${pc.bold('budget')}  ${plan.budget.derivation}`);
  printLine(
    `${pc.bold('agents')}  ${String(plan.agents.length)}, frameworks ${String(plan.frameworks.length)}, quorum ${String(plan.quorum)}`,
  );
  printLine();
  const head = ['phase', 'host', 'what', 'undone by'];
  printTable(
    head,
    plan.steps.map(({ phase, host, what, undo }) => [phase, host ?? '', what, undo]),
  );
  printLine();
  printMoves(plan);
  printLine(`${pc.bold('point of no return')} ${plan.pointOfNoReturn}`);
  printLine();
  printFindings(findings);
}

/** Before and after are the same for whole groups of hosts: once each. */
function printMoves({ steps }: Plan): void {
  const moves = new Map<string, string[]>();
  for (const { before, after, host } of steps) {
    if (before === null || after === null || host === null) continue;
    const key = `${before} → ${after}`;
    moves.set(key, [...(moves.get(key) ?? []), host]);
  }
  for (const [change, hosts] of moves) {
    printLine(change);
    printLine(`  ${hosts.join(', ')}`);
  }
  if (moves.size > 0) printLine();
}
