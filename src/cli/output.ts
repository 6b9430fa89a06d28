import Table from 'cli-table3';
import type { Command } from 'commander';
import pc from 'picocolors';
import { FerryError } from '../domain/errors.js';
import { redactUrl } from '../domain/master-url.js';
import { Redactor } from '../domain/redact.js';
import type { ExitCode } from './exit-codes.js';
import { columnsOf, fold } from './fold.js';

/** Adds `--json` to a verb: with it, stdout carries one JSON value and nothing else. */
export function withJson(command: Command): Command {
  return command.option('--json', 'print JSON, and nothing else, on standard output');
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

export function printLine(text = ''): void {
  process.stdout.write(`${text}\n`);
}

/** Progress, hints and errors: never on stdout, which belongs to the answer. */
export function printNote(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** A note that a terminal shows broken between words; in a file or pipe its lines stay whole, for grep and editors. */
export function printProse(head: string, text: string, colour: (head: string) => string = String): void {
  const { isTTY } = process.stderr;
  const lines = isTTY ? fold(text, { columns: columnsOf(process.stderr), head, indented: 2 }) : [`${head}${text}`];
  for (const [index, line] of lines.entries()) printNote(index === 0 ? line.replace(head, colour(head)) : line);
}

/** Rows under a head, without frames, so that it can be copied and piped; long cells wrap on a terminal. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const none = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '' };
  const table = new Table({
    head: head.map((title) => pc.bold(title)),
    chars: {
      ...none,
      bottom: '',
      'bottom-mid': '',
      'bottom-left': '',
      'bottom-right': '',
      left: '',
      'left-mid': '',
      mid: '',
      'mid-mid': '',
      right: '',
      'right-mid': '',
      middle: '  ',
    },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
  });
  table.push(...rows.map((row) => [...row]));
  printLine(
    table
      .toString()
      .split('\n')
      .map((line) => line.trimEnd())
      .join('\n'),
  );
}

/** An error as people read it, with what they can do; secrets in URLs and of the environment are hidden. */
export function printError(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  printProse('error: ', hidden(message), pc.red);
  if (error instanceof FerryError) printProse(`${error.code}; remedy: `, hidden(error.remedy));
}

/** Libraries quote what they refuse, such as an API key with a line end in it. */
function hidden(text: string): string {
  const redactor = new Redactor();
  redactor.learnFrom(process.env);
  return redactor.values(redactUrl(text));
}

/** Sets the exit code; the process ends by itself once its work is done and its output written. */
export function exitWith(code: ExitCode): void {
  process.exitCode = code;
}
