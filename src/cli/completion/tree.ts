import type { Argument, Command, Option } from 'commander';

/** What may stand in a place: words to choose from, a file, a folder, or something nobody can guess. */
export type Value = readonly string[] | 'file' | 'folder' | 'text';

export interface OptionNode {
  /** `-h`, `--help`; the long one last. */
  readonly flags: readonly string[];
  readonly description: string;
  /** Null for a switch. */
  readonly value: Value | null;
}

/** A verb with what can be typed after it; the root is the program. */
export interface VerbNode {
  /** Its name, then its aliases. */
  readonly names: readonly string[];
  readonly description: string;
  readonly options: readonly OptionNode[];
  readonly arguments: readonly { readonly name: string; readonly value: Value }[];
  readonly verbs: readonly VerbNode[];
}

/** What can be typed, read from the commands themselves, so that it cannot drift from them. */
export function verbTree(command: Command): VerbNode {
  const help = command.createHelp();
  return {
    names: [command.name(), ...command.aliases()],
    description: command.description(),
    options: help.visibleOptions(command).map(optionNode),
    arguments: command.registeredArguments.map((argument: Argument) => ({
      name: argument.name(),
      value: valueOf(argument.name(), argument.argChoices),
    })),
    verbs: command.commands.map(verbTree),
  };
}

function optionNode(option: Option): OptionNode {
  const placeholder = /[<[]([^>\]]+)[>\]]/.exec(option.flags)?.[1];
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    description: option.description,
    value: placeholder === undefined ? null : valueOf(placeholder, option.argChoices),
  };
}

function valueOf(name: string, choices: readonly string[] | undefined): Value {
  if (choices !== undefined) return choices;
  if (name === 'dir') return 'folder';
  return ['config', 'file'].includes(name) ? 'file' : 'text';
}

/** Quoted for a POSIX shell and zsh. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
