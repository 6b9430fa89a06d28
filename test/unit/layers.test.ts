import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import ts from 'typescript';
import { repositoryRoot } from '../../lab/repository-root.js';

interface Import {
  readonly from: string;
  /** Path from the root without suffix (`src/domain/plan`), or the package's name. */
  readonly to: string;
  readonly typeOnly: boolean;
}

const root = repositoryRoot();
const imports = ['src', 'workflows', 'activities', 'lab', 'test']
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  )
  .filter((file) => file.endsWith('.ts'))
  .flatMap((file) => importsOf(file, readFileSync(join(root, file), 'utf8')));

function importsOf(file: string, text: string): Import[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  const found: Import[] = [];
  const add = (specifier: ts.Expression, typeOnly: boolean) => {
    if (!ts.isStringLiteral(specifier)) return;
    const local = specifier.text.startsWith('.');
    const to = local
      ? normalize(join(dirname(file), specifier.text)).replace(/\.js$/, '')
      : specifier.text
          .split('/')
          .slice(0, specifier.text.startsWith('@') ? 2 : 1)
          .join('/');
    found.push({ from: file, to, typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const clause = node.importClause;
      const bindings = clause?.namedBindings;
      const allTypes =
        bindings !== undefined &&
        ts.isNamedImports(bindings) &&
        clause?.name === undefined &&
        bindings.elements.length > 0 &&
        bindings.elements.every((element) => element.isTypeOnly);
      add(node.moduleSpecifier, clause?.phaseModifier === ts.SyntaxKind.TypeKeyword || allTypes);
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
      add(node.moduleSpecifier, node.isTypeOnly);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword && node.arguments[0]) {
      add(node.arguments[0], false);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const isIn =
  (...folders: string[]) =>
  (path: string) =>
    folders.some((folder) => path.startsWith(`${folder}/`));

/** What breaks a rule, one line each, so that a failure names the files. */
function breaches(where: (file: string) => boolean, allowed: (found: Import) => boolean): string[] {
  return imports
    .filter((found) => where(found.from) && !allowed(found))
    .map(({ from, to, typeOnly }) => `${from} imports ${typeOnly ? 'types of ' : ''}${to}`);
}

describe('the layers', () => {
  it('are read at all', () => {
    assert.ok(imports.some(({ from, to }) => isIn('src/domain')(from) && isIn('src/domain')(to)));
  });

  it('keep the domain to itself, but for hashing', () => {
    const found = breaches(isIn('src/domain'), ({ to }) => isIn('src/domain')(to) || to === 'node:crypto');
    assert.deepEqual(found, []);
  });

  it('let the page of the report know the domain alone, so that it shows a report and nothing else', () => {
    const found = breaches(
      isIn('src/report'),
      ({ to }) => isIn('src/report', 'src/domain')(to) || to === 'node:crypto',
    );
    assert.deepEqual(found, []);
  });

  it('let ports know the domain alone', () => {
    const allowed = isIn('src/domain', 'src/ports');
    assert.deepEqual(
      breaches(isIn('src/ports'), ({ to }) => allowed(to)),
      [],
    );
  });

  it('let workflows know the domain, the SDK’s workflow package and types of activities', () => {
    const packages = ['@temporalio/workflow', '@temporalio/common'];
    const found = breaches(
      isIn('workflows'),
      ({ to, typeOnly }) =>
        isIn('workflows', 'src/domain')(to) || packages.includes(to) || (typeOnly && isIn('activities')(to)),
    );
    assert.deepEqual(found, []);
  });

  it('keep node:crypto out of the domain files that workflows load', () => {
    const loaded = reachable(imports.filter(({ from }) => isIn('workflows')(from)).map(({ from }) => from));
    const found = breaches(
      (file) => loaded.has(file),
      ({ to, typeOnly }) => typeOnly || !to.startsWith('node:'),
    );
    assert.deepEqual(found, []);
  });

  it('let activities know ports and domain, never a driver of ssh, ZooKeeper or HTTP', () => {
    const packages = /^(node:[a-z_]+|@temporalio\/(activity|common)|p-limit)$/;
    const found = breaches(
      isIn('activities'),
      ({ to, typeOnly }) =>
        isIn('activities', 'src/domain', 'src/ports')(to) ||
        packages.test(to) ||
        // The worker's package is where the types of interceptors live.
        (typeOnly && to === '@temporalio/worker'),
    );
    assert.deepEqual(found, []);
  });

  it('let adapters and config know no activity, workflow or command', () => {
    const found = breaches(
      isIn('src/adapters', 'src/config'),
      ({ to }) => !isIn('activities', 'workflows', 'src/cli')(to),
    );
    assert.deepEqual(found, []);
  });

  it('let only the lab, the tests and the lab command know the lab', () => {
    const outside = (file: string) => !isIn('lab', 'test')(file) && file !== 'src/cli/lab.ts';
    assert.deepEqual(
      breaches(outside, ({ to }) => !isIn('lab')(to)),
      [],
    );
  });

  it('let nothing but tests know the tests', () => {
    const outside = (file: string) => !isIn('test')(file);
    assert.deepEqual(
      breaches(outside, ({ to }) => !isIn('test')(to)),
      [],
    );
  });
});

/** Files loaded at run time from `entries`, following value imports. */
function reachable(entries: readonly string[]): Set<string> {
  const seen = new Set<string>();
  const queue = [...entries];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    for (const { from, to, typeOnly } of imports) {
      if (from === file && !typeOnly) queue.push(`${relative('.', to)}.ts`);
    }
  }
  return seen;
}
