import type { OptionNode, Value, VerbNode } from './tree.js';

/** Completions for fish 3 and later. */
export function fishCompletion(root: VerbNode): string {
  return `# Completion of zkferry for fish. In ~/.config/fish/config.fish: zkferry completion fish | source
complete -c zkferry -f
${lines(root, '__fish_use_subcommand').join('\n')}
`;
}

/** @param when the condition under which what follows this verb is offered */
function lines(node: VerbNode, when: string): string[] {
  const complete = `complete -c zkferry -n ${quoted(when)}`;
  const own = node.options.map((option) => `${complete} ${optionWords(option)}`);
  const verbs = node.verbs.flatMap(({ names, description }) =>
    names.map((name) => `${complete} -a ${name} -d ${quoted(description)}`),
  );
  const [first] = node.arguments;
  const places = first === undefined || first.value === 'text' ? [] : [`${complete} ${valueWords(first.value)}`];
  return [...own, ...verbs, ...places, ...node.verbs.flatMap((verb) => lines(verb, after(verb, when)))];
}

/** Once the verb has been typed, and none of those below it. */
function after({ names, verbs }: VerbNode, when: string): string {
  const before = when.startsWith('__fish_use') ? '' : `${when.replace(/; and not .*/, '')}; and `;
  const below = verbs.flatMap((verb) => verb.names);
  const none = below.length === 0 ? '' : `; and not __fish_seen_subcommand_from ${below.join(' ')}`;
  return `${before}__fish_seen_subcommand_from ${names.join(' ')}${none}`;
}

function optionWords({ flags, description, value }: OptionNode): string {
  const named = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  const taken = value === null ? [] : [value === 'file' ? '-r' : '-x', valueWords(value)];
  return [...named, '-d', quoted(description), ...taken].filter((word) => word !== '').join(' ');
}

function valueWords(value: Value): string {
  if (value === 'text') return '';
  if (value === 'file') return '-F';
  return value === 'folder' ? "-a '(__fish_complete_directories)'" : `-a ${quoted(value.join(' '))}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, '\\$&')}'`;
}
