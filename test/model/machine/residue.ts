import { SIDES, type World } from './world.js';

/** What a migration that has ended may not leave behind. */
export function residueOf(world: World): string[] {
  const hosts = { ...world.servers, ...world.observers, ...world.masters, ...world.agents, ...world.frameworks };
  return [
    ...Object.entries(hosts).flatMap(([name, { generation, held, ours }]) => [
      ...(generation > 0 ? [`${name} is still adopted`] : []),
      ...(held ? [`${name} is still held down`] : []),
      ...ours.map((one) => `${name}: ${one}`),
    ]),
    ...SIDES.filter((side) => world.doors[side].generation !== null).map((side) => `the door of ${side} is remembered`),
    ...(world.publisher === null ? [] : ['the owner znode of the publisher']),
  ];
}
