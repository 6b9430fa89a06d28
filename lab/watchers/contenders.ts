const INT32_MAX = 2 ** 31 - 1;

/**
 * Names of the children that Mesos counts as contenders, ascending: those whose last `_` token is an int32
 * (src/zookeeper/group.cpp `cache`). Whoever owns them and whatever their label, the first one leads.
 */
export function contenders(children: readonly string[]): string[] {
  return children
    .map((name) => ({ name, number: contenderNumber(name) }))
    .filter((child): child is { name: string; number: number } => child.number !== null)
    .sort((a, b) => a.number - b.number)
    .map(({ name }) => name);
}

/** The number by which a contender is ranked, null when the name is none. */
export function contenderNumber(name: string): number | null {
  const last = tokensOf(name).at(-1) ?? '';
  const number = Number(last);
  return /^\d+$/.test(last) && number <= INT32_MAX ? number : null;
}

/** Mesos' `strings::tokenize` skips empty tokens. */
export function tokensOf(name: string): string[] {
  return name.split('_').filter((token) => token !== '');
}
