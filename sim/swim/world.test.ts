import { describe, expect, test } from 'vitest';
import { SWIM_FAULTS } from './plan.ts';
import { DEFAULT_SWIM_OPTIONS, runSwimWorld } from './world.ts';

const seeds = Array.from({ length: 12 }, (_, at) => `${at + 1}`);

describe('a SWIM-only world', () => {
  test('passes its seeds, and something went wrong in them', () => {
    const faults = new Set<string>();
    let refutations = 0;
    let deaths = 0;
    for (const seed of seeds) {
      const result = runSwimWorld(seed, { ...DEFAULT_SWIM_OPTIONS, members: 5 });
      expect(result.message, `seed ${seed}`).toBe('');
      for (const fault of Object.keys(result.faults)) faults.add(fault);
      refutations += result.counts.refutations;
      deaths += result.counts.deaths;
    }
    const wanted = ['corrupt', 'crash', 'drift', 'duplicate', 'leave', 'loss', 'move', 'partition'];
    expect([...faults]).toEqual(expect.arrayContaining([...wanted, 'pause', 'replay', 'slow']));
    expect(refutations).toBeGreaterThan(20);
    expect(deaths).toBeGreaterThan(20);
  });

  test('is the same world twice, whatever ran in between', () => {
    const first = runSwimWorld('7', DEFAULT_SWIM_OPTIONS);
    const other = runSwimWorld('8', DEFAULT_SWIM_OPTIONS);
    const again = runSwimWorld('7', DEFAULT_SWIM_OPTIONS);
    expect(again).toEqual(first);
    expect(other.digest).not.toBe(first.digest);
  });

  test('without faults nobody is suspected before the scenes, nor does anyone refute', () => {
    for (const members of [3, 8, 20]) {
      const result = runSwimWorld('3', { ...DEFAULT_SWIM_OPTIONS, members, faults: [] });
      expect(result.message).toBe('');
      // The crash that is played may leave a host that refuses.
      expect(Object.keys(result.faults).filter((fault) => fault !== 'send-error')).toEqual([]);
      const { suspicions, deaths, refutations } = result.countsInChaos;
      expect([suspicions, deaths, refutations]).toEqual([0, 0, 0]);
      // The crash that is played is known to every other member.
      expect(result.counts.deaths).toBeGreaterThanOrEqual(members - 1);
    }
  });

  test('with every class of faults at once it still ends in agreement', () => {
    const result = runSwimWorld('11', { ...DEFAULT_SWIM_OPTIONS, members: 9, faults: SWIM_FAULTS });
    expect(result.message).toBe('');
  });
});
