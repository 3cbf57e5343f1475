/** The file's header and the messages: worked bytes, round trips, and what is refused. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, fromHex, putU32, putU64, toHex } from '../../base/bytes.ts';
import { crc32c } from '../../base/crc32c.ts';
import { groupId, logIndex, type Term, term } from '../../base/units.ts';
import { MEMBERS_MAX } from '../members.ts';
import {
  FILE_VERSION,
  HEADER_BYTES_MAX,
  HEADER_BYTES_MIN,
  headerBytesOf,
  makeHeader,
  readHeader,
} from './file-format.ts';
import { identityOf } from './files.ts';
import {
  type Answer,
  CHUNK_BYTES_LIMIT,
  type Chunk,
  decodeAnswer,
  decodeChunk,
  encodeAnswer,
  encodeChunk,
  VERDICTS,
} from './message.ts';
import { indexOf, snapshotFile } from './names.ts';
import { bodyOf, member, metaAt } from './test-node.ts';

const PAGE = new URL('../../../docs/formats/snapshot-transfer.md', import.meta.url);

function workedBytes(kind: string): string {
  const [, block] = readFileSync(PAGE, 'utf8').split(`\`\`\`${kind}\n`);
  return block!.slice(0, block!.indexOf('```')).replaceAll(/\s/g, '');
}

const HELLO = fromHex('68656c6c6f212121');
const META = {
  ...metaAt(7),
  configuration: { voters: [member(1)], outgoing: [], learners: [] },
};
const HEADER = makeHeader(META, { bytes: 8, crc: crc32c(HELLO, 0, 8) });
const CHUNK: Chunk = {
  leaderTerm: term(4),
  identity: identityOf(HEADER),
  offset: 80,
  round: 2,
  data: HELLO,
};

describe('docs/formats/snapshot-transfer.md', () => {
  test('shows the bytes of a file', () => {
    expect(toHex(concatBytes([HEADER.bytes, HELLO]))).toBe(workedBytes('file'));
    expect(readHeader(fromHex(workedBytes('file')))).toEqual(HEADER);
  });

  test('shows the bytes of a chunk and of its answer', () => {
    expect(toHex(bodyOf(encodeChunk(CHUNK)))).toBe(workedBytes('chunk'));
    const { fileCrc } = HEADER;
    const answer = { index: logIndex(7), fileCrc, offset: 88, round: 2, verdict: 'held' } as const;
    expect(toHex(bodyOf(encodeAnswer(answer)))).toBe(workedBytes('answer'));
  });
});

const u64 = fc.nat(Number.MAX_SAFE_INTEGER);
const u32 = fc.nat(0xffff_ffff);

const chunk: fc.Arbitrary<Chunk> = fc
  .record({
    leaderTerm: u64,
    index: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    term: u64,
    fileCrc: u32,
    offset: fc.integer({ min: 0, max: 2 ** 40 }),
    beyond: fc.nat(2 ** 40),
    round: u64,
    data: fc.uint8Array({ maxLength: 200 }),
  })
  .map(({ leaderTerm, index, term: at, fileCrc, offset, beyond, round, data }) => {
    const rest = data.length === 0 ? 0 : beyond;
    const start = offset + HEADER_BYTES_MIN;
    const fileBytes = start + data.length + rest;
    const identity = { index: logIndex(index), term: at as Term, fileBytes, fileCrc };
    return { leaderTerm: leaderTerm as Term, identity, offset: start, round, data };
  });

const answer: fc.Arbitrary<Answer> = fc.record({
  index: u64.map(logIndex),
  fileCrc: u32,
  offset: u64,
  round: u64,
  verdict: fc.constantFrom(...VERDICTS),
});

describe('messages', () => {
  test('come back as they were', () => {
    fc.assert(
      fc.property(chunk, answer, (sent, replied) => {
        const body = bodyOf(encodeChunk(sent));
        expect(body.length % 8).toBe(0);
        expect(decodeChunk(body)).toEqual(sent);
        expect(decodeAnswer(bodyOf(encodeAnswer(replied)))).toEqual(replied);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('any bytes are a message or are refused, and nothing throws', () => {
    const whole = bodyOf(encodeChunk(CHUNK));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat(whole.length), (noise, at) => {
        for (const body of [noise, spliced(whole, at, noise)]) {
          const found = decodeChunk(body);
          if (found !== null) expect(decodeChunk(bodyOf(encodeChunk(found)))).toEqual(found);
          decodeAnswer(body);
        }
      }),
      { seed: 2, numRuns: 2_000 },
    );
  });

  test('a chunk whose length is not the data’s is refused (S12)', () => {
    const whole = bodyOf(encodeChunk(CHUNK));
    for (let length = 0; length < whole.length; length++) {
      expect(decodeChunk(whole.subarray(0, length))).toBe(null);
    }
    expect(decodeChunk(concatBytes([whole, new Uint8Array(8)]))).toBe(null);
  });

  test.each([
    ['beyond the end', 40, 81],
    ['of index 0', 8, 0],
    ['of a file that is shorter than a header', 24, 79],
    ['with an index above 2^53', 8, -1],
    ['with an offset above 2^53', 40, -1],
    ['with a round above 2^53', 48, -1],
  ] as const)('a chunk %s is refused', (_, at, value) => {
    const body = bodyOf(encodeChunk(CHUNK));
    if (value < 0) putU32(body, at + 4, 0x20_0000);
    else putU64(body, at, value);
    expect(decodeChunk(body)).toBe(null);
  });

  test('a chunk without data asks at the end of the file, and nowhere else', () => {
    const data = new Uint8Array(0);
    expect(decodeChunk(bodyOf(encodeChunk({ ...CHUNK, offset: 88, data })))).not.toBe(null);
    expect(decodeChunk(bodyOf(encodeChunk({ ...CHUNK, data })))).toBe(null);
  });

  test('a chunk beyond the limit is refused, one at the limit is not', () => {
    for (const extra of [0, 1]) {
      const data = new Uint8Array(CHUNK_BYTES_LIMIT + extra);
      const identity = { ...CHUNK.identity, fileBytes: 2 ** 30 };
      const found = decodeChunk(bodyOf(encodeChunk({ ...CHUNK, identity, data })));
      expect(found === null).toBe(extra === 1);
    }
  });

  test('an answer of an unknown verdict is refused', () => {
    const body = fromHex(workedBytes('answer'));
    putU32(body, 28, VERDICTS.length);
    expect(decodeAnswer(body)).toBe(null);
  });
});

function spliced(bytes: Uint8Array, at: number, noise: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy.set(noise.subarray(0, bytes.length - at), at);
  return copy;
}

describe('a file header', () => {
  test('of three full lists of members fits the bound', () => {
    const members = (from: number) =>
      Array.from({ length: MEMBERS_MAX }, (_, n) => member(from + n));
    const configuration = { voters: members(1), outgoing: members(65), learners: members(129) };
    const meta = { ...metaAt(9), configuration };
    const header = makeHeader(meta, { bytes: 0, crc: 0 });
    expect(header.bytes.length).toBe(HEADER_BYTES_MAX);
    expect(headerBytesOf(meta)).toBe(HEADER_BYTES_MAX);
    expect(readHeader(header.bytes)).toEqual(header);
    expect(HEADER.bytes.length).toBe(HEADER_BYTES_MIN);
  });

  test('with any bit flipped, or cut short, is damaged', () => {
    for (let bit = 0; bit < HEADER.bytes.length * 8; bit++) {
      const bytes = HEADER.bytes.slice();
      bytes[bit >>> 3]! ^= 1 << (bit & 7);
      expect(readHeader(bytes)).toBe('damaged');
    }
    for (let length = 0; length < HEADER.bytes.length; length++) {
      expect(readHeader(HEADER.bytes.subarray(0, length))).toBe('damaged');
    }
  });

  test('of another version is too new only if it is whole', () => {
    const bytes = HEADER.bytes.slice();
    bytes[4] = FILE_VERSION + 1;
    expect(readHeader(bytes)).toBe('damaged');
    putU32(bytes, 44, crc32c(bytes, 48, bytes.length, crc32c(bytes, 0, 44)));
    expect(readHeader(bytes)).toBe('too-new');
  });
});

describe('a file name', () => {
  test('tells its index, and is nobody else’s', () => {
    const group = groupId(1);
    for (const index of [1, 255, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
      const name = snapshotFile(group, logIndex(index));
      expect(indexOf(group, name)).toBe(index);
      expect(indexOf(groupId(11), name)).toBe(0);
      expect(indexOf(groupId(0), name)).toBe(0);
    }
    const strangers = [
      'snapshot-1.tmp',
      'snapshot-1-incoming.tmp',
      'snapshot-1-000000000000000A.snapshot',
      'snapshot-1-00000000000000001.snapshot',
      'snapshot-1-ffffffffffffffff.snapshot',
      'wal-0000000000000001.segment',
      '',
    ];
    for (const name of strangers) expect(indexOf(group, name)).toBe(0);
  });
});
