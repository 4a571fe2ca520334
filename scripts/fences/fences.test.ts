import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { checkFences } from './check.ts';
import { EDGES } from './table.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'weft-fences-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}

function manifest(dir: string, rest: Record<string, unknown> = {}): void {
  write(`${dir}/package.json`, JSON.stringify({ name: `@weft/${dir.split('/')[1]}`, ...rest }, null, 2));
}

function installed(dir: string, name: string, license?: unknown): void {
  write(`${dir}/node_modules/${name}/package.json`, JSON.stringify({ name, license }));
}

const refused = (): string[] => checkFences(root).map((r) => `${r.file}:${r.line} ${r.what} | ${r.why}`);

describe('check-fences', () => {
  it('lets a well-kept repository pass', () => {
    manifest('libs/model', { exports: './src/index.ts', dependencies: { zod: '4.6.7' } });
    write(
      'libs/model/src/index.ts',
      `import { z } from 'zod';\nexport { a } from './a.ts';\nexport const b = z;\n`,
    );
    write(
      'libs/model/src/a.ts',
      `/** process.env and SELECT in prose are fine. */\nexport const a = 'Select a model';\n`,
    );
    manifest('libs/runtime');
    write('libs/runtime/src/config.ts', `export const env = process.env;\n`);
    manifest('libs/trace-store', { dependencies: { '@weft/model': 'workspace:*' } });
    write(
      'libs/trace-store/src/read.ts',
      `import { b } from '@weft/model';\nexport const q = 'SELECT 1 ' + b;\n`,
    );
    expect(refused()).toEqual([]);
  });

  it('refuses an edge that the table does not have, in the manifest and in the import', () => {
    manifest('libs/model');
    manifest('libs/otlp', { dependencies: { '@weft/runtime': 'workspace:*' } });
    write('libs/otlp/src/read.ts', `\nimport { log } from '@weft/runtime';\nlog();\n`);
    expect(refused()).toEqual([
      'libs/otlp/package.json:4 otlp lists @weft/runtime | otlp may import model (scripts/fences/table.ts)',
      'libs/otlp/src/read.ts:2 import of @weft/runtime | otlp may import model (scripts/fences/table.ts)',
    ]);
  });

  it('refuses services in libs and in services, and allows them in the composition root', () => {
    const deps = { dependencies: { '@weft/writer': 'workspace:*' } };
    manifest('services/writer');
    manifest('services/query', deps);
    manifest('libs/http', deps);
    manifest('services/all-in-one', deps);
    expect(refused()).toEqual([
      expect.stringMatching(/^libs\/http\/package.json:4 .*libs never import services/),
      expect.stringMatching(/^services\/query\/package.json:4 .*services never import services/),
    ]);
  });

  it('refuses a package and a dependency that the table does not know', () => {
    manifest('libs/misc');
    manifest('libs/model', { dependencies: { lodash: '4.17.21' } });
    expect(refused()).toEqual([
      expect.stringMatching(/^libs\/misc\/package.json:2 misc is not in the table/),
      expect.stringMatching(/^libs\/model\/package.json:4 model lists lodash \| lodash has no home yet/),
    ]);
  });

  it('keeps a client in its home, however it is loaded; types of express may travel', () => {
    manifest('services/gateway', { devDependencies: { '@types/express': '5.0.6' } });
    write('services/gateway/src/a.ts', `import type { Router } from 'express';\nexport type R = Router;\n`);
    write('services/gateway/src/b.ts', `import { Router } from 'express';\nRouter();\n`);
    write('services/gateway/src/c.ts', `export const k = await import('kafkajs');\n`);
    write(
      'services/gateway/src/d.mjs',
      `const { createClient } = require('@clickhouse/client');\ncreateClient();\n`,
    );
    expect(refused()).toEqual([
      expect.stringMatching(/^services\/gateway\/src\/b.ts:1 import of express \| its only home is http/),
      expect.stringMatching(
        /^services\/gateway\/src\/c.ts:1 import of kafkajs \| its only home is event-log/,
      ),
      expect.stringMatching(
        /^services\/gateway\/src\/d.mjs:1 import of @clickhouse\/client \| its only home is trace-store/,
      ),
    ]);
  });

  it('refuses ways past the front door', () => {
    manifest('libs/model', { exports: { '.': './src/index.ts', './ids': './src/ids.ts' } });
    manifest('libs/otlp', { dependencies: { '@weft/model': 'workspace:*' } });
    write('libs/otlp/src/a.ts', `export type { X } from '@weft/model/src/ids.ts';\n`);
    write('libs/otlp/src/b.ts', `import { x } from '../../model/src/ids.ts';\nx();\n`);
    write('libs/otlp/src/index.ts', `export * from './a.ts';\n`);
    expect(refused()).toEqual([
      expect.stringMatching(/^libs\/model\/package.json:3 more than one front door/),
      expect.stringMatching(/^libs\/otlp\/src\/a.ts:1 .*one front door/),
      expect.stringMatching(/^libs\/otlp\/src\/b.ts:1 .*leaves the package/),
      expect.stringMatching(/^libs\/otlp\/src\/index.ts:1 export \*/),
    ]);
  });

  it('refuses the environment outside runtime, in any spelling, and leaves tests alone', () => {
    manifest('services/writer');
    write(
      'services/writer/src/a.ts',
      `const a = process.env.A;\nconst b = process['env'];\nconst { env } = process;\nimport { env as e } from 'node:process';\nexport { a, b, env, e };\n`,
    );
    write('services/writer/src/a.test.ts', `process.env.A = '1';\n`);
    expect(refused().map((r) => r.split(' | ')[0])).toEqual(
      [1, 2, 3, 4].map((n) => `services/writer/src/a.ts:${n} process.env`),
    );
  });

  it('refuses SQL outside trace-store: strings, templates and files', () => {
    manifest('services/query');
    write('services/query/src/a.ts', 'export const a = (t: string) => `\n  SELECT ${t} FROM calls`;\n');
    write('services/query/src/b.ts', `export const b = 'INSERT INTO calls VALUES';\n`);
    write('services/query/src/c.sql', `x`);
    write('services/query/src/d.test.ts', `export const d = 'SELECT 1';\n`);
    expect(refused()).toEqual([
      expect.stringMatching(/^services\/query\/src\/a.ts:1 SQL: SELECT/),
      expect.stringMatching(/^services\/query\/src\/b.ts:1 SQL: INSERT INTO calls/),
      expect.stringMatching(/^services\/query\/src\/c.sql:1 a .sql file/),
    ]);
  });

  it('keeps testkit and devDependencies out of production code', () => {
    const testkit = { '@weft/testkit': 'workspace:*' };
    manifest('libs/testkit');
    manifest('libs/model', { devDependencies: testkit });
    write('libs/model/src/a.test.ts', `import { eventually } from '@weft/testkit';\neventually();\n`);
    write('libs/model/src/a.ts', `import { eventually } from '@weft/testkit';\neventually();\n`);
    manifest('libs/runtime', { dependencies: testkit });
    manifest('libs/otlp', { devDependencies: { protobufjs: '8.8.1' } });
    write('libs/otlp/src/a.ts', `import pb from 'protobufjs';\npb();\n`);
    expect(refused()).toEqual([
      expect.stringMatching(
        /^libs\/model\/src\/a.ts:1 import of @weft\/testkit \| testkit is imported by tests only/,
      ),
      expect.stringMatching(/^libs\/otlp\/src\/a.ts:1 .*production code must not need a devDependency/),
      expect.stringMatching(/^libs\/runtime\/package.json:4 runtime lists @weft\/testkit/),
    ]);
  });

  it('refuses Node modules in what the browser shares, and undeclared imports', () => {
    manifest('libs/model');
    write('libs/model/src/a.ts', `import { hash } from 'node:crypto';\nimport { z } from 'zod';\nhash(z);\n`);
    expect(refused()).toEqual([
      expect.stringMatching(/a.ts:1 import of node:crypto \| model runs in the browser too/),
      expect.stringMatching(/a.ts:2 import of zod \| libs\/model\/package.json does not list it/),
    ]);
  });

  it.each(['^4.6.7', '~4.6.7', '4', '4.x', '*', 'latest', '>=4.0.0', 'github:a/b'])(
    'refuses the version %s',
    (version) => {
      manifest('libs/model', { dependencies: { zod: version } });
      expect(refused()).toEqual([expect.stringContaining(`zod@${version} is not exact`)]);
    },
  );

  it.each(['4.6.7', '26.7.3-stable.1', 'npm:zod@4.6.7'])('accepts the version %s', (version) => {
    manifest('libs/model', { dependencies: { zod: version } });
    expect(refused()).toEqual([]);
  });

  it.each([
    ['MIT', true],
    ['BSD-3-Clause', true],
    ['(GPL-3.0-only OR Apache-2.0)', true],
    ['MIT AND GPL-2.0-only', false],
    ['AGPL-3.0-only', false],
    ['BUSL-1.1', false],
    [undefined, false],
  ])('licence %s: accepted %s', (license, accepted) => {
    manifest('libs/model', { dependencies: { zod: '4.6.7' } });
    installed('libs/model', 'zod', license);
    expect(refused()).toEqual(accepted ? [] : [expect.stringContaining('zod has the licence')]);
  });

  it('keeps clients out of the root package.json', () => {
    write(
      'package.json',
      JSON.stringify({ devDependencies: { kafkajs: '2.2.4', prettier: '3.10.1' } }, null, 2),
    );
    expect(refused()).toEqual([
      expect.stringMatching(/^package.json:3 root lists kafkajs \| the root lists tooling only/),
    ]);
  });

  it('guards the length of the reading path at 600 lines', () => {
    write('README.md', 'x\n'.repeat(300));
    write('services/writer/src/writer.ts', 'x\n'.repeat(299));
    expect(refused()).toEqual([]);
    write('services/writer/src/writer.ts', 'x\n'.repeat(300));
    expect(refused()).toEqual([
      expect.stringMatching(/^README.md:1 the reading path has 600 lines: README.md 300, services/),
    ]);
  });
});

describe('the table', () => {
  it('has no cycle', () => {
    const visit = (name: string, path: readonly string[]): void => {
      expect(path).not.toContain(name);
      for (const next of EDGES[name] ?? []) visit(next, [...path, name]);
    };
    for (const name of Object.keys(EDGES)) visit(name, []);
  });
});
