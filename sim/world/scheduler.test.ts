import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Scheduler } from './scheduler.ts';
import { eventKind, fingerprint, firstDivergence, TraceRecorder } from './trace.ts';

const KIND = eventKind('test');

describe('the order of events', () => {
  test('events run by time, and at one time in the order of scheduling', () => {
    const times = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 60 });
    fc.assert(
      fc.property(times, (dues) => {
        const scheduler = new Scheduler();
        const ran: [number, number][] = [];
        dues.forEach((due, order) => {
          scheduler.at(due, KIND, 0, () => ran.push([scheduler.nowUs(), order]));
        });
        scheduler.runUntil(100);
        const expected = dues
          .map((due, order): [number, number] => [due, order])
          .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
        expect(ran).toEqual(expected);
      }),
      { seed: 1 },
    );
  });

  test('an event for the past runs now, never before now', () => {
    const scheduler = new Scheduler();
    const times: number[] = [];
    scheduler.at(50, KIND, 0, () => scheduler.at(10, KIND, 0, () => times.push(scheduler.nowUs())));
    scheduler.runUntil(60);
    expect(times).toEqual([50]);
    expect(scheduler.nowUs()).toBe(60);
  });

  test('time without end is refused', () => {
    expect(() => new Scheduler().at(Number.POSITIVE_INFINITY, KIND, 0, () => {})).toThrow('finite');
  });

  test('stop ends a run after the running event and keeps the time', () => {
    const scheduler = new Scheduler();
    scheduler.at(5, KIND, 0, () => scheduler.stop());
    scheduler.at(6, KIND, 0, () => {});
    scheduler.runUntil(100);
    expect(scheduler.nowUs()).toBe(5);
    expect(scheduler.waiting()).toBe(1);
  });
});

describe('digests and traces', () => {
  const run = (notes: readonly number[], rowsMax: number): [Scheduler, TraceRecorder] => {
    const scheduler = new Scheduler();
    const recorder = new TraceRecorder(rowsMax);
    scheduler.recorder = recorder;
    notes.forEach((note, at) => {
      scheduler.at(at * 10, KIND, at % 3, () => scheduler.note(note));
    });
    scheduler.runUntil(1_000_000);
    return [scheduler, recorder];
  };

  test('equal runs have equal digests; a difference in one note shows', () => {
    const notes = Array.from({ length: 3_000 }, (_, at) => at * 7);
    const other = notes.with(1_234, 1);
    expect(run(notes, 1)[0].digestHex()).toBe(run(notes, 1)[0].digestHex());
    expect(run(notes, 1)[0].digestHex()).not.toBe(run(other, 1)[0].digestHex());
  });

  test('the first diverging event is found, with its time and node', () => {
    const notes = Array.from({ length: 3_000 }, (_, at) => at * 7);
    const [, left] = run(notes, 10_000);
    const [, right] = run(notes.with(1_234, 1), 10_000);
    const divergence = firstDivergence(left, right);
    expect(divergence?.event).toBe(1_234);
    expect(divergence?.left).toMatchObject({ timeUs: 12_340, node: 1, kind: 'test' });
    expect(firstDivergence(left, left)).toBeNull();
  });

  test('a run that ends early diverges where it ends', () => {
    const [, left] = run([1, 2, 3], 10);
    const [, right] = run([1, 2], 10);
    expect(firstDivergence(left, right)).toMatchObject({ event: 2, right: null });
  });

  test('a bounded recorder keeps the last rows', () => {
    const [, recorder] = run([1, 2, 3, 4, 5], 2);
    expect(recorder.row(2)).toBeNull();
    expect(recorder.row(3)?.timeUs).toBe(30);
    expect(recorder.row(4)?.timeUs).toBe(40);
    expect(recorder.row(5)).toBeNull();
  });

  test('the stack of whoever scheduled a given event can be had', () => {
    const scheduler = new Scheduler();
    scheduler.watchedSequence = 1;
    scheduler.at(1, KIND, 0, () => {});
    expect(scheduler.watchedStack).toBeNull();
    scheduler.at(1, KIND, 0, () => {});
    expect(scheduler.watchedStack).toContain('scheduler.test');
  });

  test('fingerprints see the length, the start and the end', () => {
    const bytes = new Uint8Array(300);
    const other = fingerprint(bytes);
    expect(fingerprint(bytes.subarray(1))).not.toBe(other);
    expect(fingerprint(bytes.with(3, 1))).not.toBe(other);
    expect(fingerprint(bytes.with(299, 1))).not.toBe(other);
  });
});
