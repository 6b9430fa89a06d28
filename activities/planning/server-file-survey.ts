import type { ServerFileSurvey } from '../../src/domain/survey.js';
import { readZooCfg } from '../../src/domain/zoo-cfg.js';

/**
 * What a ZooKeeper server was started with: properties on its command line, then its `zoo.cfg`, whose
 * unknown keys become properties (`QuorumPeerConfig.parseProperties`).
 *
 * @param from.text the file, null when it cannot be read; `changedAt`, `startedAt` in s, 0 = unknown.
 */
export function serverFileSurvey(from: {
  readonly text: string | null;
  readonly args: readonly string[];
  readonly changedAt: number;
  readonly startedAt: number;
}): ServerFileSurvey {
  const properties = from.args.flatMap((arg) => {
    const [, key, value] = /^-D(?:zookeeper\.)?((?<=zookeeper\.)[\w.]+|jute\.maxbuffer)=(.*)$/s.exec(arg) ?? [];
    return key === undefined || value === undefined ? [] : [[key, value] as const];
  });
  const { settings, problem } = fileSettings(from.text);
  return {
    settings: { ...Object.fromEntries(properties), ...settings },
    problem,
    changedSinceStart: from.changedAt > 0 && from.startedAt > 0 && from.changedAt > from.startedAt + 1,
  };
}

function fileSettings(text: string | null): { settings: Record<string, string>; problem: string | null } {
  if (text === null) return { settings: {}, problem: 'it cannot be read' };
  try {
    // A limit of sizes is taken from the command line alone.
    const entries = [...readZooCfg(text)].filter(([key]) => key !== 'jute.maxbuffer');
    return {
      settings: Object.fromEntries(entries.map(([key, value]) => [key.replace(/^zookeeper\./, ''), value])),
      problem: null,
    };
  } catch (error) {
    return { settings: {}, problem: (error as Error).message };
  }
}
