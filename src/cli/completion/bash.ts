import { quoted, type Value, type VerbNode } from './tree.js';

/** A completion function for bash 4 and later; needs no package of completions. */
export function bashCompletion(root: VerbNode): string {
  return `# Completion of zkferry for bash. In ~/.bashrc: source <(zkferry completion bash)
_zkferry() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} verb='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$verb/\${COMP_WORDS[i]}" in
${verbCases(root, '').join('\n')}
    esac
  done
  case "$verb $prev" in
${valueCases(root, '').join('\n')}
  esac
  if [[ $cur == -* ]]; then
    case "$verb" in
${flagCases(root, '').join('\n')}
    esac
    return
  fi
  case "$verb" in
${placeCases(root, '').join('\n')}
  esac
}
_zkferry_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur"); }
_zkferry_paths() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
}
complete -F _zkferry zkferry
`;
}

/** Each verb below `path`, which is `''` for the root and `/lab/up` for one of the lab. */
function verbCases(node: VerbNode, path: string): string[] {
  return node.verbs.flatMap((verb) => {
    const patterns = verb.names.map((name) => quoted(`${path}/${name}`)).join(' | ');
    const own = `${path}/${verb.names[0] ?? ''}`;
    return [`      ${patterns}) verb=${quoted(own)} ;;`, ...verbCases(verb, own)];
  });
}

function valueCases(node: VerbNode, path: string): string[] {
  const own = node.options.flatMap(({ flags, value }) => {
    if (value === null) return [];
    const patterns = flags.map((flag) => quoted(`${path} ${flag}`)).join(' | ');
    return [`    ${patterns}) ${offer(value)}; return ;;`];
  });
  return [...own, ...below(node, path, valueCases)];
}

function flagCases(node: VerbNode, path: string): string[] {
  const flags = node.options.flatMap((option) => option.flags);
  return [`      ${quoted(path)}) ${offer(flags)} ;;`, ...below(node, path, flagCases)];
}

function placeCases(node: VerbNode, path: string): string[] {
  const [first] = node.arguments;
  const value = node.verbs.length > 0 ? node.verbs.flatMap(({ names }) => names) : (first?.value ?? 'text');
  return [`    ${quoted(path)}) ${offer(value)} ;;`, ...below(node, path, placeCases)];
}

function below(node: VerbNode, path: string, cases: (node: VerbNode, path: string) => string[]): string[] {
  return node.verbs.flatMap((verb) => cases(verb, `${path}/${verb.names[0] ?? ''}`));
}

function offer(value: Value): string {
  if (value === 'text') return ':';
  if (value === 'file') return '_zkferry_paths -f';
  return value === 'folder' ? '_zkferry_paths -d' : `_zkferry_words ${quoted(value.join(' '))}`;
}
