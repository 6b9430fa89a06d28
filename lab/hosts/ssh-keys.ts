import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ssh2 from 'ssh2';

export interface KeyPair {
  readonly private: string;
  readonly public: string;
}

/** The lab's SSH keys, kept in `DIR/ssh`: made once, so that a host is the same host after a restart of the lab. */
export class SshKeys {
  /** @param passphrase of the operator's key; null = none */
  constructor(
    private readonly folder: string,
    private readonly passphrase: string | null = null,
  ) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  get identityFile(): string {
    return join(this.folder, 'id_ed25519');
  }

  get knownHostsFile(): string {
    return join(this.folder, 'known_hosts');
  }

  /** The operator's own key. */
  identity(): KeyPair {
    return this.keyPair(this.identityFile, 'operator', this.passphrase);
  }

  hostKey(host: string): KeyPair {
    return this.keyPair(join(this.folder, `host_${host}_ed25519`), host);
  }

  /** Writes the public keys of all hosts, one `[address]:port` line each. */
  writeKnownHosts(hosts: readonly { readonly name: string; readonly address: string; readonly port: number }[]): void {
    const lines = hosts.map(({ name, address, port }) => {
      const [type, key] = this.hostKey(name).public.split(' ');
      return `[${address}]:${String(port)} ${type ?? ''} ${key ?? ''}\n`;
    });
    writeFileSync(this.knownHostsFile, lines.join(''));
  }

  private keyPair(file: string, comment: string, passphrase: string | null = null): KeyPair {
    if (!existsSync(file)) {
      const made = generate(comment, passphrase);
      writeFileSync(`${file}.pub`, `${made.public.trim()}\n`);
      writeFileSync(file, `${made.private.trim()}\n`, { mode: 0o600 });
    }
    return { private: readFileSync(file, 'utf8'), public: readFileSync(`${file}.pub`, 'utf8') };
  }
}

/**
 * ssh2 strips leading zero bytes of a public key (`lib/keygen.js`, `ed25519`), which makes one key in
 * 256 malformed; such a one is thrown away.
 */
function generate(comment: string, passphrase: string | null): KeyPair {
  // As `ssh-keygen` encrypts a key.
  const sealed = passphrase === null ? {} : { passphrase, cipher: 'aes256-ctr', rounds: 16 };
  for (;;) {
    const made = ssh2.utils.generateKeyPairSync('ed25519', { comment, ...sealed });
    if (!(ssh2.utils.parseKey(made.private, passphrase ?? undefined) instanceof Error)) return made;
  }
}
