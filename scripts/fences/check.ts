import { existsSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, posix } from 'node:path';

import { checkManifest, dependencies, edgeRefusal, homesText } from './manifests.ts';
import { readSource, type ImportFact } from './source.ts';
import { BROWSER_SAFE, ENV_READERS, homeOf, READING_PATH, SQL_HOMES, TEST_TOOLS } from './table.ts';
import { isTest, readPackages, sourceFiles, type Package, type Refusal } from './workspace.ts';

/** Every breach of the table under `root`, in file order. Empty = the fences stand. */
export function checkFences(root: string): Refusal[] {
  const packages = readPackages(root);
  return [
    ...packages.flatMap((pkg) => [
      ...checkManifest(root, pkg, packages),
      ...sourceFiles(root, pkg).flatMap((file) => checkFile(root, pkg, file, packages)),
    ]),
    ...checkReadingPath(root),
  ];
}

function checkFile(root: string, pkg: Package, file: string, packages: readonly Package[]): Refusal[] {
  const inHome = (homes: readonly string[]): boolean => homes.some((home) => file.startsWith(home));
  if (file.endsWith('.sql')) {
    return inHome(SQL_HOMES) || isTest(file) ? [] : [{ file, line: 1, what: 'a .sql file', why: SQL_WHY }];
  }
  const facts = readSource(file, readFileSync(join(root, file), 'utf8'));
  const refusals = facts.imports.flatMap((found): Refusal[] => {
    const why = importRefusal(pkg, file, found, packages);
    return why ? [{ file, line: found.line, what: `import of ${found.specifier}`, why }] : [];
  });
  for (const line of facts.exportStars) {
    refusals.push({ file, line, what: 'export *', why: 'a front door names what it lets out' });
  }
  if (isTest(file)) return refusals;
  if (!inHome(ENV_READERS)) {
    for (const line of facts.envReads) refusals.push({ file, line, what: 'process.env', why: ENV_WHY });
  }
  if (!inHome(SQL_HOMES)) {
    for (const { line, start } of facts.sql)
      refusals.push({ file, line, what: `SQL: ${start}`, why: SQL_WHY });
  }
  return refusals;
}

const ENV_WHY = 'the environment is read once, by loadConfig of libs/runtime; take the value as an argument';
const SQL_WHY = 'SQL lives in trace-store only: ask TraceReader or TraceWriter for what you need';

function importRefusal(
  pkg: Package,
  file: string,
  found: ImportFact,
  packages: readonly Package[],
): string | undefined {
  const { specifier } = found;
  if (specifier.startsWith('.')) return relativeRefusal(pkg, file, specifier);
  if (isBuiltin(specifier)) {
    const refused = BROWSER_SAFE.includes(pkg.name) && !isTest(file);
    return refused ? `${pkg.name} runs in the browser too: no Node modules` : undefined;
  }
  if (pkg.kind === 'root' || pkg.kind === 'bench') return deepRefusal(specifier);
  const name = packageName(specifier);
  if (TEST_TOOLS.includes(name)) return isTest(file) ? undefined : 'test tooling is for tests';
  return (
    deepRefusal(specifier) ??
    (name.startsWith('@weft/')
      ? edgeRefusal(pkg, name.slice('@weft/'.length), isTest(file), packages)
      : thirdPartyRefusal(pkg, file, name, found.typeOnly)) ??
    undeclaredRefusal(pkg, file, name, found.typeOnly)
  );
}

function relativeRefusal(pkg: Package, file: string, specifier: string): string | undefined {
  if (pkg.kind === 'bench') return undefined; // measures against oracles that no front door lets out
  const target = posix.join(posix.dirname(file), specifier);
  return target.startsWith(pkg.kind === 'root' ? 'scripts/' : pkg.dir)
    ? undefined
    : 'it leaves the package: import @weft/<name>, by its front door';
}

function deepRefusal(specifier: string): string | undefined {
  return /^@weft\/[^/]+\//.test(specifier)
    ? 'a package has one front door, src/index.ts: what you need is exported there'
    : undefined;
}

function thirdPartyRefusal(pkg: Package, file: string, name: string, typeOnly: boolean): string | undefined {
  const home = homeOf(name);
  if (!home) return `${name} has no home yet: choose one in scripts/fences/table.ts and say why`;
  if (home.homes !== '*' && !home.homes.includes(pkg.name) && !(home.typesAnywhere && typeOnly)) {
    return `its only home is ${homesText(home.homes)}: ${home.why}`;
  }
  return home.testsOnly && !isTest(file) ? `for tests only: ${home.why}` : undefined;
}

function undeclaredRefusal(pkg: Package, file: string, name: string, typeOnly: boolean): string | undefined {
  if (name === `@weft/${pkg.name}`) return undefined;
  const sections = dependencies(pkg).filter(
    ([, listed]) => listed === name || (typeOnly && listed === `@types/${name}`),
  );
  if (sections.length === 0) return `${pkg.dir}package.json does not list it`;
  const devOnly = sections.every(([section]) => section === 'devDependencies');
  return devOnly && !typeOnly && !isTest(file) ? 'production code must not need a devDependency' : undefined;
}

function packageName(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]!;
}

/** The whole idea stays readable in one sitting. Files that do not exist yet count nothing. */
function checkReadingPath(root: string): Refusal[] {
  const lengths = READING_PATH.files
    .filter((file) => existsSync(join(root, file)))
    .map((file) => ({ file, lines: readFileSync(join(root, file), 'utf8').split('\n').length - 1 }));
  const total = lengths.reduce((sum, { lines }) => sum + lines, 0);
  if (total < READING_PATH.maxLines) return [];
  const what = `the reading path has ${total} lines: ${lengths.map(({ file, lines }) => `${file} ${lines}`).join(', ')}`;
  return [
    {
      file: lengths[0]!.file,
      line: 1,
      what,
      why: `a newcomer reads the whole idea in under ${READING_PATH.maxLines} lines`,
    },
  ];
}
