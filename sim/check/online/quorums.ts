/**
 * Whose votes would do: what the quorums of all logs together may never allow, whether or not
 * anybody makes use of it.
 *
 * 1. election-safety: a node decides by the newest configuration in its log, committed or not, from
 *    its append to its truncation (thesis §4.1). Who counts by another may decide beside the others.
 * 2. election-safety: no two can be elected by voters of whom none is asked by both. Who may vote for
 *    somebody has a log that is not better (§3.6.1).
 * 3. leader-completeness: a node remembers each configuration of its log that a truncation may bring
 *    back into force.
 * 4. leader-completeness: when an entry is committed, nobody without it can be elected.
 *
 * 2 and 4 look at logs as memory has them: what crashes do to them is the disks' business
 * (commits.ts). A store that lost its state may have read its configuration from what was lost.
 */
import type { LogIndex } from '../../../src/base/units.ts';
import { entryTerm } from '../../../src/core/entry.ts';
import { entryAt, lastIndex, lastTerm, termAt } from '../../../src/core/raft/log.ts';
import { currentConfiguration, type RaftState } from '../../../src/core/raft/state.ts';
import type { Configuration, Member } from '../../../src/core/types.ts';
import { isQuorum } from './quorum.ts';
import { configurationInForce, nameOf, type Scene, type StoreRecord } from './records.ts';
import { violate } from './violate.ts';

/** To be called when the record shows the log as it is. */
export function checkInForce({ store, stores, raft }: Scene): void {
  const believed = currentConfiguration(raft);
  const found = configurationInForce(store);
  const { looked } = store;
  const before = looked.inForce;
  if (looked.believed === believed && before === found) return;
  looked.believed = believed;
  looked.inForce = found;
  if (found === null || raft.isQuarantined) return;
  checkRemembered(store, raft);
  if (!isAlike(believed, found)) {
    const self = `node ${raft.config.self.id}`;
    violate('election-safety', `${self} decides by other voters than its log names`);
  }
  if (before !== null && !isAlike(before, found)) checkRivals(store, stores);
}

/** What is committed is not truncated: it need not be remembered. */
function checkRemembered({ commit, configurations }: StoreRecord, raft: RaftState): void {
  const floor = Math.max(raft.log.baseIndex, commit);
  for (const { index } of configurations) {
    if (index <= floor || raft.configurations.some((known) => known.index === index)) continue;
    const self = `node ${raft.config.self.id}`;
    violate('leader-completeness', `${self} has forgotten the configuration of entry ${index}`);
  }
}

/** More voters than that are not looked at in all their combinations. */
const VOTERS_MAX = 12;

function checkRivals(store: StoreRecord, stores: Scene['stores']): void {
  const own = configurationInForce(store)!;
  for (const rival of stores.values()) {
    const other = configurationInForce(rival);
    if (rival === store || other === null || rival.raft === null || isAlike(own, other)) continue;
    if (rival.raft.isQuarantined || !canBothBeElected(store, rival, stores)) continue;
    violate(
      'election-safety',
      `${store.name} and ${rival.name} could be elected by different voters`,
    );
  }
}

function canBothBeElected(left: StoreRecord, right: StoreRecord, stores: Scene['stores']): boolean {
  const ours = [...votersFor(left, stores)];
  const theirs = votersFor(right, stores);
  if (ours.length > VOTERS_MAX) return false;
  for (let chosen = 1; chosen < 1 << ours.length; chosen++) {
    const taken = new Set(ours.filter((_, at) => (chosen & (1 << at)) !== 0));
    if (!isQuorum(configurationInForce(left)!, (voter) => taken.has(nameOf(voter)))) continue;
    const isLeft = (name: string): boolean => theirs.has(name) && !taken.has(name);
    if (isQuorum(configurationInForce(right)!, (voter) => isLeft(nameOf(voter)))) return true;
  }
  return false;
}

/** Names of those who have a vote in the record's configuration, and no better log. */
function votersFor(record: StoreRecord, stores: Scene['stores']): Set<string> {
  const { voters, outgoing } = configurationInForce(record)!;
  const names = new Set([...voters, ...outgoing].map(nameOf));
  for (const name of names)
    if (!mayVoteFor(stores.get(name)?.raft ?? null, record)) names.delete(name);
  return names;
}

function mayVoteFor(voter: RaftState | null, { raft }: StoreRecord): boolean {
  if (voter === null || raft === null) return false;
  const term = lastTerm(raft.log);
  const otherTerm = lastTerm(voter.log);
  if (otherTerm !== term) return otherTerm < term;
  return lastIndex(voter.log) <= lastIndex(raft.log);
}

const isAlike = (left: Configuration, right: Configuration): boolean =>
  areSame(left.voters, right.voters) && areSame(left.outgoing, right.outgoing);

function areSame(left: readonly Member[], right: readonly Member[]): boolean {
  const names = new Set(right.map(nameOf));
  return left.length === right.length && left.every((member) => names.has(nameOf(member)));
}

/** To be called when a commit is first seen. */
export function checkElectable({ stores, raft }: Scene): void {
  const { commitIndex: index } = raft;
  const term = entryTerm(entryAt(raft.log, index));
  for (const record of stores.values()) {
    if (record.raft === null || hasEntry(record.raft, index, term)) continue;
    if (!isElectable(record, record.raft, stores)) continue;
    const { id } = record.raft.config.self;
    violate('leader-completeness', `${index} is committed, and node ${id} could lead without it`);
  }
}

const hasEntry = ({ log }: RaftState, index: LogIndex, term: number): boolean =>
  index <= log.baseIndex || termAt(log, index) === term;

function isElectable(record: StoreRecord, raft: RaftState, stores: Scene['stores']): boolean {
  const configuration = configurationInForce(record);
  if (configuration === null || raft.isQuarantined) return false;
  return isQuorum(configuration, (voter) =>
    mayVoteFor(stores.get(nameOf(voter))?.raft ?? null, record),
  );
}
