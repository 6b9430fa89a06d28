import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { readOwner } from '../../activities/publishing/owner-znode.js';
import { publisherKey } from '../../activities/publishing/publisher-key.js';
import { ZookeeperStore } from '../../src/adapters/zookeeper-store.js';
import { resolveSecret } from '../../src/config/credentials.js';
import { loadConfig } from '../../src/config/load-config.js';
import type { MigrationStatus } from '../../src/domain/status.js';
import { filesBelow } from '../leaks/host-files.js';
import { SecretNet } from '../leaks/net.js';
import { APPROVER, CLUSTER, DIGEST, SecretRun, WRONG_PASSPHRASE } from '../leaks/secret-run.js';
import { znodesOf } from '../leaks/znodes.js';

const run = promisify(execFile);

/** Where Mesos reads its URL, password and all, and where it logs its flags: the operator's own files. */
const URL_FILES =
  /^(?:master|agent)\d+\/(?:etc\/mesos\/zk|var\/log\/mesos-(?:master|slave)\.log)$|^framework\d+\/etc\/default\/zkferry-lab-framework$/;
/** A place that was looked at: what it holds, and a harmless word that it must hold. */
type Place = readonly [name: string, text: string, harmless: string];

for (const strategy of ['observers', 'dual-publishing'] as const) {
  describe(`secrets in a migration by ${strategy}`, function () {
    this.timeout(420_000);
    let lab: SecretRun;
    let ended: MigrationStatus;
    /** Logins that may read every znode. */
    const logins = [DIGEST];

    before(async () => (lab = await SecretRun.start(strategy)));
    after(() => lab?.stop());

    /** Nothing shows in any of these places, and each holds what it should. */
    function clean(...places: readonly Place[]): void {
      const wrong = places.flatMap(([name, text, harmless]) => {
        const expected = new SecretNet();
        expected.add(harmless, harmless);
        const shows = lab.net.found(text).map((secret) => `${name} shows ${secret}`);
        return expected.found(text).length > 0 ? shows : [...shows, `${name} does not hold ${harmless}`];
      });
      assert.deepEqual(wrong, []);
    }

    const zkferry = (...words: string[]) => lab.operator.zkferry(...words);

    it('shows none where a verb fails: a wrong passphrase, a login refused, a wrong digest', async () => {
      const passphrase = { ZKFERRY_SSH_PASSPHRASE: WRONG_PASSPHRASE };
      const wrong = await lab.operator.zkferryWith(passphrase, 'preflight', lab.config, '--json');
      assert.equal(wrong.code, 1);
      assert.match(wrong.stdout, /its passphrase is another one/);
      lab.lab.host('master1').refuseLogins(true);
      const refused = await zkferry('plan', lab.config, '-o', lab.file('refused.json'));
      lab.lab.host('master1').refuseLogins(false);
      assert.match(refused.stdout, /refuses\s+the\s+login/);
      const digest = await zkferry('preflight', lab.wrongConfig);
      assert.equal(digest.code, 1, digest.stdout);
      const started = await zkferry('start', lab.wrongConfig);
      assert.equal(started.code, 0, started.stderr);
      const watched = await zkferry('watch', `${CLUSTER}-wrong`, '--plain', '--timeout', '60s');
      assert.equal(watched.code, 1, watched.stdout);
    });

    it('arrives, with an incident and hooks of each kind on the way', async () => {
      for (const words of [['validate'], ['preflight'], ['plan', '-o', lab.file('plan.json')], ['input']]) {
        const [verb = '', ...more] = words;
        const { code, stdout, stderr } = await zkferry(verb, lab.config, ...more);
        assert.equal(code, 0, `${verb}: ${stdout}${stderr}`);
      }
      assert.equal((await zkferry('start', lab.config, '--plan', lab.file('plan.json'))).code, 0);
      lab.operator.stay('watch', CLUSTER, '--json');
      lab.operator.stay('watch', CLUSTER, '--plain');
      await lab.approve('begin');
      await lab.until((s) => s.waitingFor?.what.includes('gate cut-over ') === true);
      await zkferry(
        'bundle',
        CLUSTER,
        '-o',
        lab.file('before.tar.gz'),
        '--config',
        lab.config,
        '--metrics',
        lab.metrics,
      );
      await lookOnTheWay();
      await lab.approve('cut-over');
      const { incidents } = await lab.until((s) => s.state === 'awaiting-decision');
      const veto = incidents.at(-1);
      assert.equal(veto?.code, 'FERRY_HOOK_VETO');
      await zkferry('status', CLUSTER);
      await zkferry('decide', CLUSTER, '--incident', veto.id, '--action', 'retry', '--by', APPROVER);
      await lab.approve('complete');
      ended = await lab.until((s) => ['migrated', 'rolled-back', 'stranded'].includes(s.state));
      assert.equal(ended.state, 'migrated', JSON.stringify(ended, null, 1));
      for (const words of [
        ['status', CLUSTER],
        ['status', CLUSTER, '--short'],
        ['doctor', '--temporal'],
      ])
        await zkferry(...words);
      await zkferry('report', CLUSTER, '--html', lab.file('report.html'), '--json');
      const bundle = ['bundle', CLUSTER, '-o', lab.file('after.tar.gz'), '--config', lab.config, '--doctor'];
      assert.equal((await zkferry(...bundle, '--metrics', lab.metrics)).code, 0);
    });

    /** At the gate before the window: what hosts keep until the end, and the znodes of the migration. */
    async function lookOnTheWay(): Promise<void> {
      const loaded = await loadConfig(lab.config);
      assert.ok(loaded.ok);
      if (strategy === 'dual-publishing') await notePublisher(loaded.config);
      const kept = [...filesBelow(lab.file('lab/hosts'))].filter(([file]) => file.includes('/var/lib/zkferry/'));
      const showing = kept.filter(([, text]) => lab.net.found(text).length > 0).map(([file]) => file);
      assert.ok(showing.length > 0, 'a host keeps the URL that it had');
      for (const file of showing) {
        // What a host gets back is what it had, password and all, for root alone.
        assert.match(file, new RegExp(`^\\w+/var/lib/zkferry/${CLUSTER}/(?:orig|found|staged)-[\\w-]+$`));
        assert.equal(statSync(lab.file(`lab/hosts/${file.slice(0, file.lastIndexOf('/'))}`)).mode & 0o777, 0o700);
      }
      clean([
        'what else hosts keep',
        kept
          .filter(([file]) => !showing.includes(file))
          .map(([file, text]) => `${file}\n${text}`)
          .join('\n'),
        `${CLUSTER}/generation`,
      ]);
      for (const side of ['source', 'target'] as const) {
        clean([`znodes of ${side}`, await znodesOf(lab.lab.json[side], logins), `/zkferry-marker-${CLUSTER}`]);
      }
    }

    async function notePublisher(config: Parameters<typeof publisherKey>[1]): Promise<void> {
      const { identity } = await publisherKey({ secrets: resolveSecret }, config);
      logins.push(identity);
      lab.net.add('the publisher’s password', identity.slice(identity.indexOf(':') + 1));
      const options = { credentials: null, moreCredentials: logins, timeoutMs: 10_000 };
      const session = await new ZookeeperStore().connect(config.target.servers, options, new AbortController().signal);
      try {
        const owner = await readOwner({ secrets: resolveSecret }, config, session);
        lab.net.add('the password of the publisher’s session', owner?.session?.password ?? '');
      } finally {
        await session.close();
      }
    }

    it('shows none in what a person types and reads: plan, status, watch, report, bundle', async () => {
      const { printed } = lab.operator;
      const verbs = new Set([...printed.keys()].map((line) => line.split(' ')[1]));
      const wanted = [
        'validate',
        'preflight',
        'plan',
        'input',
        'start',
        'watch',
        'status',
        'approve',
        'decide',
        'report',
      ];
      for (const verb of [...wanted, 'bundle', 'doctor', 'codec-server']) assert.ok(verbs.has(verb), verb);
      for (const [line, text] of printed) clean([line, `${line}\n${text}`, line]);
      const said = (start: string) =>
        [...printed]
          .filter(([line]) => line.startsWith(start))
          .map(([, text]) => text)
          .join();
      clean(['status', said(`zkferry status ${CLUSTER} --json`), APPROVER]);
      clean(['watch', said(`zkferry watch ${CLUSTER} --json`), 'pointOfNoReturnAt']);
      clean(['report as JSON', said('zkferry report'), APPROVER]);
      clean(['report as a page', await readFile(lab.file('report.html'), 'utf8'), APPROVER]);
      clean(['the plan', await readFile(lab.file('plan.json'), 'utf8'), 'planHash']);
      for (const [name, harmless] of [
        ['before', APPROVER],
        ['after', APPROVER],
      ] as const) {
        mkdirSync(lab.file(name));
        await run('tar', ['-xzf', lab.file(`${name}.tar.gz`), '-C', lab.file(name)]);
        const files = filesBelow(lab.file(name));
        for (const file of ['history.json', 'status.json', 'report.json', 'cluster.yaml', 'metrics.txt']) {
          assert.ok(files.has(file), `${file} is in the bundle`);
        }
        clean([`the bundle ${name}`, [...files].map(([file, text]) => `${file}\n${text}`).join('\n'), harmless]);
      }
    });

    it('shows none in logs and metrics', async () => {
      const log = await readFile(lab.worker.logFile, 'utf8');
      assert.match(log, /"level":20/, 'at level debug');
      clean(['the worker’s log', log, 'zkferry worker polls']);
      // At level warn it may well be empty.
      clean(['Temporal’s log', `temporal.log\n${await readFile(lab.file('temporal.log'), 'utf8')}`, 'temporal.log']);
      for (const path of ['metrics', 'healthz', 'readyz']) {
        const answer = await (await fetch(`http://${lab.metrics}/${path}`)).text();
        clean([path, `GET /${path}\n${answer}`, path === 'metrics' ? 'zkferry_worker_info' : `GET /${path}`]);
      }
    });

    it('shows none to hooks, which inherit nothing either', () => {
      const { heard, bodies, authorizations } = lab.hooks;
      clean(['what the command got', heard, 'ZKFERRY_EVENT=window-opened']);
      clean(['what the webhook got', bodies.join('\n'), '"window-opened"']);
      const names = [...heard.matchAll(/^([A-Za-z_]\w*)=/gm)].map(([, name = '']) => name);
      const own =
        /^(ZKFERRY_(EVENT|EVENT_ID|AT|CLUSTER|STRATEGY|MIGRATION|STATE|PHASE|PLAN_HASH|TOWARDS|WAITING_FOR|NEXT|INCIDENT\w*)|PATH|HOME|LANG|LC_ALL|TZ|TMPDIR|PWD|OLDPWD|SHLVL|_)$/;
      assert.deepEqual(
        [...new Set(names)].filter((name) => !own.test(name)),
        [],
      );
      // The net would have found it: the one secret that a webhook is given came along.
      assert.match(lab.net.found(authorizations.join('\n')).join(), /token/);
    });

    it('shows none in arguments, and gives none to another process', () => {
      const { inArguments, inEnvironments, commands, looks } = lab.processes;
      const { openedAt, pointOfNoReturnAt } = ended.window ?? {};
      const [from, to] = [Date.parse(openedAt ?? ''), Date.parse(pointOfNoReturnAt ?? '')];
      const inside = looks.filter((at) => at > from && at < to).length;
      assert.ok(looks.length > 100 && inside >= 3, `${String(looks.length)} looks, ${String(inside)} in the window`);
      const others = [...inArguments.values()].filter((seen) => !lab.processes.isMesos(seen));
      assert.deepEqual(others, []);
      assert.notEqual(inArguments.size, 0, 'the net finds what Mesos itself shows');
      clean(['command lines', [...commands].join('\n'), 'worker --log-level debug']);
      // Whom the operator gave them: the worker, and what the operator types.
      const holders = [...inEnvironments.values()].filter(
        (seen) =>
          !lab.processes.isMesos(seen) &&
          seen.pid !== lab.worker.pid &&
          seen.parent !== process.pid &&
          !lab.processes.isForked(seen, lab.worker.pid),
      );
      assert.deepEqual(holders, []);
      assert.ok(
        [...inEnvironments.values()].some(({ pid }) => pid === lab.worker.pid),
        'the worker holds them',
      );
    });

    it('shows nothing at all in histories as Temporal stores them, and no secret in what the key opens', async () => {
      const list = JSON.parse(await lab.operator.temporal('workflow', 'list', '-o', 'json')) as {
        execution: { workflowId: string; runId: string };
      }[];
      assert.ok(list.length >= 4, `${String(list.length)} workflows`);
      for (const { workflowId, runId } of list.map(({ execution }) => execution)) {
        const which = ['-w', workflowId, '-r', runId, '-o', 'json'];
        const described = await lab.operator.temporal('workflow', 'describe', ...which);
        clean([`description of ${workflowId}`, described, workflowId]);
        const sealed = await lab.operator.temporal('workflow', 'show', ...which);
        clean([`stored history of ${workflowId}`, sealed, 'EVENT_TYPE_WORKFLOW_EXECUTION_STARTED']);
        const plain = new SecretNet();
        for (const text of [CLUSTER, APPROVER, lab.lab.json.masters[0]?.host ?? '', 'awaiting-approval'])
          plain.add(text, text);
        assert.deepEqual(plain.found(withoutIds(sealed)), [], `the stored history of ${workflowId}`);
        const opened = await lab.operator.temporal('workflow', 'show', ...which, '--codec-endpoint', lab.codecEndpoint);
        clean([`opened history of ${workflowId}`, opened, CLUSTER]);
        assert.ok(plain.found(withoutIds(opened)).length > 0, `the key opens the history of ${workflowId}`);
        if (workflowId === `zkferry-${CLUSTER}`) clean(['opened history', opened, APPROVER]);
      }
      const listed = await lab.operator.temporal('workflow', 'list', '-o', 'json');
      clean(['the list with search attributes and memos', listed, `zkferry-${CLUSTER}`]);
      const stored = [...filesBelow(lab.dir)].filter(([file]) => file.startsWith('temporal.db'));
      clean(['Temporal’s database', stored.map(([, text]) => text).join('\n'), `zkferry-${CLUSTER}`]);
    });

    it('leaves none on hosts and in znodes', async () => {
      const files = filesBelow(lab.file('lab/hosts'));
      const showing = [...files].filter(([, text]) => lab.net.found(text).length > 0).map(([file]) => file);
      assert.deepEqual(
        showing.filter((file) => !URL_FILES.test(file)),
        [],
      );
      assert.ok(showing.length >= 6, 'the net finds what the operator keeps there himself');
      for (const [name, host] of lab.lab.hosts) {
        assert.ok(!existsSync(host.path('var/lib/zkferry')), `${name} keeps something`);
        assert.deepEqual([...filesBelow(host.path('tmp')).keys()], [], name);
      }
      for (const side of ['source', 'target'] as const) {
        clean([`znodes of ${side}`, await znodesOf(lab.lab.json[side], logins), '/mesos/log_replicas']);
      }
    });
  });
}

/** A history without what stays in the clear by nature: ids of workflows, and search attributes. */
function withoutIds(history: string): string {
  const value: unknown = JSON.parse(history, (key, inner: unknown) => (key === 'searchAttributes' ? undefined : inner));
  return JSON.stringify(value).replaceAll(new RegExp(`zkferry-${CLUSTER}(?:-wrong)?(?:/[\\w-]+)*`, 'g'), 'ID');
}
