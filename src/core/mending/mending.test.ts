import { describe, expect, test } from 'vitest';
import { groupId, logIndex, millis, nodeId, term } from '../../base/units.ts';
import type { MissingEntry } from '../types.ts';
import { WANTED_MAX } from './codec.ts';
import type { MendingConfig, MendingEvent, MendingOut } from './state.ts';
import { newMendingOut } from './state.ts';
import { mending } from './step.ts';

const missing = (count: number): MissingEntry[] =>
  Array.from({ length: count }, (_, at) => ({
    group: groupId(0),
    index: logIndex(at + 1),
    term: term(1),
    bodyCrc: at,
  }));

class Bench {
  readonly state;
  now = 0;

  constructor(config: Partial<MendingConfig> = {}) {
    this.state = mending.init({
      peers: [nodeId(2), nodeId(3)],
      nonce: 77,
      askMs: 100,
      fruitlessRoundsMax: 3,
      patienceMs: 10_000,
      missing: missing(2),
      isRepairable: true,
      ...config,
    });
  }

  step(event: MendingEvent): MendingOut {
    const out = newMendingOut();
    mending.step(this.state, event, millis(this.now), out);
    mending.check(this.state);
    return out;
  }

  /** The next round of questions. */
  round(): MendingOut {
    this.now = Math.max(this.now, mending.deadline(this.state));
    return this.step({ kind: 'tick' });
  }

  leave(group: number, groupCount: number, nonce = 77): boolean {
    return this.step({ kind: 'leave', group: groupId(group), nonce, groupCount }).isExpendable;
  }
}

describe('entries that headers name', () => {
  test('are asked of one peer after another', () => {
    const bench = new Bench();
    const asked = [1, 2, 3].map(() => bench.round().ask);
    expect(asked.map((ask) => ask!.peer)).toEqual([2, 3, 2]);
    expect(asked[0]!.wanted).toEqual(missing(2));
  });

  test('are asked for in bounded numbers', () => {
    const bench = new Bench({ missing: missing(WANTED_MAX + 5) });
    expect(bench.round().ask!.wanted.length).toBe(WANTED_MAX);
  });

  test('when all have come, nothing is asked any more', () => {
    const bench = new Bench();
    bench.round();
    bench.step({ kind: 'supplied', missing: [] });
    expect(mending.deadline(bench.state)).toBe(Number.POSITIVE_INFINITY);
    expect(bench.leave(0, 1)).toBe(false);
  });

  test('that do not come in some rounds make the node plead as well', () => {
    const bench = new Bench();
    const pleas = [1, 2, 3, 4].map(() => bench.round().plead.length);
    expect(pleas).toEqual([0, 0, 0, 2]);
  });

  test('that come put the plea off', () => {
    const bench = new Bench();
    for (let left = 3; left > 0; left--) bench.round();
    bench.step({ kind: 'supplied', missing: missing(1) });
    expect(bench.round().plead).toEqual([]);
    expect(bench.leave(0, 1)).toBe(false);
  });
});

describe('a store that lost more than can be named', () => {
  const pleading = (): Bench => {
    const bench = new Bench({ isRepairable: false, missing: [] });
    const { ask, plead } = bench.round();
    expect(ask).toBe(null);
    expect(plead).toEqual([2, 3]);
    return bench;
  };

  test('is expendable when every group can do without it', () => {
    const bench = pleading();
    expect(bench.leave(1, 2)).toBe(false);
    expect(bench.leave(1, 2)).toBe(false);
    expect(bench.leave(0, 2)).toBe(true);
  });

  test('is not expendable by leave that is old, or was given to an earlier boot', () => {
    const bench = pleading();
    expect(bench.leave(0, 1, 76)).toBe(false);
    expect(bench.leave(1, 2)).toBe(false);
    bench.now += 801;
    expect(bench.leave(0, 2)).toBe(false);
    expect(bench.leave(1, 2)).toBe(true);
  });

  test('is expendable once', () => {
    const bench = pleading();
    expect(bench.leave(0, 1)).toBe(true);
    expect(bench.leave(0, 1)).toBe(false);
    expect(mending.deadline(bench.state)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('a node that nothing helps', () => {
  test('without a peer fails at once, and says what is lost', () => {
    const { failed } = new Bench({ peers: [] }).round();
    expect(failed?.code).toBe('WAL_DAMAGED');
    expect(failed?.detail).toMatch(/2 entries; there is no peer/);
  });

  test('fails when its patience is over, counted from the last entry that came', () => {
    const bench = new Bench({ patienceMs: 1_000 });
    bench.round();
    bench.now = 900;
    bench.step({ kind: 'supplied', missing: missing(1) });
    for (bench.now = 1_000; bench.now < 1_900; bench.now += 100) {
      expect(bench.step({ kind: 'tick' }).failed).toBe(null);
    }
    expect(bench.step({ kind: 'tick' }).failed?.detail).toMatch(/1 entries; no peer could/);
  });
});
