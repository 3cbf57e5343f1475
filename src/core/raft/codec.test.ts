/** Raft messages as bytes, and the worked bytes of docs/formats/raft-message.md. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, fromHex, putU32, putU64, toHex } from '../../base/bytes.ts';
import { newPrng, nextBelow } from '../../base/prng.ts';
import { type GroupId, type LogIndex, term } from '../../base/units.ts';
import { ENTRY_KIND, encodeEntry } from '../entry.ts';
import { encodeMessage, MESSAGE_TYPE, messageBytes, readMessage } from './codec.ts';
import type { Append, AppendReply, Message } from './message.ts';
import { madeEntry, memberOf } from './testing/fixture.ts';

const [from, to] = [memberOf(1), memberOf(2)];
const SOURCE = { from, to, group: 0 as GroupId };
const U64_MAX = Number.MAX_SAFE_INTEGER;

function bytesOf(message: Message): Uint8Array {
  return concatBytes(encodeMessage(message));
}

function decode(type: number, bytes: Uint8Array, group = 0): Message | null {
  const source = { ...SOURCE, group: group as GroupId };
  return readMessage(type, source, bytes, { at: 0, end: bytes.length });
}

const word = fc.integer({ min: 0, max: U64_MAX }) as fc.Arbitrary<never>;
const envelope = { from: fc.constant(from), to: fc.constant(to), term: word };
const log = { lastIndex: word, lastTerm: word };

/** Entries that follow each other, in terms that do not fall. */
const appends: fc.Arbitrary<Append> = fc
  .record({
    previousIndex: fc.integer({ min: 0, max: 2 ** 40 }),
    terms: fc.array(fc.integer({ min: 1, max: 1000 }), { maxLength: 5 }),
    previousTerm: fc.constantFrom(0, 1),
    rest: fc.record({ commitIndex: word, round: word, clock: word }),
  })
  .map(({ previousIndex, terms, previousTerm, rest }) => ({
    type: 'append',
    from,
    to,
    term: term(1000),
    previousIndex: previousIndex as LogIndex,
    previousTerm: term(previousTerm),
    ...rest,
    entries: [...terms]
      .sort((left, right) => left - right)
      .map((own, at) => madeEntry(previousIndex + 1 + at, own)),
  }));

const messages: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ type: fc.constant('pre-vote' as const), ...envelope, askedTerm: word, ...log }),
  fc.record({
    type: fc.constant('pre-vote-reply' as const),
    ...envelope,
    askedTerm: word,
    granted: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('vote' as const),
    ...envelope,
    ...log,
    isTransfer: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('vote-reply' as const),
    ...envelope,
    granted: fc.boolean(),
    wall: word,
  }),
  fc.record({
    type: fc.constant('append-reply' as const),
    ...envelope,
    round: word,
    accepted: fc.boolean(),
    matchIndex: word,
    rejectedIndex: word,
    hintIndex: word,
    hintTerm: word,
    durability: fc.constantFrom('unsafe' as const, 'durable' as const, 'strict' as const),
    wall: word,
  }),
  fc.record({ type: fc.constant('timeout-now' as const), ...envelope }),
  appends,
);

describe('encoding', () => {
  test('what was written is what is read, and messageBytes tells its size', () => {
    const check = (message: Message): void => {
      const bytes = bytesOf(message);
      expect(bytes.length).toBe(messageBytes(message));
      expect(bytes.length % 8).toBe(0);
      expect(decode(MESSAGE_TYPE[message.type], bytes)).toEqual(message);
    };
    fc.assert(fc.property(messages, check), { seed: 11, numRuns: 1000 });
  });

  test('a message that is longer or shorter by a word is none', () => {
    const check = (message: Message): void => {
      const bytes = bytesOf(message);
      const type = MESSAGE_TYPE[message.type];
      expect(decode(type, bytes.subarray(0, bytes.length - 8))).toBe(null);
      expect(decode(type, concatBytes([bytes, new Uint8Array(8)]))).toBe(null);
    };
    fc.assert(fc.property(messages, check), { seed: 12, numRuns: 300 });
  });

  test('100,000 bodies of noise, and of messages with a few bytes changed, never throw', () => {
    const prng = newPrng([2024]);
    const samples = fc.sample(messages, { seed: 13, numRuns: 200 }).map(bytesOf);
    let read = 0;
    for (let n = 0; n < 100_000; n++) {
      const sample = samples[n % samples.length]!;
      const isNoise = n % 4 === 0;
      const bytes = isNoise ? new Uint8Array(nextBelow(prng, 20) * 4) : sample.slice();
      const changes = isNoise ? bytes.length : 1 + nextBelow(prng, 3);
      for (let change = 0; change < changes && bytes.length > 0; change++) {
        bytes[nextBelow(prng, bytes.length)] = nextBelow(prng, 256);
      }
      if (decode(nextBelow(prng, 10), bytes) !== null) read++;
    }
    expect(read).toBeGreaterThan(1000);
  });
});

describe('what is refused', () => {
  const append = (part: Partial<Append>): Append => ({
    type: 'append',
    from,
    to,
    term: term(3),
    previousIndex: 4 as LogIndex,
    previousTerm: term(2),
    commitIndex: 4 as LogIndex,
    round: 0,
    clock: 0,
    entries: [],
    ...part,
  });
  const read = (message: Append, group = 0) => decode(MESSAGE_TYPE.append, bytesOf(message), group);

  test('entries that do not follow each other, or the one they stand behind', () => {
    expect(read(append({ entries: [madeEntry(5, 2), madeEntry(6, 3)] }))).not.toBe(null);
    expect(read(append({ entries: [madeEntry(6, 2)] }))).toBe(null);
    expect(read(append({ entries: [madeEntry(5, 2), madeEntry(7, 2)] }))).toBe(null);
    expect(read(append({ entries: [madeEntry(5, 3), madeEntry(6, 2)] }))).toBe(null);
  });

  test('terms that fall behind the entry before, or rise above the sender’s', () => {
    expect(read(append({ entries: [madeEntry(5, 1)] }))).toBe(null);
    expect(read(append({ entries: [madeEntry(5, 4)] }))).toBe(null);
  });

  test('entries of another group', () => {
    const head = { kind: ENTRY_KIND.COMMANDS, stamp: 0, count: 0, index: 5 as LogIndex };
    const entry = encodeEntry({ ...head, group: 1 as GroupId, term: term(2) }, new Uint8Array(0));
    expect(read(append({ entries: [entry] }))).toBe(null);
    expect(read(append({ entries: [entry] }), 1)).not.toBe(null);
  });

  test('a damaged entry: its head or its body', () => {
    const head = { kind: ENTRY_KIND.COMMANDS, stamp: 0, count: 0, index: 5 as LogIndex };
    const whole = encodeEntry({ ...head, group: 0 as GroupId, term: term(2) }, new Uint8Array(16));
    for (let at = 0; at < whole.length; at++) {
      const entry = whole.slice();
      entry[at]! ^= 1;
      expect(read(append({ entries: [entry] })), `byte ${at}`).toBe(null);
    }
  });

  test('a count that is not the number of entries', () => {
    const bytes = bytesOf(append({ entries: [madeEntry(5, 2)] }));
    for (const count of [0, 2, 0xffff_ffff]) {
      putU32(bytes, 48, count);
      expect(decode(MESSAGE_TYPE.append, bytes)).toBe(null);
    }
  });

  test('numbers beyond 2^53 - 1, wherever they stand, and unknown durabilities and types', () => {
    const reply = fc.sample(messages, { seed: 14, numRuns: 100 });
    for (const type of ['pre-vote', 'vote', 'append-reply', 'timeout-now'] as const) {
      const message = reply.find((candidate) => candidate.type === type)!;
      const bytes = bytesOf(message);
      const words = type === 'vote' ? 3 : bytes.length / 8;
      for (let at = 0; at < words; at++) {
        if (type === 'append-reply' && at === 2) continue;
        const large = bytes.slice();
        putU64(large, at * 8, U64_MAX);
        large[at * 8 + 6]! |= 0x20;
        expect(decode(MESSAGE_TYPE[type], large), `${type} word ${at}`).toBe(null);
      }
    }
    const unsure = bytesOf(reply.find((m): m is AppendReply => m.type === 'append-reply')!);
    putU32(unsure, 20, 3);
    expect(decode(MESSAGE_TYPE['append-reply'], unsure)).toBe(null);
    expect(decode(0, new Uint8Array(8))).toBe(null);
    expect(decode(8, new Uint8Array(8))).toBe(null);
    expect(decode(7, new Uint8Array(0))).toBe(null);
  });
});

describe('docs/formats/raft-message.md', () => {
  const page = readFileSync(
    new URL('../../../docs/formats/raft-message.md', import.meta.url),
    'utf8',
  );
  const blocks = [...page.matchAll(/```raft (\S+)\n([^`]*)```/g)];

  /** The messages that the page spells out. */
  const WORKED: Record<Message['type'], Message> = {
    'pre-vote': {
      type: 'pre-vote',
      from,
      to,
      term: term(3),
      askedTerm: term(4),
      lastIndex: 42 as LogIndex,
      lastTerm: term(3),
    },
    'pre-vote-reply': {
      type: 'pre-vote-reply',
      from,
      to,
      term: term(3),
      askedTerm: term(4),
      granted: true,
    },
    vote: {
      type: 'vote',
      from,
      to,
      term: term(4),
      lastIndex: 42 as LogIndex,
      lastTerm: term(3),
      isTransfer: false,
    },
    'vote-reply': {
      type: 'vote-reply',
      from,
      to,
      term: term(4),
      granted: true,
      wall: 1_700_000_000_000,
    },
    append: {
      type: 'append',
      from,
      to,
      term: term(4),
      previousIndex: 42 as LogIndex,
      previousTerm: term(3),
      commitIndex: 41 as LogIndex,
      round: 7,
      clock: 1_700_000_000_000,
      entries: [madeEntry(43, 4)],
    },
    'append-reply': {
      type: 'append-reply',
      from,
      to,
      term: term(4),
      round: 7,
      accepted: true,
      matchIndex: 43 as LogIndex,
      rejectedIndex: 0 as LogIndex,
      hintIndex: 0 as LogIndex,
      hintTerm: term(0),
      durability: 'durable',
      wall: 1_700_000_000_005,
    },
    'timeout-now': { type: 'timeout-now', from, to, term: term(4) },
  };

  test('spells out every type of message', () => {
    expect(blocks.map(([, type]) => type)).toEqual(Object.keys(WORKED));
  });

  test.each(Object.values(WORKED))('the bytes of $type', (message) => {
    const block = blocks.find(([, type]) => type === message.type);
    const hex = block![2]!
      .split('\n')
      .map((line) => line.slice(4).split(/ {3,}/)[0]!.replaceAll(' ', ''))
      .join('');
    expect(toHex(bytesOf(message))).toBe(hex);
    expect(decode(MESSAGE_TYPE[message.type], fromHex(hex))).toEqual(message);
  });
});
