/** Which source files there are, as paths from the repository's root in a fixed order. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export function sourceFiles(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file))
    .sort();
}

/** The files that are part of the product: no tests. */
export function productFiles(folder: string): readonly string[] {
  return sourceFiles(folder).filter((file) => !file.endsWith('.test.ts'));
}
