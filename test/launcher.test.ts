/** What ./build/kv makes of a command line: Node is replaced by a script that says what it was given. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { launcher } from '../scripts/install.mjs';

const root = mkdtempSync(join(tmpdir(), 'apex-kv-launcher-'));
const kv = join(root, 'build', 'kv');

function write(folder: string, name: string, text: string): void {
  mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, folder, name), text);
  chmodSync(join(root, folder, name), 0o755);
}

write('build', 'kv', launcher);
write('node_modules/.bin', 'node', '#!/bin/sh\nfor word in "$@"; do echo "$word"; done\n');
symlinkSync(kv, join(root, 'link'));
afterAll(() => rmSync(root, { recursive: true }));

const given = (path: string, args: readonly string[]): string[] =>
  execFileSync(path, args, { encoding: 'utf8' }).trimEnd().split('\n');

const main = join(root, 'src/main.ts');
const isHeapFlag = (word: string): boolean => /^--(initial-heap|min-semi|heap-growing)/.test(word);

test.each([[['serve', '--id', '1']], [['--id', '1', '--peers', 'a b']], [['--port', '7001']]])(
  'a node gets a heap of the size that load makes it: %j',
  (args) => {
    const words = given(kv, args);
    expect(words.filter(isHeapFlag)).toHaveLength(3);
    expect(words.filter((word) => !isHeapFlag(word))).toEqual([main, ...args]);
  },
);

test.each([
  [['--client', 'HOST:1']],
  [['--bench', 'HOST:1', '--ops', '1']],
  [['--test']],
  [['client', 'HOST:1', 'PUT a "b c"']],
  [['healthcheck']],
])('whatever is no node does not: %j', (args) => {
  expect(given(kv, args)).toEqual([main, ...args]);
});

test('through a link it finds the same sources', () => {
  expect(given(join(root, 'link'), ['status'])).toEqual([main, 'status']);
});
