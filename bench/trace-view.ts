/**
 * `node scripts/build.mjs && pnpm --filter @weft/bench trace-view [--sizes 1000,100000,1000000] [--samples 9] [--data-dir DIR]`: a
 * trace of each size in Debian's Chromium: its first rows after a navigation (in a new tab, which is a new process, and from another
 * page of the server), all of it, the time of a frame while scrolling, the heap of scripts and the memory of the page's process.
 * Medians, and the worst. With --data-dir the data stay and are used again.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { eventually, spawnBundle, startBrowser } from '@weft/testkit';
import { scrollScript } from './browser-frames.ts';
import { percentile } from './figures.ts';
import { seedTrace } from './trace-data.ts';

const PROJECT = 'bench/trace';
const MIB = 1024 * 1024;
const LOADED_MS = 300_000;

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '1000,100000,1000000' },
    samples: { type: 'string', default: '9' },
    'data-dir': { type: 'string' },
  },
});
const sizes = values.sizes.split(',').map(Number);
const samples = Number(values.samples);
const dataDir = values['data-dir'] ?? mkdtempSync(join(tmpdir(), 'weft-trace-view-'));
mkdirSync(dataDir, { recursive: true });

type Browser = Awaited<ReturnType<typeof startBrowser>>;
type Page = Awaited<ReturnType<Browser['newPage']>>;

/** Runs before the page's own scripts: when rows stand there, and when all of the trace has come. */
const WATCH = `
new MutationObserver(() => {
  if (globalThis.rowsAt === undefined && document.querySelector('.trace .node'))
    requestAnimationFrame(() => (globalThis.rowsAt ??= performance.now()));
  const totals = document.querySelector('.trace-totals');
  if (totals && !totals.textContent.includes('…')) globalThis.allAt ??= performance.now();
}).observe(document, { childList: true, subtree: true, characterData: true });
`;

const CLICK = (line: string) => `new Promise((done) => {
  const startedAt = performance.now();
  const watch = new MutationObserver(() => {
    if (!document.querySelector('.trace .node')) return;
    watch.disconnect();
    requestAnimationFrame(() => done(performance.now() - startedAt));
  });
  watch.observe(document, { childList: true, subtree: true });
  document.querySelector(${JSON.stringify(line)}).click();
})`;

const server = spawnBundle('all-in-one', ['--port', '0', '--data-dir', dataDir], {
  GATEWAY_OTLP_GRPC_PORT: 'off',
});
const browser = await startBrowser();
try {
  const url = await eventually(() => /Weft is ready at (\S+)/.exec(server.stdout())?.[1], 120_000);
  console.log('| calls | first rows in a new tab: median, worst | coming from another page of the server | after a click in the list | all of it: median | frame while scrolling: median, p95 | heap | process |');
  console.log('|---:|---:|---:|---:|---:|---:|---:|---:|');
  for (const size of sizes) await measure(`${url}/${PROJECT}/weave/calls/${await rootOf(url, size)}`, size);
} finally {
  await browser.close();
  server.kill('SIGTERM');
  await server.ended;
  if (values['data-dir'] === undefined) rmSync(dataDir, { recursive: true, force: true });
} // prettier-ignore

/** Of the trace of that size: seeded, or there from before. */
async function rootOf(url: string, size: number): Promise<string> {
  const path = join(dataDir, 'trace-view.json');
  const known = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>) : {};
  known[size] ??= await seedTrace(url, PROJECT, size);
  writeFileSync(path, JSON.stringify(known));
  return known[size];
}

async function open(): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.addInitScript(WATCH);
  return page;
}

async function measure(address: string, size: number): Promise<void> {
  const page = await open();
  const within = await firstRows(page, new URL('/docs', address).href, address);
  const { rows, all } = await firstRows(page, 'about:blank', address);
  const clicked = await clickThrough(page, address);
  await page.close();
  const alone = await open();
  await alone.goto(address);
  await moment(alone, 'allAt');
  const memory = await memoryOf(alone);
  const frames = ((await alone.evaluate(scrollScript('.trace-list'))) as number[]).toSorted((a, b) => a - b);
  await alone.close();
  const sorted = (times: readonly number[]) => times.slice(1).toSorted((a, b) => a - b);
  const ms = (value: number) => `${value.toFixed(value < 100 ? 1 : 0)} ms`;
  const median = (times: readonly number[]) => ms(percentile(sorted(times), 50));
  console.log(
    `| ${size.toLocaleString('en')} | ${median(rows)}, ${ms(sorted(rows).at(-1)!)} | ${median(within.rows)}, ${ms(sorted(within.rows).at(-1)!)} | ${clicked} | ${median(all)} | ${ms(percentile(frames, 50))}, ${ms(percentile(frames, 95))} | ${memory.heap.toFixed(0)} MiB | ${memory.process.toFixed(0)} MiB |`,
  );
}

/** Of navigations to a trace. The first one warms up and does not count. @param from where the browser is before. */
async function firstRows(page: Page, from: string, address: string) {
  const [rows, all]: [number[], number[]] = [[], []];
  for (let i = 0; i <= samples; i++) {
    await page.goto(from);
    await page.goto(address);
    rows.push(await moment(page, 'rowsAt'));
    all.push(await moment(page, 'allAt'));
  }
  return { rows, all };
}

/** From a click on its line in the list of traces to its first rows: the app is there already. */
async function clickThrough(page: Page, address: string): Promise<string> {
  const { pathname, origin } = new URL(address);
  const times: number[] = [];
  for (let i = 0; i <= samples; i++) {
    await page.goto('about:blank');
    await page.goto(`${origin}/${PROJECT}/weave/traces`);
    const line = `a.row[href^="${pathname}"]`;
    await page.locator(line).waitFor();
    times.push((await page.evaluate(CLICK(line))) as number);
  }
  return `${percentile(
    times.slice(1).toSorted((a, b) => a - b),
    50,
  ).toFixed(0)} ms`;
}

function moment(page: Page, name: string): Promise<number> {
  return eventually(() => page.evaluate(`globalThis.${name}`) as Promise<number | undefined>, LOADED_MS);
}

/** After a collection: what scripts hold on their heap, and what the process of the page has to itself, buffers of numbers included. */
async function memoryOf(page: Page): Promise<{ heap: number; process: number }> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  await session.send('Performance.enable');
  const { metrics } = await session.send('Performance.getMetrics');
  const heap = metrics.find(({ name }) => name === 'JSHeapUsedSize')!.value / MIB;
  const whole = await browser.newBrowserCDPSession();
  const { processInfo } = await whole.send('SystemInfo.getProcessInfo');
  const bytes = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => privateBytes(id));
  await session.detach();
  await whole.detach();
  return { heap, process: Math.max(...bytes) / MIB };
}

function privateBytes(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kib = [...text.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB/gm)].map(([, amount]) =>
    Number(amount),
  );
  return kib.reduce((sum, amount) => sum + amount, 0) * 1024;
}
