import { describe, expect, test } from 'vitest';
import { type Draw, newDraw } from './linearizable/random-history.ts';
import { ABSENT_SERIAL, ClientOracle } from './oracle.ts';

const put = (oracle: ClientOracle, connection: number, at: number, key = 7) =>
  oracle.write({ key, connection, at, kind: 'put' });
const remove = (oracle: ClientOracle, connection: number, at: number, key = 7) =>
  oracle.write({ key, connection, at, kind: 'remove' });
const show = (oracle: ClientOracle, connection: number, shown: number, at: number, key = 7) =>
  oracle.answered({
    ...{ key, connection, shown, at },
    ...{ floor: oracle.read(key), writesBefore: oracle.writeCount },
  });

describe('the client oracle', () => {
  test('allows either order of two writes that were open together', () => {
    const oracle = new ClientOracle();
    const first = put(oracle, 1, 1);
    const second = put(oracle, 2, 2);
    oracle.acknowledged(second, 3);
    oracle.acknowledged(first, 4);
    show(oracle, 3, first, 5);
    oracle.settled(7, first);
  });

  test('refuses a value that nobody wrote, or wrote elsewhere, or that was refused', () => {
    const oracle = new ClientOracle();
    const serial = put(oracle, 1, 1);
    expect(() => show(oracle, 1, 99, 2)).toThrow('client-oracle: shown but never written');
    expect(() => show(oracle, 1, serial, 2, 8)).toThrow('client-oracle: shown by another key');
    oracle.refused(serial);
    expect(() => show(oracle, 1, serial, 3)).toThrow('client-oracle: refused but shown');
  });

  test('refuses a value that was overwritten before the read was called', () => {
    const oracle = new ClientOracle();
    const first = put(oracle, 1, 1);
    oracle.acknowledged(first, 2);
    const second = put(oracle, 2, 3);
    const floor = oracle.read(7);
    oracle.acknowledged(second, 4);
    oracle.answered({ key: 7, connection: 3, shown: first, floor, writesBefore: 2, at: 5 });
    expect(() => show(oracle, 4, first, 6)).toThrow('client-oracle: came back');
  });

  test('an unknown write may be shown at any later time, but not after its successor', () => {
    const oracle = new ClientOracle();
    const unknown = put(oracle, 1, 1);
    const next = put(oracle, 2, 2);
    oracle.acknowledged(next, 3);
    show(oracle, 3, next, 4);
    show(oracle, 3, unknown, 5);
    const last = put(oracle, 2, 6);
    oracle.acknowledged(last, 7);
    expect(() => show(oracle, 4, unknown, 8)).toThrow('client-oracle: came back');
  });

  test('a value once shown has taken effect, whatever its writer was told', () => {
    const oracle = new ClientOracle();
    const old = put(oracle, 1, 1);
    oracle.acknowledged(old, 2);
    const unknown = put(oracle, 2, 3);
    show(oracle, 3, unknown, 4);
    expect(() => show(oracle, 4, old, 5)).toThrow('client-oracle: came back');
    expect(() => oracle.refused(unknown)).toThrow('client-oracle: took effect, then refused');
  });

  test('finds an acknowledged write lost, at once and in the end', () => {
    const oracle = new ClientOracle();
    const serial = put(oracle, 1, 1);
    show(oracle, 2, ABSENT_SERIAL, 2);
    oracle.acknowledged(serial, 3);
    expect(() => show(oracle, 2, ABSENT_SERIAL, 4)).toThrow('client-oracle: lost');
    expect(() => oracle.settled(7, ABSENT_SERIAL)).toThrow('client-oracle: lost in the end');
  });

  test('absence needs a removal that may have been the last', () => {
    const oracle = new ClientOracle();
    oracle.acknowledged(put(oracle, 1, 1), 2);
    const removal = remove(oracle, 2, 3);
    show(oracle, 3, ABSENT_SERIAL, 4);
    oracle.acknowledged(removal, 5);
    const again = put(oracle, 1, 6);
    oracle.acknowledged(again, 7);
    expect(() => show(oracle, 3, ABSENT_SERIAL, 8)).toThrow('client-oracle: lost');
    oracle.refused(remove(oracle, 2, 9));
    expect(() => oracle.settled(7, ABSENT_SERIAL)).toThrow('client-oracle: lost in the end');
    remove(oracle, 2, 10);
    oracle.settled(7, ABSENT_SERIAL);
  });

  test('a write with a deadline may be gone at any time', () => {
    const oracle = new ClientOracle();
    oracle.acknowledged(oracle.write({ key: 7, connection: 1, at: 1, kind: 'lapsing' }), 2);
    show(oracle, 1, ABSENT_SERIAL, 3);
  });
});

describe('program order', () => {
  test('holds for a pipeline that read before its write was acknowledged', () => {
    const oracle = new ClientOracle();
    const first = put(oracle, 1, 1);
    const second = put(oracle, 1, 2);
    const floor = oracle.read(7);
    oracle.acknowledged(first, 3);
    oracle.acknowledged(second, 4);
    const answer = { key: 7, connection: 1, floor, writesBefore: 2, at: 5 };
    expect(() => oracle.answered({ ...answer, shown: first })).toThrow('program-order: came back');
    expect(() => oracle.answered({ ...answer, shown: ABSENT_SERIAL })).toThrow(
      'program-order: lost to its reader',
    );
    oracle.answered({ ...answer, shown: second });
  });

  test('no read shows what its connection writes after it', () => {
    const oracle = new ClientOracle();
    const [floor, writesBefore] = [oracle.read(7), oracle.writeCount];
    const later = put(oracle, 1, 1);
    const read = { key: 7, shown: later, floor, writesBefore, at: 2 };
    oracle.answered({ ...read, connection: 2 });
    expect(() => oracle.answered({ ...read, connection: 1 })).toThrow(
      'program-order: shown to a read before it',
    );
  });

  test('holds between two reads of one connection', () => {
    const oracle = new ClientOracle();
    const old = put(oracle, 1, 1);
    oracle.acknowledged(old, 2);
    const floor = oracle.read(7);
    const next = put(oracle, 2, 3);
    oracle.answered({ key: 7, connection: 3, shown: next, floor, writesBefore: 1, at: 4 });
    const late = { key: 7, shown: old, floor, writesBefore: 1, at: 5 };
    oracle.answered({ ...late, connection: 4 });
    expect(() => oracle.answered({ ...late, connection: 3 })).toThrow('program-order: came back');
  });
});

/** A register that clients use at random, and what goes wrong with it, if anything. */
function runStore(draw: Draw, wrong: 'nothing' | 'stale read' | 'lost write'): void {
  const oracle = new ClientOracle();
  const shown = [0, 0, 0];
  const past = shown.map((serial) => [serial]);
  const answers: ((at: number) => void)[] = [];
  for (let at = 1; at < 400; at++) {
    const key = draw(3);
    const connection = at;
    const action = draw(9);
    if (action < 2) {
      const kind = draw(4) === 0 ? 'remove' : 'put';
      const serial = oracle.write({ key, connection, at, kind });
      if (draw(5) === 0) {
        if (draw(2) === 0) shown[key] = kind === 'put' ? serial : ABSENT_SERIAL;
        continue;
      }
      if (wrong !== 'lost write' || draw(20) > 0) {
        shown[key] = kind === 'put' ? serial : ABSENT_SERIAL;
      }
      past[key]!.push(shown[key]!);
      answers.push((when) => oracle.acknowledged(serial, when));
    } else if (action < 4) {
      const floor = oracle.read(key);
      const isStale = wrong === 'stale read' && draw(10) === 0;
      const value = isStale ? past[key]![draw(past[key]!.length)]! : shown[key]!;
      const answer = { key, connection, shown: value, floor, writesBefore: oracle.writeCount };
      answers.push((when) => oracle.answered({ ...answer, at: when }));
    } else if (answers.length > 0) {
      answers.splice(draw(answers.length), 1)[0]!(at);
    }
  }
  shown.forEach((serial, key) => {
    oracle.settled(key, serial);
  });
}

describe('over many random runs the oracle', () => {
  const countFailures = (wrong: Parameters<typeof runStore>[1]): number => {
    let failures = 0;
    for (let seed = 1; seed <= 200; seed++) {
      try {
        runStore(newDraw(seed), wrong);
      } catch (error) {
        if (!String(error).includes('client-oracle')) throw error;
        failures++;
      }
    }
    return failures;
  };

  test('never accuses a store that keeps its promises', () => {
    expect(countFailures('nothing')).toBe(0);
  });

  test('finds most stale reads and lost writes', () => {
    expect(countFailures('stale read')).toBeGreaterThan(150);
    expect(countFailures('lost write')).toBeGreaterThan(90);
  });
});
