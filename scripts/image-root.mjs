/**
 * `node scripts/image-root.mjs DIR [SERVICE…]`: what goes into a container image, `DIR/<service>/`, for every deployable
 * or those named: the bundle, the files beside it, the web app where it is served, and its native packages as real files, since an image has no
 * node_modules to link to. The Dockerfile copies these folders; deploy tests run them as they are.
 */
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { BESIDE, build, isNative } from './build.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Builds, then writes the folders anew. Returns what they hold: `{ service, dir, natives }`. */
export async function assembleImageRoots(target, services = []) {
  const { names } = await build();
  const unknown = services.find((service) => !names.includes(service));
  if (unknown !== undefined) throw new Error(`no deployable ${unknown}: there are ${names.join(', ')}`);
  return (services.length > 0 ? services : names).map((service) => assemble(service, join(target, service)));
}

function assemble(service, dir) {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  copyFileSync(join(root, 'dist', `${service}.mjs`), join(dir, 'main.mjs'));
  copyFileSync(join(root, 'LICENSE'), join(dir, 'LICENSE'));
  copyFileSync(join(root, 'deploy/image/healthcheck.mjs'), join(dir, 'healthcheck.mjs'));
  const libs = libsOf(join(root, 'services', service));
  for (const file of BESIDE.filter((path) => libs.some((lib) => join(root, path).startsWith(`${lib}/`))))
    copyFileSync(join(root, file), join(dir, file.split('/').at(-1)));
  if (service === 'query' || libs.some((lib) => lib === join(root, 'services/query')))
    cpSync(join(root, 'dist/web'), join(dir, 'web'), { recursive: true });
  const natives = new Map();
  for (const lib of libs)
    for (const name of dependenciesOf(lib).filter(isNative)) copyPackage(name, lib, dir, natives);
  return { service, dir, natives: [...natives.keys()].sort() };
}

/** Folders of the workspace packages that a service needs at run time, directly or not. */
function libsOf(dir, found = new Set()) {
  for (const name of dependenciesOf(dir).filter((dependency) => dependency.startsWith('@weft/'))) {
    const lib = realpathSync(join(dir, 'node_modules', name));
    if (found.has(lib)) continue;
    found.add(lib);
    libsOf(lib, found);
  }
  return [...found];
}

/** A package and what it needs, flat: two versions of one package would overwrite each other and are refused. */
function copyPackage(name, from, dir, copied) {
  const source = locate(name, from);
  if (source === undefined) return; // of another platform
  const { version } = manifestOf(source);
  if (copied.has(name)) {
    if (copied.get(name) === version) return;
    throw new Error(`two versions of ${name}: ${copied.get(name)} and ${version}`);
  }
  copied.set(name, version);
  cpSync(source, join(dir, 'node_modules', name), {
    recursive: true,
    dereference: true,
    filter: (path) => path === source || !path.slice(source.length).includes('/node_modules'),
  });
  for (const dependency of dependenciesOf(source)) copyPackage(dependency, source, dir, copied);
}

/** A package's real folder as Node finds it from another; undefined when it is not installed. */
function locate(name, from) {
  const folders = createRequire(join(realpathSync(from), 'package.json')).resolve.paths(name) ?? [];
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  return found === undefined ? undefined : realpathSync(found);
}

function dependenciesOf(dir) {
  const { dependencies, optionalDependencies } = manifestOf(dir);
  return Object.keys({ ...dependencies, ...optionalDependencies });
}

function manifestOf(dir) {
  return JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [target, ...services] = process.argv.slice(2);
  if (target === undefined) {
    console.error('usage: node scripts/image-root.mjs DIR [SERVICE…]');
    process.exit(2);
  }
  for (const { dir, natives } of await assembleImageRoots(resolve(target), services))
    console.log(natives.length === 0 ? dir : `${dir} with ${natives.join(', ')}`);
}
