import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parser as promql } from '@prometheus-io/lezer-promql';
import { parse } from 'yaml';
import { repositoryRoot } from '../../lab/repository-root.js';
import { Metrics } from '../../src/adapters/metrics.js';

const read = (name: string) => readFileSync(join(repositoryRoot(), name), 'utf8');

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
}
interface Panel {
  readonly id: number;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly { readonly expr: string }[];
}

/** Series that a Prometheus server would have from zkferry's own metrics, and what the rules record. */
function known(): Set<string> {
  const names = new Set<string>();
  const metrics = new Metrics();
  for (const { name, type } of metrics.registry.getMetricsAsArray() as unknown as { name: string; type: string }[]) {
    const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
    for (const suffix of suffixes) names.add(`${name}${suffix}`);
  }
  return names;
}

describe('the files for monitoring', () => {
  const rules = (parse(read('deploy/alert-rules.yml')) as { groups: { name: string; rules: Rule[] }[] }).groups;
  const dashboard = JSON.parse(read('deploy/grafana-dashboard.json')) as { panels: Panel[]; uid: string };
  const recorded = rules.flatMap((group) => group.rules.flatMap(({ record }) => record ?? []));
  const named = (expr: string) => expr.match(/\b(zkferry[_:]\w+|temporal_\w+)/g) ?? [];

  it('name no metric of zkferry that a worker does not export, nor leave one out', () => {
    const exported = known();
    const expressions = [
      ...rules.flatMap((group) => group.rules.map(({ expr }) => expr)),
      ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ];
    const used = new Set(expressions.flatMap(named).filter((name) => name.startsWith('zkferry')));
    assert.deepEqual(
      [...used].filter((name) => !exported.has(name) && !recorded.includes(name)),
      [],
    );
    const page = read('docs/observability.md');
    for (const name of exported) {
      assert.ok(
        page.includes(name.replace(/_(bucket|sum|count)$/, '')),
        `docs/observability.md tells nothing of ${name}`,
      );
    }
  });

  it('hold expressions of PromQL’s grammar', () => {
    const parser = promql.configure({ strict: true });
    assert.throws(() => parser.parse('sum by (a (b)'));
    for (const { expr } of [...rules.flatMap((group) => group.rules), ...dashboard.panels.flatMap((p) => p.targets)]) {
      // What Grafana puts in place of its variable.
      assert.doesNotThrow(() => parser.parse(expr.replaceAll('$cluster', 'a|b')), expr);
    }
  });

  it('have rules of the shape that Prometheus loads', () => {
    assert.ok(rules.length > 0);
    for (const group of rules) {
      assert.match(group.name, /^[a-z-]+$/);
      for (const rule of group.rules) {
        assert.equal(Number(rule.alert !== undefined) + Number(rule.record !== undefined), 1);
        assert.ok(rule.expr.length > 0);
        assert.deepEqual(
          Object.keys(rule).filter((key) => !['alert', 'record', 'expr', 'for', 'labels', 'annotations'].includes(key)),
          [],
        );
        if (rule.for !== undefined) assert.match(rule.for, /^\d+[smh]$/);
        if (rule.alert === undefined) continue;
        assert.match(rule.labels?.['severity'] ?? '', /^(warning|critical)$/);
        assert.ok((rule.annotations?.['summary'] ?? '') !== '' && (rule.annotations?.['description'] ?? '') !== '');
      }
    }
  });

  it('have a dashboard whose panels lie side by side, each with something to show', () => {
    assert.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length);
    for (const panel of dashboard.panels) {
      assert.ok(panel.targets.length > 0 && panel.gridPos.x + panel.gridPos.w <= 24, panel.title);
      const overlaps = dashboard.panels.filter(
        ({ id, gridPos: a }) =>
          id !== panel.id &&
          a.x < panel.gridPos.x + panel.gridPos.w &&
          panel.gridPos.x < a.x + a.w &&
          a.y < panel.gridPos.y + panel.gridPos.h &&
          panel.gridPos.y < a.y + a.h,
      );
      assert.deepEqual(overlaps, [], panel.title);
    }
  });
});
