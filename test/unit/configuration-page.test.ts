import { Ajv2020 } from 'ajv/dist/2020.js';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../lab/repository-root.js';
import { configTables, configurationPage } from '../../src/cli/configuration-page.js';

describe('the reference of the configuration', () => {
  const ajv = new Ajv2020({ strict: false });
  const tables = configTables();

  it('is what docs/configuration.md shows: npm run docs writes it', () => {
    assert.equal(readFileSync(join(repositoryRoot(), 'docs/configuration.md'), 'utf8'), configurationPage());
  });

  it('says of every key what it is for, and shows a value that the schema takes', () => {
    const wrong = tables.flatMap(({ places, keys }) =>
      keys
        .filter(({ schema, example }) => {
          const isNested = schema.properties !== undefined || schema.items?.properties !== undefined;
          const isShown = isNested || (example !== undefined && ajv.validate(schema, example));
          return typeof schema['description'] !== 'string' || !isShown;
        })
        .map(({ key }) => `${places[0] ?? ''}: ${key} needs a description and, in its meta, an example that fits`),
    );
    assert.deepEqual(wrong, []);
  });

  it('has a table for every place that the schema has', () => {
    const places = tables.flatMap(({ places }) => places);
    assert.equal(new Set(places).size, places.length);
    for (const place of ['', 'observers[]', 'agents.hosts[].masterUrl', 'policy.timeouts', 'credentials'])
      assert.ok(places.includes(place), `${place} is missing`);
  });
});
