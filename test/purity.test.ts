/** The lint wall: the machines' world is free of clocks, chance, asynchrony and locales. */
import { readFileSync } from 'node:fs';

import ts from 'typescript';
import { describe, expect, test } from 'vitest';

import { impurities } from './purity.ts';
import { productFiles } from './sources.ts';

/** Outside the simulated world: where the simulator meets the machine that it runs on. */
const realWorld = /^sim\/(cli|conformance)\//;

/** Files that name the forbidden on purpose, each with the reason. */
const exempt: ReadonlyMap<string, string> = new Map([
  ['sim/world/walls.ts', 'puts traps in the place of chance and clocks while a run lasts'],
]);

function findings(folder: string, strictness: 'machine' | 'driver'): readonly string[] {
  return productFiles(folder)
    .filter((file) => !realWorld.test(file) && !exempt.has(file))
    .flatMap((file) =>
      impurities(readFileSync(file, 'utf8'), strictness).map((what) => `${file}:${what}`),
    );
}

describe('the machines and the simulated world', () => {
  test.each(['src/base', 'src/core', 'src/ports', 'sim'])('%s is pure', (folder) => {
    expect(findings(folder, 'machine')).toEqual([]);
  });

  test('src/node is pure but for arithmetic that decides nothing', () => {
    expect(findings('src/node', 'driver')).toEqual([]);
  });
});

test('ports hold types and nothing that runs', () => {
  const running = productFiles('src/ports').filter((file) => {
    const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), {
      compilerOptions: { module: ts.ModuleKind.ESNext, removeComments: true },
    });
    return outputText.replace(/export \{\s*\};?/, '').trim() !== '';
  });
  expect(running).toEqual([]);
});

describe('the scan', () => {
  test.each([
    ['const t = Date.now();', 'Date'],
    ['const t: Date = it;', 'Date'],
    ['const t = new Date(0);', 'Date'],
    ['const r = Math.random();', 'Math.random'],
    ['const r = Math.log(2);', 'Math.log'],
    ['const r = Math.pow(2, 3);', 'Math.pow'],
    ['const r = Math.sin(2);', 'Math.sin'],
    ['const { exp } = Math;', 'Math'],
    ["const r = Math['random']();", 'Math'],
    ['const f = async () => {};', 'async'],
    ['async function f() {}', 'async'],
    ['class C { async f() {} }', 'async'],
    ['const f = async () => { await it; };', 'await'],
    ['for await (const x of it) {}', 'for await'],
    ['export declare function f(): Promise<void>;', 'Promise'],
    ['Promise.resolve();', 'Promise'],
    ["const f = new Intl.NumberFormat('en');", 'Intl'],
    ['a.localeCompare(b);', 'localeCompare'],
    ['a.toLocaleLowerCase();', 'toLocaleLowerCase'],
    ['globalThis.Date.now();', 'globalThis'],
    ['const { now } = Date;', 'Date'],
    ['const it = { Date };', 'Date'],
    ['const r = new WeakRef(it);', 'WeakRef'],
    ["const f = new Function('return 1');", 'Function'],
  ])('refuses %s', (text, what) => {
    expect(impurities(text, 'machine')).toContain(`1: ${what}`);
  });

  test.each([
    'const n = Math.floor(7 / 2) + Math.imul(3, 5) + 2 ** 32;',
    '// Date.now() and Math.random() are named here only.',
    "const text = 'await a Promise';",
    'const age = entry.Date; const row = { Promise: 1 };',
    'interface Row { readonly Intl: string; eval(): void }',
  ])('lets %s pass', (text) => {
    expect(impurities(text, 'machine')).toEqual([]);
  });

  test('lets a driver use logarithms, not chance', () => {
    expect(impurities('Math.log2(8);', 'driver')).toEqual([]);
    expect(impurities('Math.random();', 'driver')).toEqual(['1: Math.random']);
  });
});
