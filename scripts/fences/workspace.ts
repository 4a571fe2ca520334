import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** A refusal: where, what stands there, and why the fence is there. `line` counts from 1. */
export interface Refusal {
  readonly file: string;
  readonly line: number;
  readonly what: string;
  readonly why: string;
}

export type Kind = 'root' | 'lib' | 'service' | 'bench';

export interface Package {
  readonly kind: Kind;
  /** Folder name, which is also the name behind `@weft/`. */
  readonly name: string;
  /** Folder relative to the root, with `/` at the end; `''` for the root. */
  readonly dir: string;
  readonly manifest: Manifest;
  /** The manifest as text, to find lines in. */
  readonly manifestText: string;
}

export interface Manifest {
  readonly name?: string;
  readonly exports?: unknown;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const SKIPPED = new Set(['node_modules', 'dist', 'fixtures', 'coverage']);
const SOURCE = /\.(ts|tsx|mts|cts|js|mjs|cjs|jsx|sql)$/;

/** Root, libs, services and bench, as far as they have a package.json. */
export function readPackages(root: string): Package[] {
  const found: Package[] = [];
  const add = (kind: Kind, name: string, dir: string): void => {
    const path = join(root, dir, 'package.json');
    if (!existsSync(path)) return;
    const manifestText = readFileSync(path, 'utf8');
    found.push({ kind, name, dir, manifest: JSON.parse(manifestText) as Manifest, manifestText });
  };
  add('root', 'root', '');
  for (const name of foldersOf(join(root, 'libs'))) add('lib', name, `libs/${name}/`);
  for (const name of foldersOf(join(root, 'services'))) add('service', name, `services/${name}/`);
  add('bench', 'bench', 'bench/');
  return found;
}

/** Source files of a package, relative to the root, with `/` as separator. */
export function sourceFiles(root: string, pkg: Package): string[] {
  if (pkg.kind === 'root') return existsSync(join(root, 'scripts')) ? walk(root, join(root, 'scripts')) : [];
  return walk(root, join(root, pkg.dir));
}

/** Tests, their suites, tables and harnesses: code that never runs in production. */
export function isTest(file: string): boolean {
  return (
    /\.(test|contract)\.[cm]?tsx?$|(^|\/)cases\.ts$/.test(file) ||
    /(^|\/)(e2e|chaos|test|testing|golden)\//.test(file) ||
    /^(scripts|bench|libs\/testkit|services\/all-in-one\/cluster)\//.test(file)
  );
}

function foldersOf(dir: string): string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .filter((name) => statSync(join(dir, name)).isDirectory())
    .sort();
}

function walk(root: string, dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory())
      return SKIPPED.has(entry.name) || entry.name.startsWith('.') ? [] : walk(root, path);
    return SOURCE.test(entry.name) ? [relative(root, path).split(sep).join('/')] : [];
  });
}
