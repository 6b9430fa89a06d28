import type { Diagnosis } from '../domain/doctor/diagnosis.js';
import type { Observation, Observed, TreeObservation } from '../domain/doctor/observation.js';

/** What stands where, for people. */
export function describeObservation(seen: Observation): string[] {
  return [
    'ENSEMBLES',
    ...treeLines('source', seen.source),
    ...treeLines('target', seen.target),
    ...seen.servers.map(
      (one) =>
        `  ${one.host.name.padEnd(12)} ${one.more?.epoch ? `serves, epoch ${one.more.epoch}` : 'does not serve'}${trace(one)}`,
    ),
    ...section(
      'OBSERVERS',
      seen.observers.map((one) => `${stateOf(one)}, serves ${one.serves}${trace(one)}`),
      seen.observers,
    ),
    ...section(
      'MASTERS',
      seen.masters.map((one) => `${pointing(one)}, ${claim(one.elected)}${trace(one)}`),
      seen.masters,
    ),
    ...section(
      'AGENTS',
      seen.agents.map((one) => `${pointing(one)}${trace(one)}`),
      seen.agents,
    ),
    ...(seen.agentsKnown ? [] : ['  unknown: no leading master lists them']),
    ...section(
      'FRAMEWORKS',
      seen.frameworks.map((one) => `${pointing(one)}${trace(one)}`),
      seen.frameworks,
    ),
  ];
}

/** The verdict and how to finish. */
export function describeDiagnosis({
  verdict,
  unknown,
  doubts,
  migrations,
  takeOver,
  byHand,
  clean,
}: Diagnosis): string[] {
  const lines = [`VERDICT: ${verdict}${unknown.length === 0 ? '' : ', as far as can be seen'}`];
  for (const { name, why } of unknown) lines.push(`  unknown: ${name} (${why})`);
  for (const why of doubts) lines.push(`  may stand on target: ${why}`);
  if (clean) return [...lines, '  nothing of a migration is left'];
  for (const migration of migrations) lines.push(`  named: ${migration}`);
  if (byHand.length === 0) return lines;
  const [id] = (migrations[0] ?? '').split('/');
  lines.push(
    '',
    'FIRST make sure that it does not run any more, its children neither:',
    `  temporal workflow list --query 'WorkflowId STARTS_WITH "${id ?? ''}" AND ExecutionStatus="Running"'`,
    '  (a running one: zkferry status, zkferry rollback)',
  );
  if (takeOver !== null)
    lines.push('', 'RECOMMENDED: let a new migration take over and go back to source:', `  ${takeOver}`);
  lines.push('', 'BY HAND, each stage only after the proof of the one before; per host, as root:');
  for (const [index, { what, steps, proof }] of byHand.entries()) {
    lines.push('', `${String(index + 1)}. ${what}`);
    for (const { host, commands } of steps) {
      lines.push(
        `   ${host === null ? 'with ZooKeeper’s client' : `on ${host}`}:`,
        ...commands.map((line) => `     ${line}`),
      );
    }
    lines.push(`   proof: ${proof}`);
  }
  return lines;
}

function treeLines(name: string, { problem, lock, marker, door, owner, contenders }: TreeObservation): string[] {
  if (problem !== null) return [`  ${name.padEnd(12)} unknown: ${problem}`];
  const doorText =
    door === null
      ? 'no door'
      : door === 'unreadable'
        ? 'a door, unreadable'
        : `door ${door.closed ? 'closed' : 'open'}`;
  const ownerText =
    owner === null ? 'no publisher' : owner === 'unreadable' ? 'a publisher, unreadable' : `publisher ${owner.mode}`;
  return [
    `  ${name.padEnd(12)} ${[
      lock === null ? 'no lock' : `lock of ${lock}`,
      marker === null ? 'no marker' : `marker ${marker.ensemble} of ${marker.migration}`,
      doorText,
      ownerText,
      `contenders: ${contenders.join(', ') || 'none'}`,
    ].join('; ')}`,
  ];
}

function section(title: string, lines: readonly string[], of: readonly Observed[]): string[] {
  if (of.length === 0) return [];
  return [title, ...lines.map((line, index) => `  ${(of[index]?.host.name ?? '').padEnd(12)} ${line}`)];
}

function stateOf({ facts, problem }: Observed): string {
  if (facts === null) return `unknown (${problem ?? ''})`;
  return `${facts.process}${facts.held ? ', held down' : ''}`;
}

function pointing(one: Observed): string {
  if (one.facts === null) return stateOf(one);
  const { file, connected, process } = one.facts;
  return `${stateOf(one)}, file ${file}${process === 'stopped' ? '' : `, process ${connected}`}`;
}

function claim(elected: boolean | null): string {
  return elected === null ? 'does not answer' : elected ? 'claims to lead' : 'does not lead';
}

function trace({ facts }: Observed): string {
  if (facts === null) return '';
  const parts = [
    ...(facts.state === null
      ? []
      : [`state of ${facts.state.migration ?? 'unknown'} generation ${String(facts.state.generation)}`]),
    ...(facts.dropIn === null ? [] : ['drop-in']),
    ...(facts.tag === null ? [] : [`data of ${facts.tag}`]),
    ...facts.setAside.map((folder) => `set aside ${folder}`),
  ];
  return parts.length === 0 ? '' : `; ${parts.join(', ')}`;
}
