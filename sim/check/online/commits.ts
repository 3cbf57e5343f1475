/**
 * What is committed, and by whose disks.
 *
 * 1. state-machine-safety: an index is committed with one entry, on whatever node.
 * 2. durable-quorum: when an index is first seen committed, a quorum of the configuration in that
 *    node's log holds it durably; a leader takes no store to hold more than it does, or than it has
 *    said in this term; and what a store once held durably is there when it comes back.
 * 3. leader-completeness: what a leader finds to be committed is an entry of its own term.
 * 4. monotonic: within an office, what is known to match does not fall.
 */
import type { LogIndex } from '../../../src/base/units.ts';
import { entryTerm } from '../../../src/core/entry.ts';
import { configurationOf } from '../../../src/core/raft/configurations.ts';
import { entryAt, lastIndex, termAt } from '../../../src/core/raft/log.ts';
import type { LeaderState, RaftState } from '../../../src/core/raft/state.ts';
import { crcOf } from './logs.ts';
import { isQuorum } from './quorum.ts';
import {
  configurationInForce,
  type GroupRecord,
  holds,
  nameOf,
  type Scene,
  type StoreRecord,
} from './records.ts';
import { violate } from './violate.ts';

/**
 * What the store says is durable now: the record follows its log, from the end. To be called while
 * the record still shows the log of the last look.
 */
export function noteClaims({ store, raft }: Scene): void {
  const { log, durableIndex } = raft;
  const { claims } = store;
  const isBaseDurable = log.baseTicket <= raft.durableTicket;
  // Until the mark of a new base is durable, what was there before stands for it.
  if (isBaseDurable && store.claimBase !== log.baseIndex) {
    claims.splice(0, Math.max(0, log.baseIndex - store.claimBase));
    store.claimBase = log.baseIndex;
  }
  const count = Math.max(0, durableIndex - store.claimBase);
  if (claims.length > count) claims.length = count;
  let index = store.claimBase + claims.length;
  while (index > Math.max(log.baseIndex, store.claimBase)) {
    if (claims.at(-1) === termAt(log, index as LogIndex)) break;
    claims.pop();
    index--;
  }
  for (; index < durableIndex; index++) {
    const term = termOf(store, raft, index + 1);
    // Behind a leader's snapshot that is not durable yet: its log held what the snapshot covers, or
    // nothing behind that could be durable before the mark is.
    const isCovered = !isBaseDurable && durableIndex > log.baseIndex;
    if (term === null && !isCovered) break;
    claims.push(term ?? ANY_TERM);
  }
}

/** Of an entry that is durable in whatever form: memory does not tell any more which it is. */
const ANY_TERM = 0;

/** Of an entry that the log holds, or has given up for a snapshot of its own since the last look. */
function termOf(store: StoreRecord, { log }: RaftState, index: number): number | null {
  if (index > log.baseIndex) return termAt(log, index as LogIndex);
  // What a snapshot of its own covers has been applied, so it was durable before.
  if (index > store.durable) return null;
  const { seen, seenBase } = store;
  const last = seen[log.baseIndex - seenBase - 1];
  if (last === undefined || entryTerm(last) !== log.baseTerm) return null;
  const entry = seen[index - seenBase - 1];
  return entry === undefined ? null : entryTerm(entry);
}

/** A log as it was found: entries (baseIndex, lastIndex], of which those at the end may be gone. */
export interface Held {
  readonly baseIndex: number;
  readonly lastIndex: number;
  readonly termAt: (index: number) => number | null;
}

export const heldIn = ({ log }: RaftState): Held => ({
  baseIndex: log.baseIndex,
  lastIndex: lastIndex(log),
  termAt: (index) => termAt(log, index as LogIndex),
});

/** What was found of a store must hold what it had claimed to hold. */
export function checkClaims({ claimBase, claims }: StoreRecord, held: Held): void {
  if (held.lastIndex < claimBase) violate('durable-quorum', `nothing is left up to ${claimBase}`);
  for (let at = 0; at < claims.length; at++) {
    const index = claimBase + 1 + at;
    if (index <= held.baseIndex) continue;
    const term = held.termAt(index);
    if (term === null) violate('durable-quorum', `entry ${index} was durable and is lost`);
    if (claims[at] === ANY_TERM) continue;
    // A newer entry may have replaced it since the last look.
    if (term < claims[at]!) violate('durable-quorum', `entry ${index} went back in time`);
    if (term > claims[at]!) break;
  }
}

/** By counting a leader commits entries of its own term only, and older ones with them (§3.6.2). */
function checkCounted({ store, raft }: Scene): void {
  const { leading, commitIndex, log } = raft;
  const { looked } = store;
  const isInOffice = leading !== null && looked.leading === leading;
  looked.leading = leading;
  // Behind a base that it was given nothing was counted.
  if (!isInOffice || commitIndex <= Math.max(store.commit, log.baseIndex)) return;
  const term = termAt(log, commitIndex);
  if (term === raft.currentTerm) return;
  violate('leader-completeness', `entry ${commitIndex} of term ${term} is committed by counting`);
}

/** Whether something is committed that was not before. */
export function checkCommitted(scene: Scene): boolean {
  const { group, store, raft } = scene;
  const { commitIndex, log } = raft;
  checkCounted(scene);
  const newest = group.committed.length - 1;
  for (let index = Math.max(log.baseIndex, store.commit) + 1; index <= commitIndex; index++) {
    noteCommitted(group, index, log.entries[index - log.baseIndex - 1]!, raft.currentTerm);
  }
  return commitIndex > newest && commitIndex > log.baseIndex;
}

function noteCommitted(group: GroupRecord, index: number, entry: Uint8Array, term: number): void {
  const crc = crcOf(entry);
  const { committed, committedTerms } = group;
  const known = committed[index] ?? 0;
  if (known === crc) return;
  if (known !== 0) violate('state-machine-safety', `two entries are committed at ${index}`);
  while (committed.length <= index) {
    committed.push(0);
    committedTerms.push(0);
  }
  committed[index] = crc;
  committedTerms[index] = term;
  group.follower.committed(index, entry);
  const configuration = configurationOf(entry);
  if (configuration === null) return;
  group.configurations.push({ index: index as LogIndex, configuration });
  group.configurations.sort((left, right) => left.index - right.index);
}

/** To be called when a commit is first seen. */
export function checkDurable({ store, stores, raft }: Scene): void {
  const { commitIndex: index } = raft;
  const term = entryTerm(entryAt(raft.log, index));
  const configuration = configurationInForce(store);
  if (configuration === null) violate('durable-quorum', `${index} is committed by nobody`);
  const isHeld = isQuorum(configuration, (voter) => holds(stores.get(nameOf(voter)), index, term));
  if (!isHeld) violate('durable-quorum', `no quorum holds entry ${index} of term ${term}`);
}

function matchesIn({ matches }: GroupRecord, office: LeaderState): Map<string, number> {
  let known = matches.get(office);
  if (known === undefined) {
    known = new Map();
    matches.set(office, known);
  }
  return known;
}

/** What the leader takes the others to hold. */
export function checkMatches({ group, store, stores, raft }: Scene): void {
  const { leading, log } = raft;
  if (leading === null) return;
  for (const progress of leading.progress) {
    const { member, matchIndex } = progress;
    if (group.matchesSeen.get(progress) === matchIndex) continue;
    group.matchesSeen.set(progress, matchIndex);
    const name = nameOf(member);
    const matches = matchesIn(group, leading);
    const known = matches.get(name) ?? 0;
    if (matchIndex === known) continue;
    if (matchIndex < known) violate('monotonic', `the match of node ${member.id} fell`);
    matches.set(name, matchIndex);
    const told = group.acknowledged.get(`${raft.currentTerm} ${store.name} ${name}`) ?? 0;
    if (matchIndex > told && name !== store.name) {
      violate(
        'durable-quorum',
        `node ${member.id} acknowledged ${told} in this term, not ${matchIndex}`,
      );
    }
    const other = stores.get(name);
    const term = termAt(log, matchIndex);
    // A store that serves a later term may have given up what it held.
    if (name === store.name || term === null || (other?.term ?? 0) > raft.currentTerm) continue;
    if (!holds(other, matchIndex, term)) {
      violate('durable-quorum', `node ${member.id} is taken to hold entry ${matchIndex}`);
    }
  }
}
