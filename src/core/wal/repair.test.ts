/** A damaged log is made whole from what peers hold, or says that it cannot be. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newPrng, nextBelow, nextBetween, type Prng } from '../../base/prng.ts';
import {
  Bench,
  describe as describeGroups,
  entry,
  hardState,
  tinyConfig,
} from './testing/bench.ts';
import { DROP_ALL, KEEP_ALL, SECTOR_BYTES } from './testing/crash-disk.ts';
import { BLOCK, FIRST, model, oneEntryABlock, zero } from './testing/damage.ts';
import { nextRecords, releaseSome } from './testing/script.ts';

describe('repair', () => {
  test('missing entries from a peer make the log whole', () => {
    const bench = oneEntryABlock(5);
    bench.append(hardState(0, 9, 2));
    bench.rest();
    bench.disk.rot(FIRST, zero(2 * BLOCK + SECTOR_BYTES));
    bench.disk.rot(FIRST, zero(4 * BLOCK + SECTOR_BYTES));
    bench.disk.crash(DROP_ALL);
    bench.restart();
    expect(bench.recovered!.damage!.missing.map((it) => it.index)).toEqual([3, 5]);
    const wrong = entry(0, 3, 1, 608);
    const others = [entry(0, 3, 2, 600), wrong, entry(0, 5, 1, 600)];
    bench.step({
      kind: 'repair',
      entries: others.map((it) => ('bytes' in it ? it.bytes : never())),
    });
    expect(bench.state.phase).toBe('damaged');
    const right = entry(0, 3, 1, 600);
    bench.step({ kind: 'repair', entries: ['bytes' in right ? right.bytes : never()] });
    bench.rest();
    expect(describeGroups(bench.repaired!)).toBe(model(bench));
    bench.append(entry(0, 6, 9));
    bench.rest();
    bench.reopen(DROP_ALL);
    expect(bench.recovered!.verdict).toBe('clean');
  });
});

test('a log called repaired is not damaged at the next start', () => {
  const bench = oneEntryABlock(3).rest();
  bench.disk.rot(FIRST, zero(BLOCK + SECTOR_BYTES));
  bench.disk.crash(DROP_ALL);
  bench.restart();
  supplyAll(bench);
  while (bench.repaired === null) {
    if (bench.disk.inFlight.length > 0) bench.complete();
    else bench.step({ kind: 'tick' });
  }
  bench.reopen(DROP_ALL);
  expect(bench.recovered!.verdict).toBe('clean');
});

function never(): never {
  throw new Error('not an entry');
}

/** A log at rest after a random life. */
function livedBench(prng: Prng): Bench {
  const config = tinyConfig({
    segmentBytes: BLOCK * nextBetween(prng, 2, 12),
    flushesInFlightMax: nextBetween(prng, 1, 2),
  });
  const bench = new Bench(config).open();
  for (let left = nextBetween(prng, 1, 40); left > 0; left--) {
    bench.append(...nextRecords(bench, prng, 2));
    if (nextBelow(prng, 3) > 0) bench.settle();
    if (nextBelow(prng, 6) === 0) releaseSome(bench, prng, 2);
  }
  return bench.rest();
}

function rotSomewhere(bench: Bench, prng: Prng): void {
  const files = bench.disk.list().filter(({ name }) => name.endsWith('segment'));
  const { name, bytes } = files[nextBelow(prng, files.length)]!;
  const at = nextBelow(prng, bytes);
  if (nextBelow(prng, 2) === 0) {
    bench.disk.rot(name, (file) => {
      file[at] = file[at]! ^ (1 << nextBelow(prng, 8));
    });
  } else bench.disk.rot(name, zero(at - (at % SECTOR_BYTES)));
}

/** Hands in every entry that was ever appended, as helpful peers would. */
function supplyAll(bench: Bench): void {
  const entries = bench.appended.flatMap(({ record }) =>
    record.kind === 'entry' ? [record.bytes] : [],
  );
  bench.step({ kind: 'repair', entries });
}

describe('random damage in a log at rest', () => {
  test('is harmless, or reported; and a repair, cut short or not, gives back all', () => {
    const verdicts = { harmless: 0, repaired: 0, lost: 0 };
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const prng = newPrng([seed, 4, 4, 4]);
        const bench = livedBench(prng);
        for (let spots = nextBetween(prng, 1, 2); spots > 0; spots--) rotSomewhere(bench, prng);
        bench.disk.crash(DROP_ALL);
        bench.restart();
        const { damage, groups } = bench.recovered!;
        if (damage === null) {
          expect(describeGroups(groups)).toBe(model(bench));
          verdicts.harmless++;
        } else if (!damage.isRepairable) {
          verdicts.lost++;
        } else {
          supplyAll(bench);
          for (let left = nextBelow(prng, 12); left > 0; left--) {
            if (bench.disk.inFlight.length > 0) bench.complete();
          }
          bench.disk.crash(nextBelow(prng, 2) === 0 ? DROP_ALL : KEEP_ALL);
          bench.restart();
          supplyAll(bench);
          bench.rest();
          const repaired = bench.repaired ?? bench.recovered!.groups;
          expect(describeGroups(repaired)).toBe(model(bench));
          bench.reopen(DROP_ALL);
          verdicts.repaired++;
        }
      }),
      { seed: 20261122, numRuns: 250 },
    );
    expect(verdicts.harmless).toBeGreaterThan(10);
    expect(verdicts.repaired).toBeGreaterThan(10);
    expect(verdicts.lost).toBeGreaterThan(5);
  });
});
