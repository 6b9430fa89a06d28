import { membersByNumber } from './member-names.js';

/** One member; identified by its number alone, whatever its label (include/mesos/zookeeper/group.hpp). */
export interface Membership {
  /** The integer after the last `_` of its znode's name. */
  readonly number: number;
  readonly label: string | null;
  /** True: cancelled by its owner through `cancel`. False: gone by itself. */
  readonly cancelled: Promise<boolean>;
}

interface Known {
  readonly cancelled: Promise<boolean>;
  readonly settle: (byOwner: boolean) => void;
}

/** What a group knows of its members, its own and others', by number. */
export class GroupMembers {
  readonly #owned = new Map<number, Known>();
  readonly #others = new Map<number, Known>();
  /** Sorted by number; null when the children must be read again. */
  current: readonly Membership[] | null = null;

  owns(number: number): boolean {
    return this.#owned.has(number);
  }

  /** Notes an own znode; the children's watch will tell of it. */
  join(number: number, label: string | null): Membership {
    const known = newKnown();
    this.#owned.set(number, known);
    this.current = null;
    return { number, label, cancelled: known.cancelled };
  }

  cancel(number: number): void {
    this.#owned.get(number)?.settle(true);
    this.#owned.delete(number);
    this.current = null;
  }

  invalidate(): void {
    this.current = null;
  }

  /** Compares with the children as read; who is missing there counts as cancelled. */
  update(children: readonly string[]): readonly Membership[] {
    const found = membersByNumber(children);
    for (const known of [this.#owned, this.#others]) {
      for (const number of [...known.keys()].filter((candidate) => !found.has(candidate))) {
        known.get(number)?.settle(false);
        known.delete(number);
      }
    }
    const members = [...found].map(([number, label]) => {
      let known = this.#owned.get(number) ?? this.#others.get(number);
      if (!known) this.#others.set(number, (known = newKnown()));
      return { number, label, cancelled: known.cancelled };
    });
    return (this.current = members.sort((a, b) => a.number - b.number));
  }

  /** The session is over: nobody is known any more, and the own memberships are gone. */
  expire(): void {
    this.current = null;
    for (const known of [this.#owned, this.#others]) {
      for (const { settle } of known.values()) settle(false);
      known.clear();
    }
  }
}

function newKnown(): Known {
  let settle: (byOwner: boolean) => void = () => undefined;
  const cancelled = new Promise<boolean>((resolve) => (settle = resolve));
  return { cancelled, settle };
}
