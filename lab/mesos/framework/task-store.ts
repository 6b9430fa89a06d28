import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface StoredTask {
  readonly agentId: string;
  readonly state: string;
}

/** What a scheduler must not forget: its framework id and the tasks it believes to be alive. */
export class TaskStore {
  frameworkId = '';
  readonly tasks = new Map<string, StoredTask>();

  constructor(private readonly path: string) {
    try {
      const stored = JSON.parse(readFileSync(path, 'utf8')) as {
        frameworkId: string;
        tasks: Record<string, StoredTask>;
      };
      this.frameworkId = stored.frameworkId;
      for (const [taskId, task] of Object.entries(stored.tasks)) this.tasks.set(taskId, task);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    }
  }

  save(): void {
    mkdirSync(dirname(this.path), { recursive: true });
    const body = { frameworkId: this.frameworkId, tasks: Object.fromEntries(this.tasks) };
    writeFileSync(`${this.path}.tmp`, JSON.stringify(body));
    renameSync(`${this.path}.tmp`, this.path);
  }
}
