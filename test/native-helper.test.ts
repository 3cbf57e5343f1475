/** Where the native helper cannot be built, an install goes on, and says so in one line. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const SCRIPT = new URL('../scripts/native.mjs', import.meta.url).href;

test('without CMake an install says that the plain ports run, and does not fail', () => {
  const nothing = mkdtempSync(join(tmpdir(), 'apex-kv-path-'));
  try {
    const program = `import { buildNativeOrSay } from '${SCRIPT}'; buildNativeOrSay();`;
    const args = ['--input-type=module', '--eval', program];
    const env = { ...process.env, PATH: nothing };
    const { status, stderr, stdout } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
    expect(stderr).toBe('apex-kv: no native helper: cmake is not installed; the plain ports run\n');
    expect([status, stdout]).toEqual([0, '']);
  } finally {
    rmSync(nothing, { recursive: true });
  }
});
