/** Published vectors of the functions on which disks, wires and rings depend. */
import { fromHex } from '../../base/bytes.ts';
import { crc32c } from '../../base/crc32c.ts';
import { hashToHex, Wyhash } from '../../base/hash.ts';
import { asciiBytes } from '../../base/text.ts';
import { buildRing, VNODES } from '../../core/router/ring.ts';
import { type Check, same } from './check.ts';

/** The author's own test strings; the seed is the position. */
const WYHASH: readonly (readonly [text: string, hash: string])[] = [
  ['', '93228a4de0eec5a2'],
  ['a', 'c5bac3db178713c4'],
  ['abc', 'a97f2f7b1d9b3314'],
  ['message digest', '786d1f1df3801df4'],
  ['abcdefghijklmnopqrstuvwxyz', 'dca5a8138ad37c87'],
  ['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', 'b9e734f117cfaf70'],
  ['1234567890'.repeat(8), '6cc5eab49a92d617'],
];

/** RFC 3720, appendix B.4, and the customary check value. */
const CRC32C: readonly (readonly [hex: string, crc: number])[] = [
  ['00'.repeat(32), 0x8a9136aa],
  ['ff'.repeat(32), 0x62a8ab43],
  ['000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 0x46dd794e],
  ['1f1e1d1c1b1a191817161514131211100f0e0d0c0b0a09080706050403020100', 0x113fdb5c],
  ['313233343536373839', 0xe3069283],
];

/** Of clients/conformance/ring.json: the owner among a hundred groups. */
const OWNERS_OF_100: readonly (readonly [key: string, group: number])[] = [
  ['', 65],
  ['a', 50],
  ['mykey', 60],
];

export const vectorChecks: readonly Check[] = [
  {
    claim: 'wyhash gives the published hashes',
    run() {
      for (const [seed, [text, expected]] of WYHASH.entries()) {
        const bytes = asciiBytes(text);
        const hash = new Wyhash(0, seed);
        hash.hash(bytes, 0, bytes.length);
        same(hashToHex(hash.high, hash.low), expected, `the hash of "${text}"`);
      }
    },
  },
  {
    claim: 'CRC32C gives the published checksums',
    run() {
      for (const [hex, expected] of CRC32C) {
        const bytes = fromHex(hex);
        same(crc32c(bytes, 0, bytes.length), expected, `the checksum of ${hex}`);
      }
    },
  },
  {
    claim: 'the ring has 150 points a group and the owners that every client computes',
    run() {
      const ring = buildRing(100);
      same(ring.size, 100 * VNODES, 'points');
      for (const [key, group] of OWNERS_OF_100) {
        const bytes = asciiBytes(key);
        same(ring.ownerOf(bytes, 0, bytes.length), group, `the owner of "${key}"`);
      }
    },
  },
];
