/**
 * The core hash: what both worlds run, as one number.
 *
 * SHA-256 over path and bytes of every source file of src/base, src/core and src/node, tests left
 * out, in the order of their paths.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = new URL('../../', import.meta.url);
const FOLDERS = ['src/base', 'src/core', 'src/node'];
const HASH_DIGITS = 16;

export function coreHash(): string {
  const hash = createHash('sha256');
  for (const path of sourcePaths()) {
    hash.update(`${path}\0`);
    hash.update(readFileSync(new URL(path, ROOT)));
  }
  return hash.digest('hex').slice(0, HASH_DIGITS);
}

function sourcePaths(): string[] {
  const paths = FOLDERS.flatMap((folder) => {
    const names = readdirSync(fileURLToPath(new URL(folder, ROOT)), { recursive: true });
    return names.map((name) => `${folder}/${String(name).replaceAll('\\', '/')}`);
  });
  return paths.filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts')).sort();
}
