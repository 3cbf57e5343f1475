/** What a turn gathers: copied late, and in as few pieces as there are runs. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ENTRY_HEADER_BYTES } from '../core/entry.ts';
import { ReadGather, WriteGather } from './batch.ts';

const SOURCES = [0, 1, 2].map((at) => Uint8Array.from({ length: 4096 }, (_, n) => n * 7 + at));
const anyPiece = fc.record({
  source: fc.nat(2),
  skip: fc.nat(3),
  size: fc.integer({ min: 1, max: 40 }),
});

/** Pieces of a source stand behind each other unless something is skipped. */
function piecesOf(drawn: readonly { source: number; skip: number; size: number }[]) {
  const ends = [0, 0, 0];
  return drawn.map(({ source, skip, size }) => {
    const at = ends[source]! + (skip === 0 ? 8 : 0);
    ends[source] = at + size;
    return { bytes: SOURCES[source]!, at, size };
  });
}

describe('a gather', () => {
  test('holds the commands in order, wherever they came from', () => {
    fc.assert(
      fc.property(
        fc.array(anyPiece, { minLength: 1, maxLength: 80 }),
        fc.boolean(),
        (drawn, isGivenBack) => {
          const writes = new WriteGather();
          const reads = new ReadGather();
          const pieces = piecesOf(drawn);
          // Nothing of one batch is left in the next.
          for (let batch = 0; batch < 4; batch++) {
            pieces.forEach(({ bytes, at, size }, row) => {
              writes.append(bytes, at, size);
              writes.rows.push(1, row);
              reads.append(bytes, at, size, row);
              reads.rows.push(2, row);
            });
            const whole = pieces.flatMap(({ bytes, at, size }) => [
              ...bytes.subarray(at, at + size),
            ]);
            expect(writes.bodyBytes).toBe(whole.length);
            const write = writes.take();
            expect([...write.bytes.subarray(ENTRY_HEADER_BYTES)]).toEqual(whole);
            expect(write.rows.count).toBe(pieces.length);
            const { batch: read, rows } = reads.take();
            expect([rows.count, rows.owner[0]]).toEqual([pieces.length, 2]);
            expect([...read.bytes.subarray(0, read.used)]).toEqual(whole);
            expect([...read.ordinals.subarray(0, read.count)]).toEqual(pieces.map((_, row) => row));
            expect(writes.bodyBytes).toBe(0);
            if (isGivenBack) {
              writes.giveBack(write.rows);
              reads.giveBack({ batch: read, rows });
            }
          }
        },
      ),
      { seed: 1, numRuns: 100 },
    );
  });

  test('takes its bytes: what their source becomes later changes nothing', () => {
    const source = Uint8Array.of(1, 2, 3, 4);
    const reads = new ReadGather();
    reads.append(source, 0, 4, 0);
    reads.rows.push(1, 0);
    const { batch } = reads.take();
    source.fill(9);
    expect([...batch.bytes]).toEqual([1, 2, 3, 4]);
  });
});
