/**
 * `node scripts/build.mjs && pnpm --filter @weft/bench web [--rows 1000000] [--samples 15] [--data-dir DIR]`: what a person waits
 * for, in Debian's Chromium, on a server with `rows` calls (80 % in one project): the list's first rows after a navigation, the
 * rows after a change of the filter, the time of a frame while scrolling, and the first load's bytes. Medians, and the worst.
 * With --data-dir the data stay and are used again.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { openEmbeddedClickHouse } from '@weft/embedded-clickhouse';
import { createLogger } from '@weft/runtime';
import { eventually, spawnBundle, startBrowser } from '@weft/testkit';
import { scrollScript } from './browser-frames.ts';
import { percentile } from './figures.ts';
import { PROJECT } from './read-data.ts';
import { loadOrReuse } from './read-load.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    samples: { type: 'string', default: '15' },
    'data-dir': { type: 'string' },
  },
});
const samples = Number(values.samples);
const dataDir = values['data-dir'] ?? mkdtempSync(join(tmpdir(), 'weft-web-'));
const root = dirname(dirname(fileURLToPath(import.meta.url)));

type Page = Awaited<ReturnType<Awaited<ReturnType<typeof startBrowser>>['newPage']>>;

/** Runs before the page's own scripts: when rows come, in milliseconds since the navigation began. */
const WATCH = `
globalThis.rowsAt = undefined;
new MutationObserver(() => {
  if (globalThis.rowsAt === undefined && document.querySelector('a.row'))
    requestAnimationFrame(() => (globalThis.rowsAt ??= performance.now()));
}).observe(document, { childList: true, subtree: true });
`;

/** Chooses a status, and says how long it takes until other rows stand there. */
const FILTER = (status: string) => `new Promise((done) => {
  const select = document.querySelector('select[aria-label=Status]');
  const before = document.querySelector('a.row')?.href;
  const startedAt = performance.now();
  const watch = new MutationObserver(() => {
    const first = document.querySelector('a.row')?.href;
    if (first === undefined || first === before) return;
    watch.disconnect();
    requestAnimationFrame(() => done(performance.now() - startedAt));
  });
  watch.observe(document.querySelector('main'), { childList: true, subtree: true, attributes: true });
  Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, 'value').set.call(select, ${JSON.stringify(status)});
  select.dispatchEvent(new Event('change', { bubbles: true }));
  setTimeout(() => done(NaN), 20000);
})`;

mkdirSync(dataDir, { recursive: true });
await seed();
const server = spawnBundle('all-in-one', ['--port', '0', '--data-dir', dataDir], {
  GATEWAY_OTLP_GRPC_PORT: 'off',
});
const browser = await startBrowser();
try {
  const url = await eventually(() => /Weft is ready at (\S+)/.exec(server.stdout())?.[1], 120_000);
  const traces = `${url}/${PROJECT}/weave/traces`;
  console.log('| | median | worst |\n|---|---:|---:|');
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.addInitScript(WATCH);
  row('list, first rows after navigation', await repeat(() => firstRows(page, traces)));
  row('list of every call, first rows', await repeat(() => firstRows(page, `${traces}?all=true`)));
  await firstRows(page, traces);
  // Every answer is asked for anew: what the page has kept would come at once.
  const filtered = await repeat(async (i) => {
    if (i > 0) await firstRows(page, traces);
    return (await page.evaluate(FILTER('error'))) as number;
  });
  row('filter: a status chosen to its rows', filtered);
  await firstRows(page, traces);
  const frames = (await page.evaluate(scrollScript('.list'))) as number[];
  const sorted = frames.toSorted((a, b) => a - b);
  console.log(
    `| scroll, time of a frame: median and p95 | ${ms(percentile(sorted, 50))} | ${ms(percentile(sorted, 95))} |`,
  );
  console.log(`\nfirst load: ${(firstLoadBytes() / 1024).toFixed(0)} KiB of JavaScript, gzip`);
} finally {
  await browser.close();
  server.kill('SIGTERM');
  await server.ended;
  if (values['data-dir'] === undefined) rmSync(dataDir, { recursive: true, force: true });
}

async function seed(): Promise<void> {
  const engine = await openEmbeddedClickHouse({
    dataDir: join(dataDir, 'clickhouse'),
    logger: createLogger({ name: 'bench', level: 'warn' }),
  });
  const options = { url: engine.url, ...engine.writer, database: engine.database };
  await loadOrReuse(options, Number(values.rows), dataDir, true);
  await engine.stop();
}

async function firstRows(page: Page, address: string): Promise<number> {
  await page.goto('about:blank');
  await page.goto(address);
  return eventually(() => page.evaluate('globalThis.rowsAt') as Promise<number | undefined>);
}

/** The first one warms up and does not count. */
async function repeat(measure: (i: number) => Promise<number>): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i <= samples; i++) times.push(await measure(i));
  return times.slice(1);
}

function row(name: string, times: readonly number[]): void {
  const sorted = times.toSorted((a, b) => a - b);
  console.log(`| ${name} | ${ms(percentile(sorted, 50))} | ${ms(sorted.at(-1)!)} |`);
}

function ms(value: number): string {
  return `${value.toFixed(value < 100 ? 1 : 0)} ms`;
}

/** What `index.html` names. */
function firstLoadBytes(): number {
  const web = join(root, 'dist/web');
  const index = readFileSync(join(web, 'index.html'), 'utf8');
  return [...index.matchAll(/"\/-\/([^"]+\.js)"/g)]
    .map(([, name]) => join(web, name!))
    .filter((path) => existsSync(path))
    .reduce((sum, path) => sum + gzipSync(readFileSync(path), { level: 9 }).length, 0);
}
