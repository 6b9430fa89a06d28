import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { lookAtProcess } from '../../activities/reach/host-process.js';
import type { HostShell } from '../../src/ports/host-shell.js';
import { aConfig } from '../fakes/plans.js';

/** Keeps one connection, and opens and closes files all the time, as an agent does that reads its containers' cgroups. */
const BUSY = `
  const [net, fs] = [require('node:net'), require('node:fs')];
  const socket = net.connect(Number(process.argv[1]), '127.0.0.1', () => { console.log(socket.localPort); churn(); });
  socket.on('close', () => process.exit());
  function churn() {
    const open = Array.from({ length: 100 }, () => fs.openSync('/dev/null'));
    for (const fd of open) fs.closeSync(fd);
    setImmediate(churn);
  }`;

/** A real shell on this machine, whose systemd knows one process. */
function shellThatKnows(pid: number, as: { readonly uid?: number } = {}): HostShell {
  const systemctl = `systemctl() { printf 'ActiveState=active\\nMainPID=${String(pid)}\\n'; }`;
  return {
    run: (_host, _ssh, { text, timeoutMs }) => {
      const input = `${systemctl}\n${text}`;
      const done = spawnSync('/bin/sh', ['-s'], { ...as, input, cwd: '/', encoding: 'utf8', timeout: timeoutMs });
      return Promise.resolve({ exitCode: done.status ?? -1, stdout: done.stdout, stderr: done.stderr });
    },
  };
}

describe('a look at a process', function () {
  this.timeout(30_000);
  const config = aConfig();
  const [host] = config.masters;
  assert.ok(host);
  const look = (shell: HostShell) =>
    lookAtProcess(shell, config.ssh, { host, unit: 'u' }, new AbortController().signal);
  let server: Server;
  let busy: ChildProcess | undefined;

  before(async () => {
    server = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  after(async () => {
    busy?.kill('SIGKILL');
    server.close();
  });

  it('finds its connections whatever files it opens and closes meanwhile', async () => {
    const { port } = server.address() as AddressInfo;
    busy = spawn(process.execPath, ['--eval', BUSY, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [said] = (await once(busy.stdout ?? busy, 'data')) as [Buffer];
    const local = { ip: '127.0.0.1', port: Number(said.toString()) };
    const expected = { local, remote: { ip: '127.0.0.1', port } };
    for (let time = 0; time < 20; time += 1) {
      const { mainPid, sockets } = await look(shellThatKnows(busy.pid ?? 0));
      assert.equal(mainPid, busy.pid);
      assert.deepEqual(sockets, [expected]);
    }
  });

  it('says so when it may not see them', async function () {
    const [other, as] = process.getuid?.() === 0 ? [process.pid, { uid: 65_534 }] : [ofAnotherUser(), {}];
    if (other === undefined) this.skip();
    await assert.rejects(look(shellThatKnows(other, as)), { code: 'FERRY_NOT_PROVED', message: /exit code 4/ });
  });
});

function ofAnotherUser(): number | undefined {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  return pids.find((pid) => {
    try {
      return statSync(`/proc/${String(pid)}`).uid !== process.getuid?.();
    } catch {
      return false;
    }
  });
}
