import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, putU32, toHex } from '../../base/bytes.ts';
import { crc32c } from '../../base/crc32c.ts';
import { newPrng, nextBelow, nextWord, type Prng } from '../../base/prng.ts';
import { type ClusterId, NOBODY, nodeId } from '../../base/units.ts';
import { decodeMessage, encodeMessage, INCARNATION_MAX, type Message } from './message.ts';
import { CLUSTER, claim } from './test-member.ts';

const PING: Message = {
  kind: 'ping',
  target: nodeId(2),
  sequence: 7,
  clusterId: CLUSTER,
  subject: NOBODY,
  sender: claim(1, 'alive', 1),
  updates: [claim(3, 'suspect', 4)],
};

const KINDS = ['ping', 'ack', 'ping-request', 'gossip', 'sync', 'table', 'nack'] as const;
const STATES = ['alive', 'suspect', 'dead', 'left'] as const;

const update = fc
  .record({
    id: fc.integer({ min: 1, max: 0xffff }).map(nodeId),
    state: fc.constantFrom(...STATES),
    incarnation: fc.oneof(fc.nat(9), fc.integer({ min: 0, max: INCARNATION_MAX })),
    address: fc.stringMatching(/^[!-~]{1,264}$/),
    accuser: fc.integer({ min: 1, max: 0xffff }).map(nodeId),
  })
  .map((drawn) => ({ ...drawn, accuser: drawn.state === 'suspect' ? drawn.accuser : NOBODY }));

const message: fc.Arbitrary<Message> = fc.record({
  kind: fc.constantFrom(...KINDS),
  target: fc.integer({ min: 0, max: 0xffff }).map(nodeId),
  sequence: fc.integer({ min: 0, max: 0xffff_ffff }),
  clusterId: fc.stringMatching(/^[0-9a-f]{32}$/).map((text) => text as ClusterId),
  subject: fc.integer({ min: 0, max: 0xffff }).map(nodeId),
  sender: update.map((sender) => ({ ...sender, state: 'alive' as const, accuser: NOBODY })),
  updates: fc.array(update, { maxLength: 12 }),
});

describe('the codec', () => {
  test('any message comes back as it was, in whole words of eight bytes', () => {
    fc.assert(
      fc.property(message, (sent) => {
        const bytes = encodeMessage(sent);
        expect(bytes.length % 8).toBe(0);
        expect(decodeMessage(bytes)).toEqual(sent);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('G13: a datagram of more than 255 records loses none', () => {
    const updates = Array.from({ length: 700 }, (_, at) => claim(at + 2, 'alive', at));
    const bytes = encodeMessage({ ...PING, updates });
    expect(decodeMessage(bytes)?.updates).toEqual(updates);
  });

  test('the worked bytes of docs/protocol/gossip.md', () => {
    const bytes = encodeMessage(PING);
    expect(toHex(bytes)).toBe(
      [
        '0200020007000000',
        '0011223344556677',
        '8899aabbccddeeff',
        '0000020000000000',
        '01000000' + '0d000000',
        '0100000000000000',
        '31302e302e302e31',
        '3a37393436000000',
        '03000100' + '0d000900',
        '0400000000000000',
        '31302e302e302e33',
        '3a37393436000000',
        '68000000' + 'c8809944',
      ].join(''),
    );
  });

  test('every single flipped bit is noticed', () => {
    const bytes = encodeMessage(PING);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = bytes.slice();
      damaged[bit >> 3] = damaged[bit >> 3]! ^ (1 << (bit & 7));
      expect(decodeMessage(damaged)).toBeNull();
    }
  });

  test('every prefix and every extension is refused', () => {
    const bytes = encodeMessage(PING);
    for (let size = 0; size < bytes.length; size++) {
      expect(decodeMessage(bytes.subarray(0, size))).toBeNull();
    }
    expect(decodeMessage(new Uint8Array([...bytes, ...new Uint8Array(8)]))).toBeNull();
  });

  test('under a right CRC too, what means nothing is refused', () => {
    const wrong: [string, number, number][] = [
      ['the version before', 0, 1],
      ['an unknown version', 0, 3],
      ['an unknown kind', 1, KINDS.length],
      ['reserved header bytes', 28, 1],
      ['too many records', 26, 3],
      ['too few records', 26, 1],
      ['no record', 26, 0],
      ['id 0', 32, 0],
      ['a suspect as sender', 34, 1],
      ['a dead sender', 34, 2],
      ['an unknown state', 66, 4],
      ['reserved record byte', 35, 1],
      ['an accuser of one that lives', 38, 1],
      ['a suspect that nobody accuses', 70, 0],
      ['an empty address', 36, 0],
      ['an address beyond the end', 68, 255],
      ['an incarnation above the bound', 47, 1],
      ['an incarnation above 2^53', 46, 0x20],
      ['a blank in the address', 50, 0x20],
    ];
    for (const [name, at, value] of wrong) {
      const bytes = encodeMessage(PING);
      bytes[at] = value;
      expect(decodeMessage(seal(bytes)), name).toBeNull();
    }
  });

  test('100,000 random and mutated datagrams never throw', () => {
    const prng = newPrng([13]);
    const sample = encodeMessage({ ...PING, updates: [claim(3, 'dead', 1), claim(9, 'left', 2)] });
    let accepted = 0;
    for (let round = 0; round < 100_000; round++) {
      const bytes = round % 4 === 0 ? randomBytes(prng) : mutated(prng, sample);
      if (decodeMessage(round % 2 === 0 ? bytes : seal(bytes)) !== null) accepted++;
    }
    // Mutations that leave a meaning, under a right CRC: the parser was really reached.
    expect(accepted).toBeGreaterThan(1000);
  });

  test('a hex sample of another cluster decodes to that cluster', () => {
    const clusterId = 'ffffffffffffffffffffffffffffffff' as ClusterId;
    const bytes = fromHex(toHex(encodeMessage({ ...PING, clusterId })));
    expect(decodeMessage(bytes)?.clusterId).toBe(clusterId);
  });
});

/** Makes length and CRC right again. */
function seal(bytes: Uint8Array): Uint8Array {
  if (bytes.length < 8) return bytes;
  putU32(bytes, bytes.length - 8, bytes.length);
  putU32(bytes, bytes.length - 4, crc32c(bytes, 0, bytes.length - 4));
  return bytes;
}

function randomBytes(prng: Prng): Uint8Array {
  const bytes = new Uint8Array(nextBelow(prng, 30) * 8);
  for (let at = 0; at < bytes.length; at++) bytes[at] = nextWord(prng);
  return bytes;
}

function mutated(prng: Prng, sample: Uint8Array): Uint8Array {
  const size = nextBelow(prng, 8) === 0 ? nextBelow(prng, sample.length) : sample.length;
  const bytes = sample.slice(0, size);
  for (let times = nextBelow(prng, 3); times >= 0 && size > 0; times--) {
    bytes[nextBelow(prng, size)] = nextWord(prng);
  }
  return bytes;
}
