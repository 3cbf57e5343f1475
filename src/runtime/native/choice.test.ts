import { expect, test } from 'vitest';
import type { Addon } from './addon.ts';
import { chooseImplementation } from './choice.ts';
import type { LoadedAddon } from './load.ts';

const addon = { version: 1 } as Addon;
const there = (): LoadedAddon => ({ addon, reason: null });
const missing = (): LoadedAddon => ({ addon: null, reason: 'it is not built' });

test('unset: native where it is there, else plain Node, and why', () => {
  expect(chooseImplementation('--disk', null, there)).toMatchObject({ implementation: 'native' });
  expect(chooseImplementation('--disk', null, missing)).toEqual({
    implementation: 'node',
    addon: null,
    reason: 'it is not built',
  });
});

test('plain Node by name: nobody looks for the addon', () => {
  const looked = chooseImplementation('--disk', 'node', () => expect.fail('looked'));
  expect(looked).toEqual({ implementation: 'node', addon: null, reason: null });
});

test('native by name: that or an error with a code, never plain Node in its place', () => {
  expect(chooseImplementation('--disk', 'native', there)).toMatchObject({ addon });
  expect(chooseImplementation('--disk', 'native', missing)).toEqual({
    code: 'BAD_FLAG',
    detail: '--disk native: there is no native helper: it is not built',
  });
});
