/** Thrown when set-up cannot go on: one line for the reader, no stack. */
export class SetupError extends Error {}

export function say(line) {
  process.stderr.write(`setup: ${line}\n`);
}

/** Says what is being done, does it, and says how long it took. */
export async function timed(what, work) {
  say(`${what} …`);
  const begin = performance.now();
  const result = await work();
  say(`${what}: ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  return result;
}
