/**
 * The type wall bites: in the machines' projects the names of Node and of the browser do not exist.
 *
 * The whole project is compiled with one more file, so that a package whose types drag Node's in
 * would be noticed too.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import ts from 'typescript';
import { expect, test } from 'vitest';

const forbidden = [
  ...['process', 'Buffer', 'console', 'performance', 'crypto', 'TextEncoder', 'fetch'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'window', 'document'],
];

/** The names that `file` uses and the project `project` does not know. */
function unknownNames(project: string, file: string): readonly string[] {
  const read = ts.readConfigFile(resolve(project), ts.sys.readFile);
  const { fileNames, options } = ts.parseJsonConfigFileContent(read.config, ts.sys, resolve('.'));
  const program = ts.createProgram([...fileNames, file], options);
  const source = program.getSourceFile(file);
  return program
    .getSemanticDiagnostics(source)
    .map((found) => ts.flattenDiagnosticMessageText(found.messageText, '\n'))
    .flatMap((message) => /^Cannot find name '(\w+)'/.exec(message)?.[1] ?? []);
}

test.each(['tsconfig.pure.json', 'tsconfig.sim.json'])(
  '%s knows neither Node nor the browser',
  (project) => {
    const folder = mkdtempSync(join(tmpdir(), 'apex-types-'));
    const file = join(folder, 'offender.ts');
    writeFileSync(file, forbidden.map((name) => `export const its_${name} = ${name};`).join('\n'));
    const unknown = unknownNames(project, file);
    rmSync(folder, { recursive: true });
    expect(unknown).toEqual(forbidden);
  },
  60_000,
);
