import type { ClusterConfig, ServerConfig } from '../config.js';
import { shq } from '../shell-quote.js';
import { everybody, type MasterObservation, type Observation, type Observed } from './observation.js';
import type { Standing } from './standing.js';
import { znodeStages } from './znode-steps.js';

/** Commands for one host, to be run there as root; `host` null = with ZooKeeper's own client, from anywhere. */
export interface HandStep {
  readonly host: string | null;
  readonly commands: readonly string[];
}

/** What can be done in any order; the next stage begins only once `proof` holds for all of it. */
export interface HandStage {
  readonly what: string;
  readonly steps: readonly HandStep[];
  readonly proof: string;
}

/**
 * The way back to source by hand, in the order of the automatic one (S6, S20): first what could serve
 * or lead on the other side is held down and proved stopped, then source is served, then clients move.
 */
export function stepsByHand(
  config: ClusterConfig,
  seen: Observation,
  standing: Standing['standing'],
): readonly HandStage[] {
  const ground = config.strategy === 'observers' ? observerWindow(seen) : [];
  const stages: HandStage[] = [
    ...(standing === 'unknown' ? [...barrier(config, seen), ...ground] : []),
    ...openDoor(config, seen, 'source'),
    ...mastersBack(config, seen, standing),
    ...clientsBack('schedulers', seen.frameworks),
    ...clientsBack('agents', seen.agents),
    ...openDoor(config, seen, 'target'),
    ...removeObservers(seen),
    ...targetServers(seen),
    ...znodeStages(config, seen),
    ...leaveHosts(seen),
  ];
  return stages.filter(({ steps }) => steps.length > 0);
}

/** Nothing may start on either side before everything that crosses is proved down. */
function barrier({ strategy }: ClusterConfig, seen: Observation): HandStage[] {
  const crossing: readonly Observed[] = [...seen.masters, ...(strategy === 'observers' ? seen.observers : [])];
  return [
    {
      what: 'barrier: hold and stop all masters, and whatever serves them',
      steps: crossing.map(({ host, unit, facts }) => ({
        host: host.name,
        commands: [
          ...(facts?.dropIn === null || facts === null ? [`systemctl disable ${shq(unit)}`] : []),
          ...(facts?.state ? [`touch ${shq(`${facts.state.folder}/held-${unit}`)}`] : []),
          `systemctl stop ${shq(unit)}`,
        ],
      })),
      proof:
        'every one of them is proved stopped: `systemctl show -p ActiveState -p MainPID UNIT` says inactive or failed and MainPID=0. ' +
        'A host that cannot be reached counts as running: power it off, or stop here',
    },
  ];
}

function observerWindow(seen: Observation): HandStage[] {
  const back = seen.observers.filter(({ facts }) => facts?.parked === true);
  return [
    {
      what: 'put the observers back onto source',
      steps: back.map((observer) => ({ host: observer.host.name, commands: flipToSource(observer) })),
      proof: 'zkCli.sh, connected to each observer, reads the marker of source',
    },
  ];
}

function flipToSource({ host, unit, facts }: Observed<ServerConfig>): string[] {
  const { root, dataDir, dataLogDir, configFile } = host;
  const folders = [dataDir, ...(dataLogDir === null ? [] : [dataLogDir])].map((folder) => root + folder);
  const config = root + configFile;
  const tag = shq(`${root}${dataDir}/zkferry-ensemble`);
  return [
    ...(facts?.tag === 'source'
      ? []
      : [
          ...folders.map((folder) => `mv ${shq(`${folder}/version-2`)} ${shq(`${folder}/version-2.zkferry-by-hand`)}`),
          `sed -i 's/^target /source /' ${tag}`,
        ]),
    `rm -f ${shq(config)}.dynamic.* ${shq(config)}.bak`,
    `cp -p ${shq(`${config}.zkferry-source`)} ${shq(config)}`,
    ...release(unit, facts?.state?.folder),
    ...(facts?.dropIn === null || facts === null ? [`systemctl enable ${shq(unit)}`] : []),
    `systemctl start ${shq(unit)}`,
  ];
}

/** After the barrier they only start, with their files as they were found; otherwise one after the other. */
function mastersBack({ strategy }: ClusterConfig, seen: Observation, standing: Standing['standing']): HandStage[] {
  if (standing === 'unknown') {
    const steps = seen.masters.map((master) => ({ host: master.host.name, commands: startOnSource(master) }));
    const nobody = strategy === 'observers' ? '' : ', and agents on target see no leader before they are moved back';
    return [
      {
        what: `start all masters on source${nobody}`,
        steps,
        proof: 'one master leads (master/elected is 1 on one of them), and each counts all registry replicas',
      },
    ];
  }
  const moved = [...seen.masters].sort((a, b) => Number(a.elected === true) - Number(b.elected === true));
  return [
    {
      what: 'move the masters back to source, one after the other, the leading one last',
      steps: moved.filter(isMoved).map((master) => ({ host: master.host.name, commands: moveBack(master) })),
      proof: 'after each: registrar/log/ensemble_size counts all masters on every master',
    },
  ];
}

/** What is not known to point at source afterwards stays down. */
function startOnSource(master: MasterObservation): string[] {
  const { host, unit, facts } = master;
  const place = `${host.root}${host.masterUrl.path}`;
  if (facts === null)
    return [`# keep it stopped: nothing is known of it; run zkferry doctor again once it can be seen`];
  if (facts.original === null && facts.file !== 'source') return [`# keep it stopped until ${place} names source`];
  return [
    ...restoreFile(master),
    ...release(unit, facts.state?.folder),
    ...(facts.dropIn === null ? [`systemctl enable ${shq(unit)}`] : []),
    `systemctl start ${shq(unit)}`,
  ];
}

function clientsBack(what: string, hosts: readonly Observed[]): HandStage[] {
  return [
    {
      what: `move the ${what} back to source`,
      steps: hosts.filter(isMoved).map((host) => ({ host: host.host.name, commands: moveBack(host) })),
      proof: 'each is registered at the leading master with the id it had',
    },
  ];
}

function isMoved({ facts }: Observed): boolean {
  if (facts === null) return false;
  return facts.original !== null && (facts.file !== 'source' || facts.connected !== 'source');
}

function moveBack(process: Observed): string[] {
  return [...restoreFile(process), `systemctl restart ${shq(process.unit)}`];
}

/** The copy in the state folder has the credentials that are not shown here. */
function restoreFile({ host, unit, facts }: Observed): string[] {
  if (facts?.original === null || !facts?.state) return [];
  const kept = facts.kept.includes(`orig-${unit}`) ? `orig-${unit}` : `found-${unit}`;
  const from = shq(`${facts.state.folder}/${kept}`);
  const place = shq(`${facts.state.folder}/place-${unit}`);
  const shown = facts.original.trim().split('\n').join(' | ');
  return [`# ${host.name} had: ${shown}`, `cp -p ${from} "$(cat ${place})"`];
}

function release(unit: string, folder: string | undefined): string[] {
  const held = folder === undefined ? [] : [`rm -f ${shq(`${folder}/held-${unit}`)}`];
  return [...held, `systemctl reset-failed ${shq(unit)}`];
}

/** The parents' ACLs as they were found. Target's come after all masters are back, so that never both are open. */
function openDoor({ electionPath }: ClusterConfig, seen: Observation, ensemble: 'source' | 'target'): HandStage[] {
  const { door } = seen[ensemble];
  if (door === null || door === 'unreadable') return [];
  const commands = door.found.map(({ path, acl }) => {
    const words = acl.map(({ scheme, id, permissions }) => `${scheme}:${id}:${letters(permissions)}`).join(',');
    return `zkCli.sh -server ${server(seen, ensemble)} setAcl ${shq(path)} ${shq(words)}`;
  });
  return [
    {
      what: `open the door of ${ensemble} again`,
      steps: [{ host: null, commands }],
      proof: `getAcl ${electionPath} shows the ACL named here`,
    },
  ];
}

function letters(permissions: number): string {
  return [...'rwcda'].filter((_, bit) => (permissions & (1 << bit)) !== 0).join('');
}

export function server(seen: Observation, ensemble: 'source' | 'target'): string {
  const found = seen.servers.find(({ more }) => more?.ensemble === ensemble);
  return found === undefined ? ensemble : `${found.host.address}:${String(found.host.clientPort)}`;
}

function removeObservers(seen: Observation): HandStage[] {
  const installed = seen.observers.filter(
    ({ facts }) => facts?.kept.some((name) => name.startsWith('found-')) === true,
  );
  return [
    {
      what: 'remove the observers, once no client is connected to them',
      steps: installed.map(({ host, unit, facts }) => ({
        host: host.name,
        commands: removalOf(host, unit, facts?.state?.folder ?? '', facts?.kept ?? []),
      })),
      proof: 'nothing listens on their client port',
    },
  ];
}

function removalOf(host: ServerConfig, unit: string, folder: string, kept: readonly string[]): string[] {
  const { root, dataDir, dataLogDir, configFile } = host;
  const config = root + configFile;
  const folders = [dataDir, ...(dataLogDir === null ? [] : [dataLogDir])].map((name) => root + name);
  const back = (name: string, to: string): string =>
    kept.includes(`${name}-${unit}`) ? `cp -p ${shq(`${folder}/${name}-${unit}`)} ${shq(to)}` : `rm -f ${shq(to)}`;
  return [
    `systemctl stop ${shq(unit)}`,
    ...folders.map((name) => `rm -rf ${shq(`${name}/version-2`)} ${shq(name)}/version-2.zkferry-*`),
    `rm -f ${shq(`${root}${dataDir}/zkferry-ensemble`)} ${shq(config)}.zkferry-source ${shq(config)}.zkferry-target ${shq(config)}.dynamic.* ${shq(config)}.bak`,
    back('zoo.cfg', config),
    back('myid', `${root}${dataDir}/myid`),
    // What was enabled when it was found stays so.
    `case $(cat ${shq(`${folder}/found-${unit}`)}) in enabled*) ;; *) systemctl disable ${shq(unit)} ;; esac`,
  ];
}

function targetServers(seen: Observation): HandStage[] {
  const held = seen.servers.filter(({ facts }) => facts?.held === true);
  return [
    {
      what: 'start the servers of target that are held down',
      steps: held.map(({ host, unit, facts }) => ({
        host: host.name,
        commands: [...release(unit, facts?.state?.folder), `systemctl start ${shq(unit)}`],
      })),
      proof:
        'all servers of target serve and one leads; one that refuses its epoch needs acceptedEpoch raised to that of the others while all are stopped',
    },
  ];
}

/** Last on every host: what holds units and remembers originals. */
function leaveHosts(seen: Observation): HandStage[] {
  const byHost = new Map<string, Set<string>>();
  for (const { host, facts } of everybody(seen)) {
    if (facts === null) continue;
    const commands = byHost.get(host.name) ?? new Set<string>();
    if (facts.dropIn !== null) commands.add(`rm -f ${shq(facts.dropIn)} && systemctl daemon-reload`);
    for (const folder of facts.setAside) commands.add(`rm -rf ${shq(folder)}`);
    if (facts.state !== null) commands.add(`rm -rf ${shq(facts.state.folder)}`);
    if (commands.size > 0) byHost.set(host.name, commands);
  }
  return [
    {
      what: 'remove what is left on the hosts',
      steps: [...byHost].map(([host, commands]) => ({ host, commands: [...commands] })),
      proof: 'zkferry doctor says so, and exits 0',
    },
  ];
}
