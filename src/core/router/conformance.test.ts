/**
 * Owners of keys, for clients that route by themselves. A difference would move data:
 * `vitest run PATH -u` rewrites the file, but there is no good reason to.
 */
import { expect, test } from 'vitest';
import { toHex } from '../../base/bytes.ts';
import { hashToHex, Wyhash } from '../../base/hash.ts';
import { encodeUtf8 } from '../../base/text.ts';
import { buildRing } from './ring.ts';

const FILE = new URL('../../../clients/conformance/ring.json', import.meta.url).pathname;
const KEYS = [
  '',
  'a',
  'mykey',
  'user:1',
  'user:2',
  '{user1}.name',
  'user1',
  '{}{b}',
  '{{b}}',
  '{open',
  'ключ',
  'x'.repeat(100),
  ...Array.from({ length: 20 }, (_, n) => `key:${n}`),
];

test('ring.json: the point of each key and its owner among 1, 2, 3, 8 and 100 groups', async () => {
  const rings = [1, 2, 3, 8, 100].map((groups) => [`of${groups}`, buildRing(groups)] as const);
  const hash = new Wyhash(0, 0);
  const vectors = KEYS.map((name) => {
    const key = encodeUtf8(name);
    hash.hash(key, 0, key.length);
    const wholeHash = hashToHex(hash.high, hash.low);
    const owners = rings.map(([label, ring]) => [label, ring.ownerOf(key, 0, key.length)] as const);
    return { key: toHex(key), text: name, wholeHash, ...Object.fromEntries(owners) };
  });
  await expect(`${JSON.stringify(vectors, null, 2)}\n`).toMatchFileSnapshot(FILE);
});
