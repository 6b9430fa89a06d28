import { quoted, type OptionNode, type Value, type VerbNode } from './tree.js';

/** A completion function for zsh, for a folder of `fpath` or to be sourced after `compinit`. */
export function zshCompletion(root: VerbNode): string {
  return `#compdef zkferry
# Completion of zkferry for zsh. In ~/.zshrc, after compinit: source <(zkferry completion zsh)
${functions(root, '_zkferry').join('\n')}
if [[ $funcstack[1] == _zkferry ]]; then _zkferry "$@"; else compdef _zkferry zkferry; fi
`;
}

/** One function a verb: what follows it. */
function functions(node: VerbNode, name: string): string[] {
  const options = node.options.map(optionSpec);
  if (node.verbs.length === 0) {
    const places = node.arguments.map(({ name: place, value }, index) =>
      quoted(`${String(index + 1)}:${place}:${action(value)}`),
    );
    return [`${name}() {`, `  _arguments ${[...options, ...places].join(' \\\n    ')}`, '}'];
  }
  const verbs = node.verbs.flatMap(({ names, description }) =>
    names.map((one) => quoted(`${one}:${escaped(description)}`)),
  );
  return [
    ...node.verbs.flatMap((verb) => functions(verb, `${name}_${verb.names[0] ?? ''}`)),
    `${name}() {`,
    '  local curcontext="$curcontext" state line',
    `  local -a verbs=(${verbs.join(' \\\n    ')})`,
    `  _arguments -C ${[...options, quoted('1:verb:->verb'), quoted('*::words:->words')].join(' \\\n    ')}`,
    '  case $state in',
    '    verb) _describe verb verbs ;;',
    '    words)',
    '      case $words[1] in',
    ...node.verbs.map(({ names }) => `        ${names.join(' | ')}) ${name}_${names[0] ?? ''} ;;`),
    '      esac ;;',
    '  esac',
    '}',
  ];
}

function optionSpec({ flags, description, value }: OptionNode): string {
  const rest = `[${escaped(description)}]${value === null ? '' : `:value:${action(value)}`}`;
  if (flags.length === 1) return quoted(`${flags[0] ?? ''}${rest}`);
  return `${quoted(`(${flags.join(' ')})`)}{${flags.join(',')}}${quoted(rest)}`;
}

function action(value: Value): string {
  if (value === 'text') return ' ';
  if (value === 'file') return '_files';
  return value === 'folder' ? '_files -/' : `(${value.join(' ')})`;
}

function escaped(text: string): string {
  return text.replaceAll(/[[\]:\\]/g, '\\$&');
}
