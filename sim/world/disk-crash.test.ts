import { describe, expect, test } from 'vitest';
import type { DiskKnobs } from './config.ts';
import { DiskFixture, filled } from './disk-fixture.ts';

const TORN = { keep: 3, drop: 3, garble: 3, reorder: 3 };
const DROP = { keep: 0, drop: 1, garble: 0, reorder: 0 };
const SEEDS = Array.from({ length: 120 }, (_, seed) => String(seed));

/** What becomes of `prepare`d worlds over many crashes: the set of answers of `judge`. */
function outcomes(
  knobs: Partial<DiskKnobs>,
  prepare: (fixture: DiskFixture) => void,
  judge: (fixture: DiskFixture) => string,
): Set<string> {
  const seen = new Set<string>();
  for (const seed of SEEDS) {
    const fixture = new DiskFixture(seed, { crash: TORN, ...knobs });
    prepare(fixture);
    fixture.disk.crash('power');
    seen.add(judge(fixture));
  }
  return seen;
}

const sectorOf = (fixture: DiskFixture): string => {
  const bytes = fixture.read('a', 0, 512);
  const kinds = new Set(bytes);
  if (kinds.size > 2) return 'noise';
  return [...kinds].sort().join('+');
};

const names = (fixture: DiskFixture): string =>
  fixture.disk
    .files()
    .map(({ name }) => name)
    .join();

describe('unsynced data after a loss of power', () => {
  test('a synced sector is never lost', () => {
    const seen = outcomes(
      {},
      (fixture) => {
        fixture.prepare('a', 512);
        fixture.write('a', 0, filled(512, 1), true);
      },
      sectorOf,
    );
    expect([...seen]).toEqual(['1']);
  });

  test('an unsynced sector may be kept, dropped, torn, noise, or an older version', () => {
    const seen = outcomes(
      {},
      (fixture) => {
        fixture.prepare('a', 512);
        fixture.write('a', 0, filled(512, 1), true);
        fixture.write('a', 0, filled(512, 2), false);
        fixture.write('a', 0, filled(512, 3), false);
      },
      sectorOf,
    );
    expect([...seen].sort()).toEqual(['1', '1+3', '2', '3', 'noise']);
  });

  test('the sectors of one write go separate ways: a later one may survive an earlier one', () => {
    const seen = outcomes(
      { crash: { keep: 1, drop: 1, garble: 0, reorder: 0 } },
      (fixture) => {
        fixture.prepare('a', 1_024);
        fixture.write('a', 0, filled(1_024, 1), false);
      },
      (fixture) => `${fixture.read('a', 0, 1)[0]}${fixture.read('a', 512, 1)[0]}`,
    );
    expect([...seen].sort()).toEqual(['00', '01', '10', '11']);
  });

  test('an unsynced length may be lost, kept or reached in part', () => {
    const seen = outcomes(
      {},
      (fixture) => {
        fixture.prepare('a', 512);
        fixture.write('a', 512, filled(2_048, 1), false);
      },
      (fixture) => String(fixture.disk.files()[0]!.bytes),
    );
    expect(seen.has('512') && seen.has('2560')).toBe(true);
    expect(seen.size).toBeGreaterThan(2);
  });

  test('what falls beyond a lost length does not come back when the file grows again', () => {
    let lost = 0;
    for (const seed of SEEDS) {
      const fixture = new DiskFixture(seed, { crash: TORN });
      fixture.prepare('a', 512);
      fixture.write('a', 512, filled(512, 7), false);
      fixture.disk.crash('power');
      if (fixture.disk.files()[0]!.bytes > 512) continue;
      lost++;
      fixture.run({ kind: 'create', file: 'a', bytes: 1_024 });
      expect(fixture.read('a', 512, 512)).toEqual(new Uint8Array(512));
      fixture.run({ kind: 'sync', file: 'a' });
      expect(fixture.disk.durableFiles('')[0]!.bytes).toEqual(new Uint8Array(1_024));
    }
    expect(lost).toBeGreaterThan(20);
  });

  test('a crash of the process alone loses nothing, and makes nothing durable either', () => {
    const fixture = new DiskFixture('4', { crash: DROP });
    fixture.prepare('a', 512);
    fixture.write('a', 0, filled(512, 1), false);
    fixture.disk.crash('process');
    expect(fixture.read('a', 0, 1)[0]).toBe(1);
    const seen = outcomes(
      { crash: DROP },
      (other) => {
        other.prepare('a', 512);
        other.write('a', 0, filled(512, 1), false);
        other.disk.crash('process');
      },
      sectorOf,
    );
    expect([...seen].sort()).toEqual(['0', '1']);
  });

  test('completions of an older incarnation never arrive; its operations may take place', () => {
    const seen = outcomes(
      {},
      (fixture) => {
        fixture.prepare('a', 512);
        fixture.submit({
          kind: 'write',
          file: 'a',
          offset: 0,
          parts: [filled(512, 1)],
          sync: true,
        });
        fixture.completions.length = 0;
      },
      (fixture) => {
        fixture.scheduler.runUntil(1_000_000);
        expect(fixture.completions).toEqual([]);
        return sectorOf(fixture);
      },
    );
    expect(seen.has('0') && seen.has('1')).toBe(true);
  });

  test('a wiped disk is empty and answers nothing from before', () => {
    const fixture = new DiskFixture('1', {});
    fixture.prepare('a', 512);
    fixture.completions.length = 0;
    fixture.submit({ kind: 'list' });
    fixture.disk.wipe();
    fixture.scheduler.runUntil(1_000_000);
    expect(fixture.completions).toEqual([]);
    expect(fixture.run({ kind: 'list' }).files).toEqual([]);
  });
});

describe('how far a sync reaches', () => {
  test('a write that was in flight when the sync was submitted is not covered by it', () => {
    const fixture = new DiskFixture('1', { lanes: 4 });
    fixture.prepare('a', 512);
    fixture.submit({ kind: 'write', file: 'a', offset: 0, parts: [filled(512, 1)], sync: false });
    fixture.run({ kind: 'sync', file: 'a' });
    expect(fixture.read('a', 0, 1)[0]).toBe(1);
    expect(fixture.disk.durableFiles('')[0]!.bytes[0]).toBe(0);
  });

  test('a sector rewritten during a sync keeps its older version for that sync', () => {
    const fixture = new DiskFixture('1', { lanes: 4 });
    fixture.prepare('a', 512);
    fixture.write('a', 0, filled(512, 1), false);
    const ticket = fixture.submit({ kind: 'sync', file: 'a' });
    for (let byte = 2; byte < 12; byte++) fixture.write('a', 0, filled(512, byte), false);
    fixture.scheduler.runUntil(1_000_000);
    expect(fixture.completions.some((done) => done.ticket === ticket)).toBe(true);
    expect(fixture.disk.durableFiles('')[0]!.bytes[0]).toBe(1);
    expect(fixture.read('a', 0, 1)[0]).toBe(11);
  });

  test('a write with sync is durable at its completion, and so is what had completed before', () => {
    const fixture = new DiskFixture('1', {});
    fixture.prepare('a', 1_024);
    fixture.write('a', 0, filled(512, 1), false);
    fixture.write('a', 512, filled(512, 2), true);
    const { bytes } = fixture.disk.durableFiles('')[0]!;
    expect([bytes[0], bytes[512]]).toEqual([1, 2]);
  });

  test('an extending write with sync makes its length durable', () => {
    const fixture = new DiskFixture('1', {});
    fixture.prepare('a', 0);
    fixture.write('a', 0, filled(700, 1), true);
    expect(fixture.readAfterCrash('a', 0, 1_000)).toEqual(filled(700, 1));
  });
});

describe('the trap of the failed sync', () => {
  const trapped = (seed: string): DiskFixture => {
    const fixture = new DiskFixture(seed, { crash: { ...DROP, keep: 1, drop: 0 } });
    fixture.prepare('a', 512);
    fixture.write('a', 0, filled(512, 1), false);
    fixture.knobs.syncErrorPpm = 1_000_000;
    expect(fixture.run({ kind: 'sync', file: 'a' }).code).toBe('EIO');
    fixture.knobs.syncErrorPpm = 0;
    return fixture;
  };

  test('the next sync succeeds, and the data may be gone all the same', () => {
    const seen = new Set<string>();
    for (const seed of SEEDS) {
      const fixture = trapped(seed);
      const cached = fixture.read('a', 0, 1)[0];
      expect(fixture.run({ kind: 'sync', file: 'a' }).code).toBe('OK');
      seen.add(`${cached}${fixture.readAfterCrash('a', 0, 1)[0]}`);
    }
    // It was written after all; the cache hid the loss until the crash; the cache forgot at once.
    expect([...seen].sort()).toEqual(['00', '10', '11']);
  });

  test('a read past the cache shows what the platter really holds', () => {
    for (const seed of SEEDS) {
      const fixture = trapped(seed);
      const read = { kind: 'read', file: 'a', offset: 0, length: 512, fresh: true } as const;
      const fresh = fixture.run(read).bytes;
      expect(fresh).toEqual(fixture.readAfterCrash('a', 0, 512));
    }
  });

  test('data that is written again after the failure is written for good', () => {
    for (const seed of SEEDS) {
      const fixture = trapped(seed);
      fixture.write('a', 0, filled(512, 2), false);
      const read = { kind: 'read', file: 'a', offset: 0, length: 1, fresh: true } as const;
      expect(fixture.run(read).bytes[0]).toBe(2);
      fixture.run({ kind: 'sync', file: 'a' });
      expect(fixture.readAfterCrash('a', 0, 1)[0]).toBe(2);
    }
  });
});

describe('names', () => {
  test('a created file may vanish until the directory is synced, even with its data synced', () => {
    const create = (fixture: DiskFixture): void => {
      fixture.run({ kind: 'create', file: 'a', bytes: 512 });
      fixture.write('a', 0, filled(512, 1), true);
    };
    expect([...outcomes({}, create, names)].sort()).toEqual(['', 'a']);
    const synced = (fixture: DiskFixture): void => {
      create(fixture);
      fixture.run({ kind: 'sync-directory' });
    };
    expect([...outcomes({}, synced, names)]).toEqual(['a']);
  });

  test('a rename without a directory sync may be undone; a file never has two names', () => {
    const seen = outcomes(
      {},
      (fixture) => {
        fixture.prepare('a', 512);
        fixture.run({ kind: 'rename', source: 'a', target: 'b' });
        fixture.run({ kind: 'rename', source: 'b', target: 'c' });
      },
      names,
    );
    expect([...seen].sort()).toEqual(['a', 'b', 'c']);
  });

  test('a rename that is durable can stand over data that is not (rename without fsync)', () => {
    const seen = outcomes(
      {},
      (fixture) => {
        fixture.run({ kind: 'create', file: 'temporary', bytes: 0 });
        fixture.write('temporary', 0, filled(512, 1), false);
        fixture.run({ kind: 'rename', source: 'temporary', target: 'snapshot' });
        fixture.run({ kind: 'sync-directory' });
      },
      (fixture) => `${names(fixture)}:${fixture.disk.files()[0]!.bytes}`,
    );
    expect(seen.has('snapshot:0')).toBe(true);
    expect(seen.has('snapshot:512')).toBe(true);
  });

  test('a replaced file may come back when the rename over it is lost', () => {
    const seen = outcomes(
      {},
      (fixture) => {
        fixture.prepare('a', 512);
        fixture.prepare('b', 1_024);
        fixture.run({ kind: 'rename', source: 'b', target: 'a' });
      },
      (fixture) => JSON.stringify(fixture.disk.files()),
    );
    expect(seen.size).toBe(2);
  });

  test('a removed file may come back until the directory is synced', () => {
    const remove = (fixture: DiskFixture): void => {
      fixture.prepare('a', 512);
      fixture.run({ kind: 'remove', file: 'a' });
    };
    expect([...outcomes({}, remove, names)].sort()).toEqual(['', 'a']);
  });

  test('after a failed directory sync no name changes any more, until the power was gone', () => {
    const seen = outcomes(
      {},
      (fixture) => {
        fixture.run({ kind: 'create', file: 'a', bytes: 512 });
        fixture.knobs.syncErrorPpm = 1_000_000;
        expect(fixture.run({ kind: 'sync-directory' }).code).toBe('EIO');
        fixture.knobs.syncErrorPpm = 0;
        expect(fixture.run({ kind: 'sync-directory' }).code).toBe('EIO');
        expect(fixture.run({ kind: 'create', file: 'b', bytes: 512 }).code).toBe('EIO');
        expect(fixture.run({ kind: 'rename', source: 'a', target: 'c' }).code).toBe('EIO');
        expect(fixture.run({ kind: 'remove', file: 'a' }).code).toBe('EIO');
        expect(names(fixture)).toBe('a');
        fixture.disk.crash('process');
        expect(fixture.disk.isBroken()).toBe(true);
      },
      (fixture) => {
        expect(fixture.disk.isBroken()).toBe(false);
        return names(fixture);
      },
    );
    expect([...seen].sort()).toEqual(['', 'a']);
  });
});

describe('crash points', () => {
  test('a crash before the effect may lose it, one at completion swallows the answer', () => {
    for (const phase of ['before-effect', 'completed'] as const) {
      const fixture = new DiskFixture('1', {});
      fixture.prepare('a', 512);
      fixture.completions.length = 0;
      fixture.disk.onOperation = (at, operation, code) => {
        expect(code).toBe(at === 'completed' ? 'OK' : null);
        if (at === phase && operation.kind === 'write') fixture.disk.crash('power');
      };
      fixture.submit({ kind: 'write', file: 'a', offset: 0, parts: [filled(512, 1)], sync: true });
      fixture.scheduler.runUntil(10_000);
      expect(fixture.completions).toEqual([]);
      if (phase === 'completed') expect(fixture.read('a', 0, 1)[0]).toBe(1);
    }
  });
});
