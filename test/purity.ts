/**
 * Finds in a source text what would make a machine differ between two runs, two engines or two
 * replicas: clocks, randomness, asynchrony, locales, and arithmetic that engines may round apart.
 *
 * It reads the syntax tree, so comments and strings are free to name these things. Types count as
 * well: a `Promise<void>` in a signature is a promise.
 */
import ts from 'typescript';

export type Strictness = 'machine' | 'driver';

/** What the language itself offers; the names of Node and the browser are the type wall's. */
const forbiddenNames: ReadonlySet<string> = new Set([
  ...['Date', 'Temporal', 'Intl', 'Promise', 'globalThis', 'eval', 'Function'],
  ...['WeakRef', 'FinalizationRegistry', 'Atomics', 'SharedArrayBuffer'],
]);

/** What ECMAScript defines to the last bit. The rest of Math is an engine's own approximation. */
const exactMath: ReadonlySet<string> = new Set([
  ...['abs', 'ceil', 'clz32', 'floor', 'imul', 'max', 'min', 'round', 'sign', 'trunc'],
]);

const localeMember = /^(toLocale.*|localeCompare)$/;

/** Each finding is `line: what`, in the order of the text. A driver may use all of Math but random. */
export function impurities(text: string, strictness: Strictness): readonly string[] {
  const source = ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const what = impurityOf(node, strictness);
    if (what !== null) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      found.push(`${line + 1}: ${what}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function impurityOf(node: ts.Node, strictness: Strictness): string | null {
  if (ts.isAwaitExpression(node)) return 'await';
  if (ts.isForOfStatement(node) && node.awaitModifier !== undefined) return 'for await';
  if (node.kind === ts.SyntaxKind.AsyncKeyword) return 'async';
  if (!ts.isIdentifier(node)) return null;
  if (localeMember.test(node.text)) return node.text;
  if (node.text === 'Math') return impurityOfMath(node, strictness);
  return forbiddenNames.has(node.text) && !isMemberName(node) ? node.text : null;
}

function impurityOfMath(node: ts.Identifier, strictness: Strictness): string | null {
  if (isMemberName(node)) return null;
  const access = node.parent;
  // Math handed on as a value, or Math[name]: nobody can tell which function that is.
  if (!ts.isPropertyAccessExpression(access)) return 'Math';
  const member = access.name.text;
  const allowed = strictness === 'machine' ? exactMath.has(member) : member !== 'random';
  return allowed ? null : `Math.${member}`;
}

/** True for a name that belongs to something else: `entry.Date`, `{ Date: 1 }`, `Date: number`. */
function isMemberName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  if (ts.isQualifiedName(parent)) return parent.right === node;
  const named =
    ts.isPropertyAssignment(parent) ||
    ts.isPropertySignature(parent) ||
    ts.isPropertyDeclaration(parent) ||
    ts.isMethodSignature(parent) ||
    ts.isMethodDeclaration(parent) ||
    ts.isEnumMember(parent);
  return named && parent.name === node;
}
