import ts from 'typescript';

/** One `import`, `export … from`, `import()`, `require()` or `import('x').Type` of a file. */
export interface ImportFact {
  readonly specifier: string;
  readonly line: number;
  readonly typeOnly: boolean;
}

/** What the fences want to know of one source file. Lines count from 1. */
export interface SourceFacts {
  readonly imports: readonly ImportFact[];
  readonly exportStars: readonly number[];
  readonly envReads: readonly number[];
  readonly sql: readonly { readonly line: number; readonly start: string }[];
}

// Upper case and followed by a blank: prose and labels stay out.
const SQL_START =
  /^\s*(SELECT|WITH\s+\w+\s+AS\s*\(|INSERT\s+INTO|DELETE\s+FROM|(CREATE|ALTER|DROP|OPTIMIZE|TRUNCATE|RENAME|EXCHANGE)\s+(OR\s+REPLACE\s+)?(TABLE|TABLES|DATABASE|VIEW|MATERIALIZED|DICTIONARY|FUNCTION|USER))\s/;

/** Parses (never runs) one file and collects its facts. */
export function readSource(fileName: string, text: string): SourceFacts {
  const file = ts.createSourceFile(fileName, text, ts.ScriptTarget.Latest, false);
  const imports: ImportFact[] = [];
  const exportStars: number[] = [];
  const envReads: number[] = [];
  const sql: { line: number; start: string }[] = [];
  const lineOf = (node: ts.Node): number => file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;

  const addImport = (specifier: ts.Node | undefined, typeOnly: boolean): void => {
    if (specifier && ts.isStringLiteralLike(specifier)) {
      imports.push({ specifier: specifier.text, line: lineOf(specifier), typeOnly });
    }
  };

  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      addImport(node.moduleSpecifier, isTypeOnlyImport(node));
      if (importsEnv(node)) envReads.push(lineOf(node));
    } else if (ts.isExportDeclaration(node)) {
      if (!node.exportClause) exportStars.push(lineOf(node));
      addImport(node.moduleSpecifier, node.isTypeOnly);
    } else if (ts.isImportTypeNode(node)) {
      if (ts.isLiteralTypeNode(node.argument)) addImport(node.argument.literal, true);
    } else if (ts.isCallExpression(node)) {
      if (isLoader(node.expression)) addImport(node.arguments[0], false);
    } else if (isEnvRead(node)) {
      envReads.push(lineOf(node));
    }
    const start = literalStart(node);
    if (start !== undefined && SQL_START.test(start)) {
      sql.push({ line: lineOf(node), start: start.trim().slice(0, 40).replace(/\s+/g, ' ') });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return { imports, exportStars, envReads, sql };
}

function isTypeOnlyImport(node: ts.ImportDeclaration): boolean {
  const clause = node.importClause;
  if (!clause) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const named = clause.namedBindings;
  return !clause.name && !!named && ts.isNamedImports(named) && named.elements.every((e) => e.isTypeOnly);
}

function importsEnv(node: ts.ImportDeclaration): boolean {
  const named = node.importClause?.namedBindings;
  return (
    ts.isStringLiteral(node.moduleSpecifier) &&
    /^(node:)?process$/.test(node.moduleSpecifier.text) &&
    !!named &&
    ts.isNamedImports(named) &&
    named.elements.some((e) => (e.propertyName ?? e.name).text === 'env')
  );
}

function isLoader(callee: ts.Expression): boolean {
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return true;
  if (ts.isIdentifier(callee)) return callee.text === 'require';
  return (
    ts.isPropertyAccessExpression(callee) &&
    callee.name.text === 'resolve' &&
    endsInRequire(callee.expression)
  );
}

function endsInRequire(node: ts.Expression): boolean {
  return (ts.isIdentifier(node) && node.text === 'require') || ts.isMetaProperty(node);
}

/** `process.env`, `process['env']`, `globalThis.process.env` and `const { env } = process`. */
function isEnvRead(node: ts.Node): boolean {
  if (ts.isPropertyAccessExpression(node)) return node.name.text === 'env' && isProcess(node.expression);
  if (ts.isElementAccessExpression(node)) {
    const key = node.argumentExpression;
    return ts.isStringLiteralLike(key) && key.text === 'env' && isProcess(node.expression);
  }
  if (ts.isVariableDeclaration(node) && node.initializer && ts.isObjectBindingPattern(node.name)) {
    return node.name.elements.some(bindsEnv) && isProcess(node.initializer);
  }
  return false;
}

function bindsEnv(element: ts.BindingElement): boolean {
  const key = element.propertyName ?? element.name;
  return ts.isIdentifier(key) && key.text === 'env';
}

function isProcess(node: ts.Expression): boolean {
  if (ts.isIdentifier(node)) return node.text === 'process';
  return ts.isPropertyAccessExpression(node) && node.name.text === 'process';
}

function literalStart(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  // A blank stands for the first hole, so that `SELECT ${columns}` counts.
  return ts.isTemplateExpression(node) ? `${node.head.text} ` : undefined;
}
