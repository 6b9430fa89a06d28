import type { MasterUrlPlace, ServerConfig } from '../../src/domain/config.js';
import { shq } from '../../src/domain/shell-quote.js';

/** Parts of the survey script. `$root` and, where a process runs, `$pid` and `$startedAt` are set. */

/** The URL may come by the environment; nothing else of it leaves the host. */
export const ENVIRONMENT =
  '  echo "env=$( (tr "\\000" "\\n" <"/proc/$pid/environ" | grep -E "^MESOS_(ZK|MASTER)=") 2>/dev/null | base64 | tr -d "\\n")"';

/** A server's `zoo.cfg`; it holds no secret. */
export function serverLines(server: ServerConfig | null): string[] {
  if (server === null) return [];
  return [
    `file=${shq(server.root + server.configFile)}`,
    'if [ -r "$file" ]; then',
    '  echo "zooCfg=$(base64 <"$file" | tr -d "\\n")"',
    '  echo "zooCfgAt=$(stat -L -c %Y "$file")"',
    'fi',
  ];
}

/** Flags that the next start would read anew: whole seconds, and the second of the start counts as before. */
export function flagLines(role: 'master' | 'slave' | null): string[] {
  if (role !== 'slave') return [];
  return [
    '  for file in "$root"/etc/mesos-slave/* "$root"/etc/mesos-slave/*/* "$root"/etc/mesos-agent/* "$root"/etc/default/mesos-slave; do',
    '    [ -f "$file" ] && [ "$(stat -L -c %Y "$file")" -gt "$((startedAt + 1))" ] && echo "changedFlag=${file#"$root"}"',
    '  done',
  ];
}

/**
 * Where the packages' wrapper would take a second master URL from. A line that is computed from
 * another file, as the packages ship it, sets nothing of its own.
 */
export function otherPlaceLines(role: 'master' | 'slave' | null, place: MasterUrlPlace | null): string[] {
  if (role === null || place === null) return [];
  const [folder, flag, names] =
    role === 'master' ? ['mesos-master', 'zk', 'ZK|MESOS_ZK'] : ['mesos-slave', 'master', 'MASTER|MESOS_MASTER'];
  return [
    `for file in "$root/etc/${folder}/${flag}" "$root/etc/default/mesos" "$root/etc/default/${folder}"; do`,
    `  [ "$file" = "$root"${shq(place.path)} ] && continue`,
    '  [ -f "$file" ] || continue',
    `  case $file in */default/*) grep -E ${shq(`^[[:space:]]*(export[[:space:]]+)?(${names})=`)} "$file" | grep -qv '[\`(]' || continue;; esac`,
    '  echo "also=${file#"$root"}"',
    'done',
  ];
}
