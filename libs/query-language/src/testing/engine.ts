import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedClickHouse, type EmbeddedClickHouseOptions } from '@weft/embedded-clickhouse';
import type { BoundParam, BoundParams } from '../params.ts';

const quiet = (): void => undefined;
const SILENT = { info: quiet, warn: quiet, error: quiet } as unknown as EmbeddedClickHouseOptions['logger'];

/** A real ClickHouse for one test file. */
export interface Engine {
  /** Rows of JSONCompactEachRow; parameters are bound as the store binds them. */
  query(sql: string, params?: BoundParams): Promise<unknown[][]>;
  close(): Promise<void>;
}

export async function openEngine(): Promise<Engine> {
  const dataDir = mkdtempSync(join(tmpdir(), 'query-language-'));
  const engine = await openEmbeddedClickHouse({
    dataDir,
    logger: SILENT,
  });
  const settings =
    'max_query_size=100000000&max_ast_elements=10000000&max_expanded_ast_elements=10000000&max_parser_backtracks=0&compile_expressions=0';
  return {
    async query(sql, params = {}) {
      const form = new FormData();
      for (const [name, value] of Object.entries(params)) form.set(`param_${name}`, paramText(value));
      const { username, password } = engine.writer;
      // The server closes connections that are idle for long: none is kept.
      const headers = {
        'X-ClickHouse-User': username,
        'X-ClickHouse-Key': password,
        connection: 'close',
      };
      const hasParams = Object.keys(params).length > 0;
      const response = await fetch(
        `${engine.url}/?${settings}${hasParams ? `&query=${encodeURIComponent(sql)}` : ''}`,
        { method: 'POST', headers, body: hasParams ? form : sql },
      );
      const text = await response.text();
      if (!response.ok || text.includes('DB::Exception')) throw new Error(text.slice(0, 2000));
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as unknown[]);
    },
    async close() {
      await engine.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

const ESCAPES = new Map([
  ['\\', '\\\\'],
  ["'", "\\'"],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\0', '\\0'],
  ['\b', '\\b'],
  ['\f', '\\f'],
]);

function escaped(text: string): string {
  return text.replace(/[\\'\t\n\r\0\b\f]/g, (c) => ESCAPES.get(c)!);
}

function paramText(value: BoundParam): string {
  if (typeof value === 'string') return escaped(value);
  if (typeof value === 'number') return String(value);
  const members = 'members' in value ? value.members : value.map((each) => `'${escaped(each)}'`);
  return `[${members.join(',')}]`;
}

/** Parameters written into the text, for statements of thousands of them. */
export function inlined(sql: string, params: BoundParams): string {
  return sql.replace(/\{([a-z_]+\d+):([A-Za-z0-9()]+)\}/g, (_, name: string, type: string) => {
    const value = params[name]!;
    const text = typeof value === 'string' ? `'${escaped(value)}'` : `'${escaped(paramText(value))}'`;
    return type === 'String' ? text : `CAST(${text}, '${type}')`;
  });
}
