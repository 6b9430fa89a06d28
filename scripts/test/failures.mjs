/** Longest text of one failure, in characters: `npm test` may fail in many places, and each is to be found. */
const CAP = 6_000;
/** Of it, what is kept of the end: the stack. */
const TAIL = 1_500;

/**
 * Everything that failed once more in one piece, as the last thing before the totals: where it
 * happened it is long out of sight.
 *
 * @param {readonly {where: string, text: string}[]} failures
 */
export function failuresAgain(failures) {
  if (failures.length === 0) return '';
  const each = failures.map(({ where, text }) => `\nFAILED ${where}\n${capped(text.replace(/^\n+|\s+$/g, ''))}\n`);
  return `\n${'─'.repeat(72)}\nWhat failed:\n${each.join('')}\n`;
}

function capped(text) {
  if (text.length <= CAP) return text;
  const left = text.length - CAP;
  return `${text.slice(0, CAP - TAIL)}\n… ${left} characters left out …\n${text.slice(-TAIL)}`;
}
