/** `node census-main.js --lab DIR/lab.json`: once a second, all agents, their tasks and what the leading master knows. */
import { keepWatch } from './keep-watch.js';
import { readLab } from './read-lab.js';
import { RecordFile } from './record-file.js';
import { Census } from './watch-census.js';

const { lab, labFile } = readLab();
const file = new RecordFile(lab.watchers.dir, 'census');
const census = new Census(lab);
let busy = false;

const count = async () => {
  file.append(await census.cluster());
  for (const agent of lab.agents) file.append(census.tasksOf(agent));
  await Promise.all(lab.agents.map(async (agent) => file.append(await census.agentOf(agent))));
};

keepWatch({
  watcher: 'census',
  dir: lab.watchers.dir,
  labFile,
  periodMs: 1_000,
  tick: () => {
    if (busy) return;
    busy = true;
    void count().finally(() => (busy = false));
  },
  stop: async () => {
    census.close();
    await Promise.resolve();
  },
});
