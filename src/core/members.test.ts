import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, fromHex, toHex } from '../base/bytes.ts';
import { nodeId, type StoreId } from '../base/units.ts';
import {
  allMembers,
  compareMembers,
  decodeConfiguration,
  encodeConfiguration,
  includesMember,
  isJoint,
  isVoter,
  MEMBERS_MAX,
  putMember,
  readMember,
  sameMember,
} from './members.ts';
import type { Configuration, Member } from './types.ts';

/** A member whose store is one byte, sixteen times. */
function member(id: number, store: string): Member {
  return { id: nodeId(id), store: store.repeat(16) as StoreId };
}

const configuration = (
  voters: readonly Member[],
  outgoing: readonly Member[] = [],
  learners: readonly Member[] = [],
): Configuration => ({ voters, outgoing, learners });

const decode = (bytes: Uint8Array): Configuration | null =>
  decodeConfiguration(bytes, 0, bytes.length);

const hex = (...lines: string[]): string => lines.join('').replaceAll(' ', '');

const anyMember = fc
  .record({ id: fc.integer({ min: 1, max: 9 }), store: fc.constantFrom('0a', '5c', 'f0') })
  .map(({ id, store }) => member(id, store));
const uniqueIds = (min: number): fc.Arbitrary<Member[]> =>
  fc.uniqueArray(anyMember, { minLength: min, maxLength: 5, selector: ({ id }) => id });
const anyConfiguration = fc
  .record({
    voters: uniqueIds(1),
    outgoing: uniqueIds(0),
    learners: fc.uniqueArray(anyMember, { maxLength: 5, comparator: sameMember }),
  })
  .map(({ voters, outgoing, learners }) =>
    configuration(
      voters,
      outgoing,
      learners.filter((learner) => !includesMember(voters, learner)),
    ),
  );

describe('a configuration in bytes', () => {
  test('of two voters, given out of order', () => {
    const bytes = encodeConfiguration(configuration([member(2, '22'), member(1, '11')]));
    expect(toHex(bytes)).toBe(
      hex(
        '0200 0000 0000 0000',
        '0100 0000 00000000 11111111111111111111111111111111',
        '0200 0000 00000000 22222222222222222222222222222222',
      ),
    );
  });

  test('in a joint state: node 2 comes back with another store, node 9 learns', () => {
    const joint = configuration(
      [member(1, '11'), member(2, '33')],
      [member(1, '11'), member(2, '22')],
      [member(9, '99')],
    );
    expect(toHex(encodeConfiguration(joint))).toBe(
      hex(
        '0200 0200 0100 0000',
        '0100 0000 00000000 11111111111111111111111111111111',
        '0200 0000 00000000 33333333333333333333333333333333',
        '0100 0000 00000000 11111111111111111111111111111111',
        '0200 0000 00000000 22222222222222222222222222222222',
        '0900 0000 00000000 99999999999999999999999999999999',
      ),
    );
    expect(decode(encodeConfiguration(joint))).toEqual(joint);
  });

  test('comes back sorted, at any offset, and has one encoding only', () => {
    fc.assert(
      fc.property(anyConfiguration, fc.nat(9), (before, at) => {
        const bytes = encodeConfiguration(before);
        expect(bytes.length % 8).toBe(0);
        const shifted = concatBytes([new Uint8Array(at).fill(0xee), bytes]);
        const after = decodeConfiguration(shifted, at, shifted.length);
        expect(after).toEqual({
          voters: [...before.voters].sort(compareMembers),
          outgoing: [...before.outgoing].sort(compareMembers),
          learners: [...before.learners].sort(compareMembers),
        });
        expect(toHex(encodeConfiguration(after!))).toBe(toHex(bytes));
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('that was altered, cut or lengthened is refused, or is the one encoding of another', () => {
    const alteration = fc.record({ at: fc.nat(), byte: fc.nat(255), cut: fc.integer() });
    fc.assert(
      fc.property(anyConfiguration, alteration, (before, { at, byte, cut }) => {
        const bytes = encodeConfiguration(before);
        bytes[at % bytes.length] = byte;
        const after = decode(bytes);
        if (after !== null) expect(toHex(encodeConfiguration(after))).toBe(toHex(bytes));
        const end = Math.abs(cut) % bytes.length;
        expect(decodeConfiguration(bytes, 0, end)).toBeNull();
        expect(decode(concatBytes([bytes, new Uint8Array(1 + (end % 30))]))).toBeNull();
      }),
      { seed: 1, numRuns: 1000 },
    );
  });

  test('that is noise never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (noise) => {
        const found = decode(noise);
        if (found !== null) expect(toHex(encodeConfiguration(found))).toBe(toHex(noise));
      }),
      { seed: 1, numRuns: 1000 },
    );
  });

  const m1 = '0100000000000000 11111111111111111111111111111111';
  const m1other = '0100000000000000 22222222222222222222222222222222';
  const m2 = '0200000000000000 22222222222222222222222222222222';
  test.each([
    ['no voter', '0000 0000 0000 0000'],
    ['no voter but a learner', `0000 0000 0100 0000 ${m1}`],
    ['voters out of order', `0200 0000 0000 0000 ${m2} ${m1}`],
    ['a voter twice', `0200 0000 0000 0000 ${m1} ${m1}`],
    ['two stores of one id among the voters', `0200 0000 0000 0000 ${m1} ${m1other}`],
    ['a voter that also learns', `0100 0000 0100 0000 ${m1} ${m1}`],
    ['node 0', `0100 0000 0000 0000 ${m1.replace('01', '00')}`],
    ['a member’s padding that is not zero', `0100 0000 0000 0000 ${m1.replace('0000', '0001')}`],
    ['a head’s padding that is not zero', `0100 0000 0000 0100 ${m1}`],
  ])('with %s is refused', (_name, text) => {
    expect(decode(fromHex(hex(text)))).toBeNull();
  });

  test('holds at most MEMBERS_MAX in a list', () => {
    const many = Array.from({ length: MEMBERS_MAX }, (_, at) => member(at + 1, '11'));
    expect(decode(encodeConfiguration(configuration(many)))!.voters).toHaveLength(MEMBERS_MAX);
    const tooMany = configuration([...many, member(MEMBERS_MAX + 1, '11')]);
    expect(() => encodeConfiguration(tooMany)).toThrow('ill-formed');
  });

  test('that breaks a rule is never written: it would be ours', () => {
    const one = member(1, '11');
    expect(() => encodeConfiguration(configuration([]))).toThrow('ill-formed');
    expect(() => encodeConfiguration(configuration([one, one]))).toThrow('ill-formed');
    expect(() => encodeConfiguration(configuration([one], [], [one]))).toThrow('ill-formed');
    expect(() => encodeConfiguration(configuration([member(0, '11')]))).toThrow('id');
    expect(() => encodeConfiguration(configuration([member(65536, '11')]))).toThrow('id');
    const shortStore: Member = { id: nodeId(1), store: '1111' as StoreId };
    expect(() => encodeConfiguration(configuration([shortStore]))).toThrow('store');
  });
});

describe('one member in bytes', () => {
  test('comes back; node 0, padding or a cut is refused', () => {
    const bytes = new Uint8Array(26);
    putMember(bytes, 1, member(65535, 'ab'));
    expect(readMember(bytes, 1, 25)).toEqual(member(65535, 'ab'));
    expect(readMember(bytes, 1, 24)).toBeNull();
    expect(readMember(new Uint8Array(24), 0, 24)).toBeNull();
  });
});

describe('members', () => {
  const old = configuration([member(1, '11'), member(2, '22')]);
  const joint = configuration(
    [member(2, '33'), member(1, '11')],
    [member(1, '11'), member(2, '22')],
    [member(9, '99')],
  );

  test('are the same only with the same store', () => {
    expect(sameMember(member(1, '11'), member(1, '11'))).toBe(true);
    expect(sameMember(member(1, '11'), member(1, '22'))).toBe(false);
    expect(sameMember(member(1, '11'), member(2, '11'))).toBe(false);
  });

  test('sort by id as a number, then by store', () => {
    const sorted = [member(1, '11'), member(1, '22'), member(2, '00'), member(10, '00')];
    expect([...sorted].reverse().sort(compareMembers)).toEqual(sorted);
    expect(compareMembers(member(1, '11'), member(1, '11'))).toBe(0);
  });

  test('vote in either half of a joint state, under their own store only', () => {
    expect(isJoint(old)).toBe(false);
    expect(isJoint(joint)).toBe(true);
    expect(isVoter(joint, member(2, '22'))).toBe(true);
    expect(isVoter(joint, member(2, '33'))).toBe(true);
    expect(isVoter(old, member(2, '33'))).toBe(false);
    expect(isVoter(joint, member(9, '99'))).toBe(false);
  });

  test('are listed once each, sorted, whatever lists they are in', () => {
    const everyone = [member(1, '11'), member(2, '22'), member(2, '33'), member(9, '99')];
    expect(allMembers(joint)).toEqual(everyone);
  });
});
