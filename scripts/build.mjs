/**
 * `pnpm build`: one ESM file per deployable, `dist/<service>.mjs`, with its source map. Native packages stay outside the
 * bundle; `dist/node_modules` links to them, so that `dist/` runs from where it stands. See docs/adr/001-workspace.md.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  copyFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const stampFile = join(dist, '.build.json');

/** Packages with a binary inside: loaded from node_modules at run time. A trailing `*` matches any rest. */
const NATIVE = ['ffi-rs', '@chdb/*', 'lmdb'];

/** Files that code starts or reads beside itself (`new URL('./x', import.meta.url)`), so they stand beside the bundle too. */
export const BESIDE = ['libs/embedded-clickhouse/src/launcher.mjs'];

// Some dependencies are CommonJS and call require() for Node's own modules.
const BANNER = `import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);`;

/**
 * Node reads the map as soon as it prints a stack: with those of packages, whose names say enough, 90 MB of heap. An inline map that
 * maps next to nothing makes esbuild leave a file out (https://github.com/evanw/esbuild/issues/1685).
 */
const withoutMaps = {
  name: 'no source maps of packages',
  setup(build) {
    const nothing = Buffer.from('{"version":3,"sources":[""],"mappings":"AAAA"}').toString('base64');
    build.onLoad({ filter: /\/node_modules\/.*\.[cm]?js$/ }, async ({ path }) => ({
      contents: `${await readFile(path, 'utf8')}\n//# sourceMappingURL=data:application/json;base64,${nothing}`,
      loader: 'js',
    }));
  },
};

/** Bundles every `services/<name>/src/main.ts`. Returns the names; `changed` is false when the last build still holds. */
export async function build({ force = false } = {}) {
  const names = deployables();
  if (!force && isFresh(names)) return { names, changed: false };
  const { build: bundle } = await import('esbuild');
  mkdirSync(dist, { recursive: true });
  const result = await bundle({
    absWorkingDir: root,
    entryPoints: names.map((name) => ({ in: `services/${name}/src/main.ts`, out: name })),
    outdir: 'dist',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    sourcemap: true,
    sourcesContent: false,
    plugins: [withoutMaps],
    metafile: true,
    external: NATIVE,
    banner: { js: BANNER },
    logLevel: 'warning',
  });
  await buildWeb();
  const beside = BESIDE.filter((file) => existsSync(join(root, file)));
  for (const file of beside) copyFileSync(join(root, file), join(dist, file.split('/').at(-1)));
  linkNatives();
  const inputs = [
    ...Object.keys(result.metafile.inputs),
    ...webSources(),
    ...beside,
    'scripts/build.mjs',
    'pnpm-lock.yaml',
  ];
  writeFileSync(
    stampFile,
    JSON.stringify({ names, inputs: Object.fromEntries(inputs.map((file) => [file, traceOf(file)])) }),
  );
  return { names, changed: true };
}

function deployables() {
  return readdirSync(join(root, 'services'))
    .filter((name) => existsSync(join(root, 'services', name, 'src/main.ts')))
    .sort();
}

const WEB = 'services/web';

/** The web app, into `dist/web`. */
async function buildWeb() {
  // vite is a dependency of that package alone.
  const { build: buildPages } = await import(
    pathToFileURL(join(root, WEB, 'node_modules/vite/dist/node/index.js')).href
  );
  await buildPages({
    root: join(root, WEB),
    configFile: join(root, WEB, 'vite.config.ts'),
    logLevel: 'warn',
  });
}

function webSources() {
  const files = readdirSync(join(root, WEB, 'src'), { recursive: true, withFileTypes: true });
  const sources = files
    .filter((file) => file.isFile())
    .map((file) => relative(root, join(file.parentPath, file.name)));
  return [...sources, `${WEB}/index.html`, `${WEB}/vite.config.ts`];
}

function isFresh(names) {
  if (!existsSync(stampFile) || names.some((name) => !existsSync(join(dist, `${name}.mjs`)))) return false;
  const stamp = JSON.parse(readFileSync(stampFile, 'utf8'));
  return (
    stamp.names.join() === names.join() &&
    Object.entries(stamp.inputs).every(([file, trace]) => traceOf(file) === trace)
  );
}

/** What changes when a file does, without reading it. */
function traceOf(file) {
  const stat = statSync(join(root, file), { throwIfNoEntry: false });
  return stat ? `${stat.mtimeMs}:${stat.size}` : 'gone';
}

function linkNatives() {
  const modules = join(dist, 'node_modules');
  rmSync(modules, { recursive: true, force: true });
  for (const lib of readdirSync(join(root, 'libs'))) {
    const dir = join(root, 'libs', lib);
    if (!existsSync(join(dir, 'package.json'))) continue;
    const { dependencies, optionalDependencies } = JSON.parse(
      readFileSync(join(dir, 'package.json'), 'utf8'),
    );
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies }).filter(isNative)) {
      const target = join(dir, 'node_modules', name);
      const link = join(modules, name);
      if (!existsSync(target)) continue; // of another platform
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(relative(dirname(link), target), link);
    }
  }
}

export function isNative(name) {
  return NATIVE.some((native) =>
    native.endsWith('*') ? name.startsWith(native.slice(0, -1)) : name === native,
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const startedMs = performance.now();
  const { names } = await build({ force: true });
  console.log(
    `built ${names.map((name) => `dist/${name}.mjs`).join(', ')} in ${Math.round(performance.now() - startedMs)} ms`,
  );
}
