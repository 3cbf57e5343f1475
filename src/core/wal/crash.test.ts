/** Whatever a crash leaves of the unsynced sectors and names, the log comes back as a prefix. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newPrng, nextBelow, nextBetween, nextChance, type Prng } from '../../base/prng.ts';
import {
  Bench,
  describe as describeGroups,
  entry,
  hardState,
  snapshot,
  tinyConfig,
  truncate,
} from './testing/bench.ts';
import { type CrashChoice, DROP_ALL, KEEP_ALL } from './testing/crash-disk.ts';
import { nextRecords, randomCrash, releaseSome } from './testing/script.ts';

const GROUPS = 3;

function randomBench(prng: Prng): Bench {
  const config = tinyConfig({
    segmentBytes: 4096 * nextBetween(prng, 2, 8),
    flushesInFlightMax: nextBetween(prng, 1, 3),
    durability: (['durable', 'durable', 'strict', 'unsafe'] as const)[nextBelow(prng, 4)]!,
    zeroedAheadMax: nextChance(prng, 1, 2) ? 1 : 0,
    flushBytesMax: nextBetween(prng, 300, 9000),
    readBytesMax: nextBetween(prng, 1, 3) * 3000,
  });
  return new Bench(config).open();
}

function randomStep(bench: Bench, prng: Prng): void {
  const what = nextBelow(prng, 20);
  const { inFlight } = bench.disk;
  if (what < 6) bench.append(...nextRecords(bench, prng, GROUPS));
  else if (what < 8) releaseSome(bench, prng, GROUPS);
  else if (what === 8) bench.now += nextBelow(prng, 1500);
  else if (what === 9) bench.step({ kind: 'tick' });
  else if (what === 10) bench.settle();
  else if (inFlight.length > 0) bench.complete(nextBelow(prng, inFlight.length));
}

/** Crashes while recovering, after a random number of its operations; then lets it finish. */
function reopenShakily(bench: Bench, prng: Prng): void {
  const stumbles = nextBelow(prng, 3);
  for (let turn = 0; turn < stumbles; turn++) {
    const fork = new Bench(bench.config, bench.disk);
    fork.disk.crash(randomCrash(prng));
    fork.step({ kind: 'open' });
    for (let left = nextBelow(prng, 60); left > 0 && fork.disk.inFlight.length > 0; left--) {
      fork.complete();
    }
    if (nextChance(prng, 1, 3)) fork.disk.dieProcess();
  }
  bench.reopen(randomCrash(prng));
}

describe('random scripts', () => {
  test('everything reported durable comes back, and nothing that was not appended', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const prng = newPrng([seed, 1, 2, 3]);
        const bench = randomBench(prng);
        for (let life = 0; life < 5; life++) {
          for (let left = nextBelow(prng, 60); left > 0; left--) randomStep(bench, prng);
          if (nextChance(prng, 1, 4)) bench.reopenProcess();
          else reopenShakily(bench, prng);
        }
        bench.rest();
      }),
      // The example: a claim in a torn header, and files whose removal was half done.
      { seed: 20261122, numRuns: 120, examples: [[797547497]] },
    );
  });

  test('recovery is idempotent: a second one finds the same', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const prng = newPrng([seed, 5, 5, 5]);
        const bench = randomBench(prng);
        for (let left = nextBelow(prng, 80); left > 0; left--) randomStep(bench, prng);
        bench.reopen(randomCrash(prng));
        const first = describeGroups(bench.recovered!.groups);
        bench.reopen(DROP_ALL);
        expect(describeGroups(bench.recovered!.groups)).toBe(first);
        expect(bench.recovered!.verdict).toBe('clean');
      }),
      { seed: 20261122, numRuns: 60 },
    );
  });
});

/** All ways, or many, in which a crash may decide about `sectors` and `names`. */
function* crashChoices(sectors: number, names: number, limit: number): Generator<CrashChoice> {
  const all = 3 ** sectors * 2 ** names;
  const prng = newPrng([sectors, names, 7, 7]);
  yield KEEP_ALL;
  yield DROP_ALL;
  for (let number = 0; number < Math.min(all, limit); number++) {
    if (all > limit) {
      yield randomCrash(prng);
      continue;
    }
    let rest = number;
    const draw = (base: number): number => {
      const digit = rest % base;
      rest = (rest - digit) / base;
      return digit;
    };
    yield { sector: (versions) => [0, versions, -1][draw(3)]!, name: () => draw(2) === 1 };
  }
}

describe('every crash point of a short script', () => {
  const script: ((bench: Bench) => void)[] = [
    (it) => it.append(hardState(0, 1, 1)),
    (it) => it.append(entry(0, 1, 1, 600), entry(1, 1, 1)),
    (it) => it.append(entry(0, 2, 1, 600)),
    (it) => it.append(entry(0, 3, 1, 5000)),
    (it) => it.append(truncate(0, 2, 2), entry(0, 2, 2, 8), hardState(1, 4)),
    (it) => it.append(snapshot(0, 2, 2)),
    (it) => it.release(0, 2),
    (it) => it.append(entry(0, 3, 2, 704)),
    (it) => it.append(entry(1, 2, 4, 704), hardState(0, 3)),
  ];
  for (const flushesInFlightMax of [1, 2]) {
    for (const blocks of [2, 3, 4]) {
      const name = `${flushesInFlightMax} in flight, segments of ${blocks} blocks`;
      test(`recovers the durable prefix: ${name}`, () => {
        const segmentBytes = blocks * 4096;
        const bench = new Bench(tinyConfig({ segmentBytes, flushesInFlightMax })).open();
        const crashHere = (): void => {
          const { nameChanges } = bench.disk;
          const sectors = bench.disk.undecidedSectors();
          for (const choice of crashChoices(sectors, nameChanges.length, 30)) {
            bench.fork().reopen(choice).reopen(KEEP_ALL).rest();
          }
        };
        for (const step of script) {
          step(bench);
          crashHere();
          if (bench.disk.inFlight.length > 2) bench.complete(1);
          crashHere();
          bench.complete();
          crashHere();
        }
        bench.rest();
        crashHere();
        expect(bench.durable).toBe(bench.nextTicket - 1);
      });
    }
  }
});
