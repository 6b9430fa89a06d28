/** Names, numbers and addresses of a lab's hosts in one loopback subnet. */
export interface Layout {
  readonly source: readonly PlacedServer[];
  readonly target: readonly PlacedServer[];
  readonly observers: readonly PlacedServer[];
  readonly masters: readonly Placed[];
  readonly frameworks: readonly Placed[];
  readonly agents: readonly Placed[];
  /** Where the watchers connect from. */
  readonly watchers: string;
}

export interface Placed {
  readonly name: string;
  readonly address: string;
}

export interface PlacedServer extends Placed {
  readonly id: number;
}

/** Most agents that fit in a subnet, and most masters and frameworks that fit in their stretches of it. */
export const limits = { agents: 220, masters: 9, frameworks: 9 } as const;

/**
 * @param subnet the first three numbers of the addresses, `127.A.B`
 *
 * The ids of source and target overlap, as in real life, where each ensemble counts from 1; the
 * observers' are above all of them (Z 2).
 */
export function layOut(
  subnet: string,
  count: { readonly masters: number; readonly agents: number; readonly frameworks: number },
): Layout {
  const row = (role: string, size: number, first: number): Placed[] =>
    Array.from({ length: size }, (_, i) => ({
      name: `${role}${String(i + 1)}`,
      address: `${subnet}.${String(first + i)}`,
    }));
  const servers = (role: string, first: number, firstId: number): PlacedServer[] =>
    row(role, 3, first).map((placed, i) => ({ ...placed, id: firstId + i }));
  return {
    source: servers('source', 1, 1),
    target: servers('target', 4, 1),
    observers: servers('observer', 7, 101),
    watchers: `${subnet}.10`,
    masters: row('master', count.masters, 11),
    frameworks: row('framework', count.frameworks, 21),
    agents: row('agent', count.agents, 31),
  };
}

/** All hosts of a layout; the watchers' address is none. */
export function everyHost(layout: Layout): Placed[] {
  return [
    ...layout.source,
    ...layout.target,
    ...layout.observers,
    ...layout.masters,
    ...layout.frameworks,
    ...layout.agents,
  ];
}
