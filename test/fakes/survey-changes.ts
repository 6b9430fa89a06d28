import assert from 'node:assert/strict';
import type { ClusterSurvey, HostSurvey, ServerSurvey, Survey, TreeSurvey } from '../../src/domain/survey.js';

/** Changes of a survey, one fact at a time. */

export const hostIs =
  (name: string, change: Partial<HostSurvey>) =>
  (survey: Survey): Survey => {
    const host = survey.hosts[name];
    assert.ok(host);
    return { ...survey, hosts: { ...survey.hosts, [name]: { ...host, ...change } } };
  };
export const placeIs =
  (name: string, change: Partial<NonNullable<HostSurvey['place']>>) =>
  (survey: Survey): Survey => {
    const place = survey.hosts[name]?.place;
    assert.ok(place);
    return hostIs(name, { place: { ...place, ...change } })(survey);
  };
export const serverIs =
  (ensemble: 'source' | 'target', index: number, change: Partial<ServerSurvey>) =>
  (survey: Survey): Survey => ({
    ...survey,
    [ensemble]: {
      ...survey[ensemble],
      servers: survey[ensemble].servers.map((server, at) => (at === index ? { ...server, ...change } : server)),
    },
  });
export const treeIs =
  (ensemble: 'source' | 'target', change: Partial<TreeSurvey>) =>
  (survey: Survey): Survey => {
    const { tree } = survey[ensemble];
    assert.ok(tree);
    return { ...survey, [ensemble]: { ...survey[ensemble], tree: { ...tree, ...change } } };
  };
export const masterIs =
  (index: number, change: { [Key in 'flags' | 'metrics']?: object } & { version?: string }) =>
  (survey: Survey): Survey => ({
    ...survey,
    masters: survey.masters.map((one, at) =>
      at !== index
        ? one
        : {
            ...one,
            ...change,
            flags: { ...one.flags, ...change.flags },
            metrics: { ...one.metrics, ...change.metrics },
          },
    ),
  });
export const clusterIs =
  (change: (cluster: ClusterSurvey) => Partial<ClusterSurvey>) =>
  (survey: Survey): Survey => {
    assert.ok(survey.cluster);
    return { ...survey, cluster: { ...survey.cluster, ...change(survey.cluster) } };
  };
/** A fleet of so many agents, each as the first one. */
export const agentsAre = (count: number) =>
  clusterIs(({ agents: [first] }) => {
    assert.ok(first);
    return {
      agents: Array.from({ length: count }, (_, at) => ({
        ...first,
        id: `1b36ab6a-5f1d-4a3f-9d0e-1c1a7b6b52d1-S${String(at)}`,
        agent: { ...first.agent, name: `agent-${String(at)}.example.com` },
      })),
    };
  });
export const frameworkIs = (change: Partial<ClusterSurvey['frameworks'][number]>) =>
  clusterIs(({ frameworks }) => ({ frameworks: frameworks.map((one) => ({ ...one, ...change })) }));
export const contender = (master: string | null) => ({
  znode: '/mesos/json.info_0000000001',
  pid: 'master@10.9.9.9:5050',
  master,
});
export const elsewhere = { servers: [{ address: '10.9.9.9', port: 2181 }], path: '/mesos' };
export const serverFileIs =
  (name: string, change: Partial<NonNullable<HostSurvey['server']>>) =>
  (survey: Survey): Survey =>
    hostIs(name, { server: { settings: {}, problem: null, changedSinceStart: false, ...change } })(survey);
export const agentFlagsAre = (flags: Readonly<Record<string, string>>, version = '1.11.0') =>
  clusterIs(({ agents }) => ({
    agents: agents.map((one) =>
      one.agent.name === 'a1' ? { ...one, version, flags: { ...one.flags, ...flags } } : one,
    ),
  }));
export const olderMaster = (version: string) => masterIs(1, { version });
