import { InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../config/duration.js';
import { suggest } from '../domain/suggest.js';

/** An option that takes one of some words; a wrong one is answered with the nearest. */
export function choice(flags: string, description: string, choices: readonly string[]): Option {
  const option = new Option(flags, description).choices(choices);
  return option.argParser((given: string) => {
    if (choices.includes(given)) return given;
    const near = suggest(given, choices);
    throw new InvalidArgumentError(
      `${near === null ? '' : `Did you mean ${near}? `}Allowed choices are ${choices.join(', ')}.`,
    );
  });
}

/** `30s`, `10m`: milliseconds. A bare number is refused, as in the config. */
export function durationMs(text: string): number {
  const ms = parseDuration(text);
  if (ms === null) throw new InvalidArgumentError('It must be a duration with its unit, such as 500ms, 30s or 10m.');
  return ms;
}

export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}
