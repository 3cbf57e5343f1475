/**
 * Members and configurations: the body of an entry of kind CONFIGURATION, and part of others.
 *
 *   configuration                         member, 24 bytes
 *   0  u16 voters                         0  u16 node id, 1…65535
 *   2  u16 outgoing                       2  u16 zero
 *   4  u16 learners                       4  u32 zero
 *   6  u16 zero                           8  16 bytes store id
 *   8  voters, outgoing, learners
 *
 * 1. One configuration has one encoding: lists are sorted by (id, store), nothing is repeated,
 *    padding is zero. Replicas can compare the bytes.
 * 2. An id appears once among the voters and once among the outgoing ones: a node votes once in
 *    each majority. Between the two its store may differ: that is a replacement. Learners may share
 *    an id with anyone of another store, but none of them is a voter.
 * 3. There is a voter; a decision of nobody would be no decision.
 *
 * Decoding trusts nothing and answers null; encoding asserts, since what it gets is ours.
 */
import { assert } from '../base/assert.ts';
import { getU16, getU32, putHex, putU16, putU32, toHex } from '../base/bytes.ts';
import type { NodeId, StoreId } from '../base/units.ts';
import type { Configuration, Member } from './types.ts';

export const MEMBER_BYTES = 24;
/** Of each list. A vote of more nodes than this would not be fast enough to be of use. */
export const MEMBERS_MAX = 64;
const HEAD_BYTES = 8;
const STORE_BYTES = 16;

export function sameMember(left: Member, right: Member): boolean {
  return left.id === right.id && left.store === right.store;
}

/** Order by id, then store: negative, zero or positive. */
export function compareMembers(left: Member, right: Member): number {
  if (left.id !== right.id) return left.id - right.id;
  return left.store < right.store ? -1 : left.store > right.store ? 1 : 0;
}

export function includesMember(members: readonly Member[], member: Member): boolean {
  return members.some((other) => sameMember(other, member));
}

/** Whether decisions need two majorities. */
export function isJoint(configuration: Configuration): boolean {
  return configuration.outgoing.length > 0;
}

/** Whether the member's vote counts in at least one majority. */
export function isVoter(configuration: Configuration, member: Member): boolean {
  return (
    includesMember(configuration.voters, member) || includesMember(configuration.outgoing, member)
  );
}

/** Everyone who gets the log, each once, sorted. */
export function allMembers(configuration: Configuration): Member[] {
  const { voters, outgoing, learners } = configuration;
  const sorted = [...voters, ...outgoing, ...learners].sort(compareMembers);
  return sorted.filter((member, at) => at === 0 || !sameMember(member, sorted[at - 1]!));
}

/** Writes `member` into 24 bytes at `at`. */
export function putMember(bytes: Uint8Array, at: number, member: Member): void {
  assert(member.store.length === 2 * STORE_BYTES, 'internal', 'store id is not 16 bytes');
  assert(member.id >= 1 && member.id <= 0xffff, 'internal', 'node id out of range');
  putU16(bytes, at, member.id);
  putU16(bytes, at + 2, 0);
  putU32(bytes, at + 4, 0);
  putHex(bytes, at + 8, member.store);
}

/** The member in the 24 bytes at `at`, or null: malformed, or not within `end`. */
export function readMember(bytes: Uint8Array, at: number, end: number): Member | null {
  if (end - at < MEMBER_BYTES) return null;
  const id = getU16(bytes, at);
  if (id === 0 || getU16(bytes, at + 2) !== 0 || getU32(bytes, at + 4) !== 0) return null;
  const store = toHex(bytes.subarray(at + 8, at + MEMBER_BYTES));
  return { id: id as NodeId, store: store as StoreId };
}

/** The one encoding of `configuration`, whose lists may come in any order. */
export function encodeConfiguration(configuration: Configuration): Uint8Array {
  const voters = [...configuration.voters].sort(compareMembers);
  const outgoing = [...configuration.outgoing].sort(compareMembers);
  const learners = [...configuration.learners].sort(compareMembers);
  assert(isWellFormed({ voters, outgoing, learners }), 'internal', 'configuration ill-formed');
  const members = [...voters, ...outgoing, ...learners];
  const bytes = new Uint8Array(HEAD_BYTES + members.length * MEMBER_BYTES);
  putU16(bytes, 0, voters.length);
  putU16(bytes, 2, outgoing.length);
  putU16(bytes, 4, learners.length);
  members.forEach((member, slot) => {
    putMember(bytes, HEAD_BYTES + slot * MEMBER_BYTES, member);
  });
  return bytes;
}

/** The configuration that fills bytes [at, end) exactly, or null. */
export function decodeConfiguration(
  bytes: Uint8Array,
  at: number,
  end: number,
): Configuration | null {
  if (end - at < HEAD_BYTES || getU16(bytes, at + 6) !== 0) return null;
  const voterCount = getU16(bytes, at);
  const outgoingCount = getU16(bytes, at + 2);
  const count = voterCount + outgoingCount + getU16(bytes, at + 4);
  if (end - at !== HEAD_BYTES + count * MEMBER_BYTES) return null;
  const members: Member[] = [];
  for (let slot = 0; slot < count; slot++) {
    const member = readMember(bytes, at + HEAD_BYTES + slot * MEMBER_BYTES, end);
    if (member === null) return null;
    members.push(member);
  }
  const configuration: Configuration = {
    voters: members.slice(0, voterCount),
    outgoing: members.slice(voterCount, voterCount + outgoingCount),
    learners: members.slice(voterCount + outgoingCount),
  };
  return isWellFormed(configuration) ? configuration : null;
}

/** Rules 1 to 3, for lists that are already in order. */
function isWellFormed({ voters, outgoing, learners }: Configuration): boolean {
  if (voters.length === 0) return false;
  if (!isAscending(voters) || !isAscending(outgoing) || !isAscending(learners)) return false;
  if (hasRepeatedId(voters) || hasRepeatedId(outgoing)) return false;
  return !learners.some((learner) => includesMember(voters, learner));
}

function isAscending(members: readonly Member[]): boolean {
  if (members.length > MEMBERS_MAX) return false;
  return members.every((member, at) => at === 0 || compareMembers(members[at - 1]!, member) < 0);
}

function hasRepeatedId(members: readonly Member[]): boolean {
  return members.some((member, at) => at > 0 && members[at - 1]!.id === member.id);
}
