/**
 * What logs may never contradict.
 *
 * 1. log-matching: entries of one index and term are one entry, and so are all before them. Each
 *    entry is compared with the first of its index and term that was seen anywhere, and so is the
 *    term of the entry before it; the rest follows by induction.
 * 2. committed-immutable: what a store knew to be committed does not leave its log from the end.
 * 3. state-machine-safety: what a log holds stays what it was when it came in: nobody writes over its
 *    bytes before they are applied.
 *
 * A look costs what has changed: entries are compared by identity, from the end.
 */
import { getU32 } from '../../../src/base/bytes.ts';
import type { LogIndex } from '../../../src/base/units.ts';
import { entryTerm } from '../../../src/core/entry.ts';
import { includesMember } from '../../../src/core/members.ts';
import { configurationOf } from '../../../src/core/raft/configurations.ts';
import type { RaftState } from '../../../src/core/raft/state.ts';
import type { Configuration } from '../../../src/core/types.ts';
import type { Held } from './commits.ts';
import type { GroupRecord, Scene, StoreRecord } from './records.ts';
import { violate } from './violate.ts';

const HEADER_CRC_AT = 44;
const WATCHED_ENTRIES = 8;

export const crcOf = (entry: Uint8Array): number => getU32(entry, HEADER_CRC_AT);

/** Brings the store's record up to what its log holds now. */
export function checkLog(scene: Scene): void {
  const { store, raft } = scene;
  const { log } = raft;
  if (store.seenBase !== log.baseIndex) rebase(scene);
  const { seen } = store;
  const { entries } = log;
  let agreed = Math.min(seen.length, entries.length);
  while (agreed > 0 && seen[agreed - 1] !== entries[agreed - 1]) agreed--;
  if (agreed < seen.length) forgetFrom(store, agreed);
  checkUnchanged(store);
  for (let at = agreed; at < entries.length; at++) {
    const before = at === 0 ? log.baseTerm : entryTerm(entries[at - 1]!);
    learn(scene, entries[at]!, log.baseIndex + at + 1, before);
  }
}

/** The newest entries: those that are still to be sent, written and applied. */
function checkUnchanged({ seen, seenCrcs, seenBase }: StoreRecord): void {
  for (let at = Math.max(0, seen.length - WATCHED_ENTRIES); at < seen.length; at++) {
    if (crcOf(seen[at]!) === seenCrcs[at]) continue;
    violate('state-machine-safety', `entry ${seenBase + at + 1} has changed in memory`);
  }
}

/** The log was compacted, or starts behind a snapshot. */
function rebase({ store, group, raft }: Scene): void {
  const { baseIndex } = raft.log;
  const dropped = baseIndex - store.seenBase;
  if (dropped > 0 && dropped < store.seen.length) {
    store.seen.splice(0, dropped);
    store.seenCrcs.splice(0, dropped);
  } else {
    store.seen = [];
    store.seenCrcs = [];
  }
  store.seenBase = baseIndex;
  const kept = store.seen.length > 0 ? store.configurations : [];
  const above = kept.filter(({ index }) => index > baseIndex);
  const base = group.configurations.findLast(({ index }) => index <= baseIndex);
  store.configurations = base === undefined ? above : [base, ...above];
  if (base !== undefined) checkBase(raft, base.configuration);
}

/** election-safety: what is in force at the base of a log is what was committed there. */
function checkBase(
  { configurations, log, isQuarantined }: RaftState,
  committed: Configuration,
): void {
  const held = configurations.findLast(({ index }) => index <= log.baseIndex);
  // Who has lost its state does not know what it was.
  if (held === undefined || isQuarantined) return;
  const isSame = (['voters', 'outgoing', 'learners'] as const).every((half) => {
    const [left, right] = [held.configuration[half], committed[half]];
    return left.length === right.length && left.every((one) => includesMember(right, one));
  });
  if (!isSame) violate('election-safety', `other members are in force at ${log.baseIndex}`);
}

function forgetFrom(store: StoreRecord, count: number): void {
  const from = store.seenBase + count + 1;
  if (from <= store.commit) violate('committed-immutable', `entry ${from} was committed, and left`);
  store.seen.length = count;
  store.seenCrcs.length = count;
  while ((store.configurations.at(-1)?.index ?? 0) >= from) store.configurations.pop();
}

function learn(scene: Scene, entry: Uint8Array, index: number, before: number): void {
  const { store, group } = scene;
  if (index === 1 && isUnfounded(scene)) group.entries.delete(placeOf(1, entryTerm(entry)));
  store.seen.push(entry);
  store.seenCrcs.push(crcOf(entry));
  checkMatching(group, entry, index, before);
  const configuration = configurationOf(entry);
  if (configuration === null) return;
  store.configurations.push({ index: index as LogIndex, configuration });
}

/** Nobody's disk has held a first entry: a founder that lost its own founds anew, with another one. */
function isUnfounded({ stores, store }: Scene): boolean {
  return [...stores.values()].every(
    ({ claimBase, claims, seen, name }) =>
      claimBase + claims.length === 0 && (name === store.name || seen.length === 0),
  );
}

/** One number for both: a text would be made, and hashed, for each entry on each node. */
const placeOf = (index: number, term: number): number => term * 0x1_0000_0000 + index;

function checkMatching(
  group: GroupRecord,
  entry: Uint8Array,
  index: number,
  previousTerm: number,
): void {
  const term = entryTerm(entry);
  const key = placeOf(index, term);
  const crc = crcOf(entry);
  const known = group.entries.get(key);
  if (known === undefined) group.entries.set(key, { crc, previousTerm });
  else if (known.crc !== crc) violate('log-matching', `two entries at ${index} of term ${term}`);
  else if (known.previousTerm !== previousTerm) {
    violate('log-matching', `before entry ${index} of term ${term} logs differ`);
  }
}

/** What a disk holds beyond what it was said to hold: nothing comes back behind another history. */
export function checkUnclaimed(group: GroupRecord, store: StoreRecord, held: Held): void {
  const { claimBase, claims } = store;
  const first = Math.max(claimBase + claims.length, held.baseIndex) + 1;
  for (let index = first; index <= held.lastIndex; index++) {
    const term = held.termAt(index);
    const before = held.termAt(index - 1);
    if (term === null || before === null) continue;
    const known = group.entries.get(placeOf(index, term))?.previousTerm ?? before;
    if (known === before && before <= term) continue;
    violate('log-matching', `entry ${index} of term ${term} is back, behind one of term ${before}`);
  }
}
