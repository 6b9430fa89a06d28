import { readFileSync, writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Flags } from '../flags.js';
import { exitWith, logInfo } from '../log.js';
import type { AgentInfo } from '../messages.js';
import type { Checkpoint } from './checkpoint.js';
import type { TaskBook } from './task-book.js';

const COMPARED = ['hostname', 'port', 'resources', 'attributes', 'checkpoint'] as const;
/** `additive` lets resources and attributes grow, but what others know the agent by stays. */
const COMPARED_ADDITIVE = ['hostname', 'port', 'checkpoint'] as const;

/** What an agent does before it looks for a master: take up its id and its executors (docs/agent-recovery.md). */
export class AgentRecovery {
  constructor(
    private readonly flags: Flags,
    private readonly checkpoint: Checkpoint,
    private readonly tasks: TaskBook,
  ) {}

  /** Returns the agent's id, null on a first start. Ends the process when its SlaveInfo changed. */
  async run(info: AgentInfo): Promise<string | null> {
    const workDir = this.flags.string('work_dir') ?? '';
    logInfo(`Recovering state from '${join(workDir, 'meta')}'`);
    const known = this.checkpoint.readAgent();
    const rebooted = this.noteBoot(join(workDir, 'meta', 'boot_id'));
    if (known === null) return null;
    const compared = this.flags.string('reconfiguration_policy') === 'additive' ? COMPARED_ADDITIVE : COMPARED;
    if (compared.some((field) => known[field] !== info[field])) this.refuse(known, info);
    if (rebooted) logInfo('Agent host rebooted');
    await this.tasks.recover(known.id, this.flags.durationMs('executor_reregistration_timeout'));
    if (this.flags.string('recover') === 'cleanup') {
      await this.tasks.shutDown(null);
      process.exit(0);
    }
    return known.id;
  }

  private refuse(known: AgentInfo, info: AgentInfo): never {
    const line = '-'.repeat(60);
    exitWith(
      1,
      `Failed to perform recovery: Incompatible agent info detected.\n${line}\nOld agent info:\n` +
        `${JSON.stringify(known)}\n\n${line}\nNew agent info:\n${JSON.stringify(info)}\n\n${line}\n` +
        'If recovery failed due to a change in configuration and you want to\nkeep the current agent id, you might ' +
        'want to change the\n`--reconfiguration_policy` flag to a more permissive value.\n\n' +
        'To restart this agent with a new agent id instead, do as follows:\n' +
        `rm -f ${this.checkpoint.latestLink}\nThis ensures that the agent does not recover old live executors.`,
    );
  }

  private noteBoot(path: string): boolean {
    const bootId = readOr('/proc/sys/kernel/random/boot_id', '');
    const before = readOr(path, bootId);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, bootId);
    return before !== bootId;
  }
}

function readOr(path: string, fallback: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return fallback;
  }
}
