import { expect, test } from 'vitest';
import type { Addon } from './addon.ts';
import { chooseImplementation, chooseNet, type NetThread } from './choice.ts';
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

test('the thread: auto goes by the cores, and nobody who asked for one is left without', () => {
  const isThreaded = (thread: NetThread, cores: number) => {
    const choice = chooseNet(null, thread, cores, there);
    return 'code' in choice ? choice : choice.isThreaded;
  };
  expect([isThreaded('auto', 3), isThreaded('auto', 4)]).toEqual([false, true]);
  expect([isThreaded('on', 1), isThreaded('off', 64)]).toEqual([true, false]);
  expect(chooseNet(null, 'auto', 8, missing)).toMatchObject({ isThreaded: false });
  expect(chooseNet('node', 'off', 8, there)).toMatchObject({ isThreaded: false });
  for (const choice of [chooseNet('node', 'on', 8, there), chooseNet(null, 'on', 8, missing)]) {
    expect(choice).toMatchObject({ code: 'BAD_FLAG' });
  }
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
