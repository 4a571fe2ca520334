import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The parts on disk that make an engine process. All paths are absolute. */
export interface EngineLibrary {
  readonly launcherPath: string;
  readonly ffiPath: string;
  readonly libraryPath: string;
}

/** Finds a module's file as `require.resolve` does; throws when it is not installed. */
export type ResolveModule = (specifier: string) => string;

/** `@chdb/lib-linux-x64-gnu` and its kin: the package that carries the engine for a platform. */
export function enginePackageName(platform: string, arch: string): string {
  return `@chdb/lib-${platform}-${arch}${platform === 'linux' ? '-gnu' : ''}`;
}

/**
 * Finds the launcher, ffi-rs and the engine's shared library.
 * @throws Error that names what is missing and the way out: an external ClickHouse by `WF_CLICKHOUSE_HOST`.
 */
export function findEngineLibrary(options: {
  resolveModule?: ResolveModule;
  launcherPath?: string;
}): EngineLibrary {
  const resolve = options.resolveModule ?? createRequire(import.meta.url).resolve;
  const enginePackage = enginePackageName(process.platform, process.arch);
  const libraryPath = join(
    dirname(find(`${enginePackage}/package.json`, enginePackage, resolve)),
    'libchdb.so',
  );
  if (!existsSync(libraryPath)) throw missing(enginePackage);
  const launcherPath = options.launcherPath ?? fileURLToPath(new URL('./launcher.mjs', import.meta.url));
  if (!existsSync(launcherPath)) {
    throw new Error(
      `the embedded ClickHouse's launcher is not at ${launcherPath}: copy launcher.mjs beside the bundle`,
    );
  }
  return { launcherPath, ffiPath: find('ffi-rs', 'ffi-rs', resolve), libraryPath };
}

function find(specifier: string, packageName: string, resolve: ResolveModule): string {
  try {
    return resolve(specifier);
  } catch (cause) {
    throw missing(packageName, cause);
  }
}

function missing(packageName: string, cause?: unknown): Error {
  return new Error(
    `the embedded ClickHouse needs the npm package ${packageName}, which is not installed for ${process.platform} ${process.arch}: ` +
      'install it (optional dependencies must not be omitted) or set WF_CLICKHOUSE_HOST to use a ClickHouse server',
    { cause },
  );
}
