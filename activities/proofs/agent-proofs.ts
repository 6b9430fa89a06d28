import type { ProofActivities } from '../contract.js';
import { NotProvedError } from '../../src/domain/proof-errors.js';
import type { Ports } from '../ports.js';
import { httpBase } from '../reach/addresses.js';
import { awaitProof, proved, unproved } from '../reach/await-proof.js';
import { claimedLeader } from '../reach/claims.js';
import { scope } from '../reach/scope.js';
import { looksConnectedTo } from './connected-to.js';

/** Tasks to wait for while an agent recovers, before it is touched. */
const RECOVERY_MS = 30_000;

export function createAgentProofs(ports: Ports): Pick<ProofActivities, 'awaitAgent' | 'readTasks' | 'awaitAgentsBack'> {
  return {
    async readTasks({ access, agent }) {
      const credentials = await ports.secrets(access.credentials.mesos);
      return awaitProof(
        { host: agent.name, what: 'the agent tells its tasks', until: Date.now() + RECOVERY_MS, everyMs: 500 },
        async (signal) => {
          const state = await ports.mesos.agentState(httpBase(agent), credentials, signal);
          return state === null ? unproved('the agent still recovers') : proved({ id: state.id, tasks: state.tasks });
        },
      );
    },

    async awaitAgent({ config, planned, tasksBefore, url, patienceMs }) {
      const { agent, id } = planned;
      const startedAt = Date.now();
      const credentials = await ports.secrets(config.credentials.mesos);
      const request = { host: agent.name, what: 'the agent is back with its id and tasks', everyMs: 500 };
      await awaitProof({ ...request, until: startedAt + patienceMs }, async (signal) => {
        const state = await ports.mesos.agentState(httpBase(agent), credentials, signal);
        if (state === null) return unproved('the agent still recovers');
        if (state.id !== '' && state.id !== id) {
          // It registered anew: waiting longer cannot give the old id back.
          throw new NotProvedError(agent.name, `the agent kept its id ${id}`, `it has id ${state.id}`, {
            remedy: 'stop the agent, see why it did not recover (its log names the reason), then roll back or decide',
          });
        }
        // The process' own word, so that no clock of another host matters.
        const metrics = await ports.mesos.metrics(httpBase(agent), credentials, signal);
        if (metrics['slave/registered'] !== 1) return unproved('the agent has not registered yet');
        const lost = Object.entries(tasksBefore ?? {}).filter(
          ([task, container]) => state.tasks[task] !== container && !state.finishedTasks.includes(task),
        );
        if (lost.length > 0)
          return unproved(`tasks missing or in another container: ${lost.map(([task]) => task).join(', ')}`);
        const { leader } = await claimedLeader(ports, config, signal);
        if (leader === null) return unproved('no master leads');
        const view = await ports.mesos.agents(httpBase(leader.master), credentials, signal);
        const listed = view.agents.find((one) => one.id === id);
        if (listed?.active !== true) {
          return unproved(`${leader.master.name} ${listed ? 'lists it as inactive' : 'does not list it'}`);
        }
        return looksConnectedTo(ports, config, { host: agent, unit: agent.unit, url }, signal);
      });
      return { backAfterMs: Date.now() - startedAt };
    },

    async awaitAgentsBack({ config, expectedIds, patienceMs }) {
      const credentials = await ports.secrets(config.credentials.mesos);
      const { signal, heartbeat } = scope();
      const until = Date.now() + patienceMs;
      let missing: readonly string[] = expectedIds;
      let unexpected: readonly string[] = [];
      let newRegistrations = 0;
      let lastAgentAt: string | null = null;
      const countdown = { host: null, what: 'every agent is back', until, everyMs: 200 };
      try {
        await awaitProof(countdown, async (end) => {
          const { leader } = await claimedLeader(ports, config, end);
          if (leader === null) return unproved('no master leads');
          const view = await ports.mesos.agents(httpBase(leader.master), credentials, end);
          const active = new Set(view.agents.filter((agent) => agent.active).map(({ id }) => id));
          const stillMissing = expectedIds.filter((id) => !active.has(id));
          if (stillMissing.length < missing.length) lastAgentAt = new Date().toISOString();
          missing = stillMissing;
          unexpected = view.recoveredAgentIds.filter((id) => !expectedIds.includes(id));
          newRegistrations = leader.metrics['master/slave_registrations'] ?? 0;
          heartbeat(`${String(expectedIds.length - missing.length)} of ${String(expectedIds.length)} agents are back`);
          const left = missing.length + view.recoveredAgentIds.length;
          return left === 0 ? proved(null) : unproved(`${String(left)} agents are missing`);
        });
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof NotProvedError)) throw error;
      }
      return { back: expectedIds.length - missing.length, missing, unexpected, newRegistrations, lastAgentAt };
    },
  };
}
