import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A host's root folder with a `systemctl` that knows one unit, which has no process; for scripts run by `LocalShell`. */
export class BareHost {
  constructor(readonly root = mkdtempSync(join(tmpdir(), 'bare-'))) {
    for (const dir of ['usr/bin', 'var/lib', 'etc/systemd/system']) mkdirSync(join(root, dir), { recursive: true });
    writeFileSync(
      join(root, 'usr/bin/systemctl'),
      `#!/bin/sh
case "$*" in
  show*DropInPaths*) echo "DropInPaths=${root}/etc/systemd/system/zookeeper.service.d/90-zkferry.conf" ;;
  show*NeedDaemonReload*) echo NeedDaemonReload=no ;;
  show*) if [ -e "${root}/up" ]; then echo ActiveState=active; else echo ActiveState=inactive; fi; echo MainPID=0; echo ControlGroup= ;;
  start*) true > "${root}/up" ;;
  stop*) rm -f "${root}/up" ;;
  is-enabled*) echo disabled ;;
esac
`,
    );
    chmodSync(join(root, 'usr/bin/systemctl'), 0o755);
  }

  write(path: string, text: string): void {
    mkdirSync(join(this.root, path, '..'), { recursive: true });
    writeFileSync(join(this.root, path), text);
  }

  /** Path → content; a folder ends in `/`. */
  files(): Record<string, string> {
    const paths = readdirSync(this.root, { recursive: true, encoding: 'utf8' }).sort();
    return Object.fromEntries(
      paths.map((path) => {
        const full = join(this.root, path);
        return statSync(full).isDirectory() ? [`${path}/`, ''] : [path, readFileSync(full, 'utf8')];
      }),
    );
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
