import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { COMPOSITION_ROOT, EDGES, homeOf, LICENCES, TEST_LIBS } from './table.ts';
import type { Package, Refusal } from './workspace.ts';

type Section = 'dependencies' | 'devDependencies' | 'optionalDependencies' | 'peerDependencies';
const SECTIONS: readonly Section[] = [
  'dependencies',
  'devDependencies',
  'optionalDependencies',
  'peerDependencies',
];
const EXACT = /^(npm:(@[\w.-]+\/)?[\w.-]+@)?\d+\.\d+\.\d+(-[\w.-]+)?$/;

/** What a package.json may say: its place in the table, its edges, exact pins, free licences, one front door. */
export function checkManifest(root: string, pkg: Package, packages: readonly Package[]): Refusal[] {
  const refusals: Refusal[] = [];
  const refuse = (needle: string, what: string, why: string): void => {
    refusals.push({ file: `${pkg.dir}package.json`, line: lineOf(pkg.manifestText, needle), what, why });
  };

  if ((pkg.kind === 'lib' || pkg.kind === 'service') && !isKnown(pkg)) {
    refuse(
      '"name"',
      `${pkg.name} is not in the table`,
      'say in scripts/fences/table.ts whom a new package may import',
    );
  }
  if (pkg.kind !== 'root' && pkg.manifest.name !== `@weft/${pkg.name}`) {
    refuse(
      '"name"',
      `name is ${pkg.manifest.name}`,
      `a package is named after its folder: @weft/${pkg.name}`,
    );
  }
  if (pkg.manifest.exports !== undefined && pkg.manifest.exports !== './src/index.ts') {
    refuse(
      '"exports"',
      'more than one front door',
      'exports is "./src/index.ts": what others need is named there',
    );
  }
  for (const [section, name, version] of dependencies(pkg)) {
    const needle = `"${name}"`;
    if (name.startsWith('@weft/')) {
      const why = edgeRefusal(pkg, name.slice('@weft/'.length), section === 'devDependencies', packages);
      if (why) refuse(needle, `${pkg.name} lists ${name}`, why);
      continue;
    }
    if (!EXACT.test(version))
      refuse(needle, `${name}@${version} is not exact`, 'a build is the same tomorrow: pin one version');
    const licence = licenceRefusal(root, pkg, section, name);
    if (licence) refuse(needle, licence, 'what we hand on must stay free: Apache-2.0, MIT, BSD or ISC');
    const why = homeRefusal(pkg, name, section);
    if (why) refuse(needle, `${pkg.name} lists ${name}`, why);
  }
  return refusals;
}

/** Every dependency of every section as [section, name, version]. */
export function dependencies(pkg: Package): [Section, string, string][] {
  return SECTIONS.flatMap((section) =>
    Object.entries(pkg.manifest[section] ?? {}).map(([name, version]): [Section, string, string] => [
      section,
      name,
      version,
    ]),
  );
}

/** Why `pkg` may not import the workspace package `target`, or undefined when it may. */
export function edgeRefusal(
  pkg: Package,
  target: string,
  inTest: boolean,
  packages: readonly Package[],
): string | undefined {
  if (pkg.kind === 'bench' || target === pkg.name) return undefined;
  // Tests of scripts/ compare manifests and proxies with what the services say of themselves.
  if (pkg.kind === 'root') return inTest ? undefined : 'the root lists tooling only';
  if (target === 'testkit' && !inTest) return 'testkit is imported by tests only (devDependencies)';
  if (inTest && TEST_LIBS.includes(target)) return undefined;
  if (pkg.name === COMPOSITION_ROOT) return undefined;
  if (EDGES[pkg.name]?.includes(target)) return undefined;
  if (packages.some((p) => p.kind === 'service' && p.name === target)) {
    return pkg.kind === 'lib'
      ? 'libs never import services: the arrow points the other way'
      : `services never import services: only ${COMPOSITION_ROOT} puts them together`;
  }
  const allowed = EDGES[pkg.name]?.join(', ') || 'nothing';
  return `${pkg.name} may import ${allowed} (scripts/fences/table.ts)`;
}

/** Why `pkg` may not list the third-party package `name`, or undefined when it may. */
function homeRefusal(pkg: Package, name: string, section: Section): string | undefined {
  if (pkg.kind === 'bench') return undefined;
  const home = homeOf(name);
  if (pkg.kind === 'root')
    return home ? `the root lists tooling only; home of ${name}: ${homesText(home.homes)}` : undefined;
  if (name.startsWith('@types/')) return undefined;
  if (!home) return `${name} has no home yet: choose one in scripts/fences/table.ts and say why`;
  if (home.homes !== '*' && !home.homes.includes(pkg.name))
    return `its only home is ${homesText(home.homes)}: ${home.why}`;
  if (home.testsOnly && section !== 'devDependencies') return `for tests only (devDependencies): ${home.why}`;
  return undefined;
}

/** `libs` of a home in words. */
export function homesText(homes: readonly string[] | '*'): string {
  return homes === '*' ? 'everywhere' : homes.join(' and ');
}

function isKnown(pkg: Package): boolean {
  return pkg.name === COMPOSITION_ROOT || Object.hasOwn(EDGES, pkg.name);
}

function licenceRefusal(root: string, pkg: Package, section: Section, name: string): string | undefined {
  const path = join(root, pkg.dir, 'node_modules', name, 'package.json');
  if (!existsSync(path)) {
    // An optional package of another platform is not there, and a fresh clone has none: both are fine to skip here,
    // because CI installs before it checks.
    const installed = existsSync(join(root, 'node_modules'));
    return installed && section !== 'optionalDependencies'
      ? `${name} is not installed: run pnpm install`
      : undefined;
  }
  const { license } = JSON.parse(readFileSync(path, 'utf8')) as { license?: unknown };
  const accepted = homeOf(name)?.licence;
  if (isFree(license) || (accepted !== undefined && license === accepted)) return undefined;
  return `${name} has the licence ${JSON.stringify(license) ?? 'unknown'}`;
}

/** SPDX: one arm of an OR is enough, every part of an AND is needed. */
function isFree(license: unknown): boolean {
  if (typeof license !== 'string') return false;
  return license
    .replace(/[()]/g, '')
    .split(' OR ')
    .some((arm) => arm.split(' AND ').every((part) => LICENCES.test(part.trim())));
}

/** The line (from 1) of the first occurrence of `needle`; 1 when it is not there. */
function lineOf(text: string, needle: string): number {
  const at = text.indexOf(needle);
  return at < 0 ? 1 : text.slice(0, at).split('\n').length;
}
