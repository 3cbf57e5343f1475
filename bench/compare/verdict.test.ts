/** Which rounds of a comparison count, and what comes of them. */
import { describe, expect, test } from 'vitest';
import { busyOf, surroundingsOf } from './surroundings.ts';
import { disturbanceOf, type Figures, isFinished, type Round, verdictOf } from './verdict.ts';

const CALM = { stealShare: 0.01, foreignShare: 0.02 };
const FIGURES: Figures = {
  'three.get': 300,
  'three.put': 100,
  'three.put-strict': 5,
  'single.get': 400,
  'single.put': 200,
  'redis.get': 200,
  'redis.put': 50,
  'etcd.get': 10,
  'etcd.put': null,
};

const good = (figures: Figures = FIGURES): Round => ({
  figures,
  surroundings: CALM,
  disturbance: null,
});
const bad: Round = { ...good({ ...FIGURES, 'redis.get': 1 }), disturbance: 'noise' };

describe('a round', () => {
  test.each([
    ['is calm', CALM, 5000, null],
    ['lost time to the hypervisor', { ...CALM, stealShare: 0.06 }, 5000, /hypervisor took 6 %/],
    ['shared the machine', { ...CALM, foreignShare: 0.3 }, 5000, /processes took 30 %/],
    ['starved etcd', CALM, 3999, /etcd did 3999 PUTs/],
  ])('that %s', (_, surroundings, etcdPuts, expected) => {
    const reason = disturbanceOf({ ...FIGURES, 'etcd.put': etcdPuts }, surroundings);
    if (expected === null) expect(reason).toBe(null);
    else expect(reason).toMatch(expected);
  });

  test('without etcd is not judged by it', () => {
    expect(disturbanceOf(FIGURES, CALM)).toBe(null);
    expect(disturbanceOf({}, CALM)).toBe(null);
  });
});

describe('the verdict', () => {
  test('ratios are within rounds, then the median; the spread is that of the ratios', () => {
    const rounds = [
      good({ ...FIGURES, 'three.get': 300, 'redis.get': 100 }),
      good({ ...FIGURES, 'three.get': 100, 'redis.get': 100 }),
      good({ ...FIGURES, 'three.get': 1000, 'redis.get': 500 }),
    ];
    const { ratios, spread, isConclusive } = verdictOf(rounds, 3);
    // Medians of the figures would say 3.
    expect(ratios['get.redis']).toBe(2);
    expect(spread['get.redis']).toEqual({ lowest: 1, highest: 3 });
    expect(ratios['single.put.redis']).toBe(4);
    expect(ratios['durable.strict']).toBe(20);
    expect(isConclusive).toBe(true);
  });

  test('who was not measured has no ratio', () => {
    const { ratios, spread } = verdictOf([good()], 1);
    expect([ratios['put.etcd'], spread['put.etcd']]).toEqual([null, null]);
    expect(ratios['get.etcd']).toBe(30);
  });

  test('a disturbed round is counted and changes nothing else', () => {
    const { ratios, discarded } = verdictOf([good(), bad, good()], 2);
    expect(ratios['get.redis']).toBe(1.5);
    expect(discarded).toBe(1);
  });

  test('rounds go on until there are enough good ones, or three times as many in all', () => {
    expect(isFinished([good(), bad], 2)).toBe(false);
    expect(isFinished([good(), bad, good()], 2)).toBe(true);
    expect(isFinished([bad, bad, bad, bad, bad], 2)).toBe(false);
    expect(isFinished([bad, bad, bad, bad, bad, bad], 2)).toBe(true);
  });

  test('with too few good rounds it is inconclusive, and says what it has seen', () => {
    const verdict = verdictOf([bad, good(), bad, bad, bad, bad], 2);
    expect(verdict.isConclusive).toBe(false);
    expect(verdict.ratios['get.redis']).toBe(1.5);
    expect(verdict.discarded).toBe(5);
    expect(verdictOf([bad], 1).ratios['get.redis']).toBe(null);
  });
});

describe('surroundings', () => {
  const STAT = 'cpu  100 20 300 4000 50 6 70 800 9 9\ncpu0 1 1 1 1 1 1 1 1 0 0\n';

  test('of the line of /proc/stat: idle and waiting are not busy, guests count once', () => {
    expect(busyOf(STAT)).toEqual({ busy: 100 + 20 + 300 + 6 + 70, steal: 800, all: 5346 });
  });

  test('what is neither ours nor idle is foreign; steal is of everything', () => {
    const before = { busy: 100, steal: 10, all: 1000 };
    const after = { busy: 400, steal: 110, all: 2000 };
    expect(surroundingsOf(before, after, 250)).toEqual({ stealShare: 0.1, foreignShare: 0.05 });
    // Ticks are rounded for every process: ours may seem to be more than all.
    expect(surroundingsOf(before, after, 301).foreignShare).toBe(0);
    expect(surroundingsOf(before, before, 0)).toEqual({ stealShare: 0, foreignShare: 0 });
  });
});
