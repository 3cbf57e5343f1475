/** What apply takes, what it refuses to take, and that it tells replicas apart. */
import { describe, expect, test } from 'vitest';
import { concatBytes, getU32, putU32 } from '../../base/bytes.ts';
import type { GroupId, LogIndex, NodeId, StoreId, Term } from '../../base/units.ts';
import { encodeCommand } from '../command.ts';
import { ENTRY_HEADER_BYTES, ENTRY_KIND, encodeEntry } from '../entry.ts';
import { type Configuration, STATUS } from '../types.ts';
import {
  CONFIGURATION,
  commandsEntry,
  configurationEntry,
  dump,
  formationEntry,
  GROUP,
  put,
  Replica,
  SETTINGS,
} from './fixture.ts';
import { contentDigest } from './state.ts';

const head = {
  kind: ENTRY_KIND.COMMANDS,
  group: GROUP as GroupId,
  term: 1 as Term,
  index: 2 as LogIndex,
  stamp: 10,
  count: 0,
};

describe('apply stops the node at an entry that', () => {
  const none = new Uint8Array(0);
  const refused = (entry: Uint8Array): (() => unknown) => {
    const replica = Replica.formed();
    replica.run([], 10);
    return () => replica.apply(entry);
  };

  test.each([
    ['was applied before', 'index-order', { index: 2 as LogIndex }],
    ['comes too early', 'index-order', { index: 4 as LogIndex }],
    ['is of another group', 'state-machine-safety', { group: 9 as GroupId }],
    ['is of an older term', 'monotonic', { term: 0 as Term }],
    ['is stamped earlier than the one before', 'monotonic', { stamp: 9 }],
    ['names more commands than its bytes can hold', 'internal', { count: 1 }],
  ])('%s', (_, checker, change) => {
    const entry = encodeEntry({ ...head, index: 3 as LogIndex, ...change }, none);
    expect(refused(entry)).toThrow(`${checker}:`);
  });

  test('was damaged, in its header or in its body', () => {
    const entry = commandsEntry(3, 10, [put('k', 'v')]);
    for (let at = 0; at < entry.length; at++) {
      const bad = entry.slice();
      bad[at]! ^= 0x10;
      expect(refused(bad)).toThrow('internal: entry');
    }
  });

  test('forms the cluster a second time, or commands it before it is formed', () => {
    const again = formationEntry(SETTINGS).slice(ENTRY_HEADER_BYTES);
    const formation = encodeEntry(
      { ...head, kind: ENTRY_KIND.FORMATION, index: 3 as LogIndex },
      again,
    );
    expect(refused(formation)).toThrow('formed twice');
    const early = new Replica();
    expect(() => early.apply(commandsEntry(1, 0, [put('k', 'v')]))).toThrow('before the formation');
  });
});

test('commands after one whose bytes make no sense are malformed, those before it are applied', () => {
  const replica = Replica.formed();
  const commands = [put('a', '1'), put('b', '2'), put('c', '3')].map(encodeCommand);
  putU32(commands[1]!, 0, getU32(commands[1]!, 0) + 4);
  const entry = encodeEntry({ ...head, count: 3 }, concatBytes(commands));
  expect(replica.apply(entry).map(({ status }) => status)).toEqual([
    STATUS.OK,
    STATUS.MALFORMED,
    STATUS.MALFORMED,
  ]);
  expect(replica.state.table.keys).toBe(1);
});

test('a configuration entry changes the membership and nothing else', () => {
  const replica = Replica.formed();
  const learner = { id: 2 as NodeId, store: 'f'.repeat(32) as StoreId };
  const next: Configuration = { ...CONFIGURATION, learners: [learner] };
  replica.apply(configurationEntry(2, 3, next));
  expect(replica.state.configuration).toEqual(next);
  expect(replica.state.revision).toBe(0);
  expect(dump(replica.restored().state)).toEqual(dump(replica.state));
});

describe('the chain', () => {
  const chainOf = (entries: readonly Uint8Array[]): string => {
    const replica = Replica.formed();
    for (const entry of entries) replica.apply(entry);
    return `${replica.state.chainHigh} ${replica.state.chainLow}`;
  };

  test('differs for any difference in entries, and is the same for the same log', () => {
    const one = commandsEntry(2, 5, [put('a', '1')]);
    const chains = [
      chainOf([one]),
      chainOf([commandsEntry(2, 6, [put('a', '1')])]),
      chainOf([commandsEntry(2, 5, [put('a', '2')])]),
      chainOf([commandsEntry(2, 5, [])]),
      chainOf([one, commandsEntry(3, 5, [])]),
    ];
    expect(new Set(chains).size).toBe(chains.length);
    expect(chainOf([one])).toBe(chains[0]);
  });

  test('shows that a replica held something else before, by its outcome', () => {
    const same = Replica.formed();
    const other = Replica.formed();
    const key = new Uint8Array([0x61]);
    same.one(put('a', '1'));
    other.one(put('a', '1'));
    // Damage what no entry would: the other replica has lost the key.
    other.state.table.locate(key, 0, 1);
    other.state.table.remove();
    const later = commandsEntry(3, 0, [put('b', '2')]);
    same.apply(later);
    other.apply(later);
    expect(other.state.chainLow).not.toBe(same.state.chainLow);
  });
});

test('the digest is of the content alone: other ways to the same content give the same', () => {
  const left = Replica.formed();
  const right = Replica.formed();
  left.run([put('a', '1'), put('b', '2'), put('c', '3')]);
  right.run([put('x', 'x'), put('b', '2'), put('c', '3')]);
  right.run([{ operation: 2, key: new Uint8Array([0x78]) }]);
  expect(contentDigest(right.state)).not.toEqual(contentDigest(left.state));
  left.run([{ operation: 2, key: new Uint8Array([0x61]) }]);
  expect(contentDigest(right.state)).toEqual(contentDigest(left.state));
});

test('the scrub stops the node when a value was damaged in memory', () => {
  const replica = Replica.formed();
  replica.run(Array.from({ length: 50 }, (_, n) => put(`k${n}`, `value ${n}`)));
  const { table, slab } = replica.state;
  replica.step({ kind: 'background', budget: 1000 });
  table.locate(new Uint8Array([0x6b, 0x37]), 0, 2);
  slab.bytesAt(table.address)[slab.offsetAt(table.address) + 20]! ^= 1;
  expect(() => {
    for (let turn = 0; turn < 10; turn++) replica.step({ kind: 'background', budget: 20 });
  }).toThrow('state-hash');
});
