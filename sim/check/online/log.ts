/**
 * What all nodes together may never contradict, seen after every turn of every node.
 *
 * 1. election-safety: one leader per group and term.
 * 2. state-machine-safety: an index is committed with one entry, on whatever node.
 * 3. leader-completeness: a new leader's log holds everything that was committed before.
 * 4. one-vote: a store gives one vote per term, restarts included.
 * 5. durable-quorum: what a store once claimed to be durable is there when it comes back.
 * 6. monotonic: term, commit index and applied index of a store never fall; the term not even
 *    across a restart.
 * 7. state-hash: applying an index leaves the same chain on every replica.
 *
 * It keeps its own record of everything and trusts no index that a node reports about another.
 */

import type { CheckerName } from '../../../src/base/assert.ts';
import { InvariantViolation } from '../../../src/base/assert.ts';
import { getU32 } from '../../../src/base/bytes.ts';
import { entryTerm } from '../../../src/core/entry.ts';
import { type Log, lastIndex, termAt } from '../../../src/core/raft/log.ts';
import { configurationIndex, type RaftState } from '../../../src/core/raft/state.ts';
import { checkConfigurations } from '../../../src/node/charts/membership.ts';
import { checkRoleStep, type RoleAt, roleAt } from '../../../src/node/charts/role.ts';
import type { Group } from '../../../src/node/group.ts';

function violate(checker: CheckerName, message: string): never {
  throw new InvariantViolation(checker, message);
}

/** One store's record in one group, kept across its restarts. */
interface StoreRecord {
  term: number;
  votes: Map<number, string>;
  /** Terms of the entries claimed durable, from `claimBase` + 1 on. */
  claimBase: number;
  claims: number[];
  raft: RaftState | null;
  role: RoleAt | null;
  about: string;
  commit: number;
  applied: number;
}

interface GroupRecord {
  leaders: Map<number, string>;
  /** Header CRC of each committed entry, by index; 0: not known. */
  committed: number[];
  committedTerms: number[];
  chains: Map<number, string>;
}

export class LogCheck {
  readonly #stores = new Map<string, StoreRecord>();
  readonly #groups = new Map<number, GroupRecord>();

  /** The highest index known to be committed in a group. */
  committedIndex(group: number): number {
    return Math.max(0, this.#group(group).committed.length - 1);
  }

  afterTurn(group: Group): void {
    const { raft } = group;
    const { self } = raft.config;
    const record = this.#store(`${self.id}/${self.store}/${group.id}`);
    if (record.raft !== raft) this.#began(record, raft);
    this.#checkRole(record, raft);
    this.#checkVote(record, raft);
    this.#checkMonotonic(record, raft);
    this.#checkCommitted(this.#group(group.id), raft);
    this.#checkLeader(this.#group(group.id), raft);
    this.#checkChain(this.#group(group.id), group);
    this.#claim(record, raft);
  }

  #store(key: string): StoreRecord {
    let record = this.#stores.get(key);
    if (record === undefined) {
      record = {
        term: 0,
        votes: new Map(),
        claimBase: 0,
        claims: [],
        raft: null,
        role: null,
        about: '',
        commit: 0,
        applied: 0,
      };
      this.#stores.set(key, record);
    }
    return record;
  }

  #group(id: number): GroupRecord {
    let record = this.#groups.get(id);
    if (record === undefined) {
      record = { leaders: new Map(), committed: [0], committedTerms: [0], chains: new Map() };
      this.#groups.set(id, record);
    }
    return record;
  }

  /** A store came back: it must hold what it had claimed to hold. */
  #began(record: StoreRecord, raft: RaftState): void {
    const isFirst = record.raft === null;
    record.raft = raft;
    record.role = null;
    record.commit = raft.commitIndex;
    record.applied = raft.appliedIndex;
    if (isFirst) return;
    if (raft.currentTerm < record.term) violate('monotonic', 'a term was lost in a restart');
    const { log } = raft;
    for (let at = 0; at < record.claims.length; at++) {
      const index = record.claimBase + 1 + at;
      if (index <= log.baseIndex) continue;
      const held = index <= lastIndex(log) ? termAt(log, index as never) : null;
      if (held === null) violate('durable-quorum', `entry ${index} was durable and is lost`);
      // A newer entry may have replaced it between the last look and the crash.
      if (held < record.claims[at]!) violate('durable-quorum', `entry ${index} went back in time`);
      if (held > record.claims[at]!) break;
    }
  }

  /** Every change of role is one that the chart has, and so is every change of members. */
  #checkRole(record: StoreRecord, raft: RaftState): void {
    const seats = raft.configurations.map(({ index }) => index).join();
    const about = `${raft.role} ${raft.currentTerm} ${raft.commitIndex >= configurationIndex(raft)} ${seats}`;
    // The chart is walked on changes only: most turns change nothing of this.
    if (record.role !== null && record.about === about) return;
    record.about = about;
    const role = roleAt(raft);
    if (record.role !== null) checkRoleStep(record.role, role);
    record.role = role;
    checkConfigurations(raft.configurations);
  }

  #checkVote(record: StoreRecord, raft: RaftState): void {
    if (raft.votedFor === null) return;
    const vote = `${raft.votedFor.id}/${raft.votedFor.store}`;
    const known = record.votes.get(raft.currentTerm) ?? vote;
    if (known !== vote) violate('one-vote', `two votes in term ${raft.currentTerm}`);
    // A vote that was never durable was never told either, and may be given again.
    if (raft.durableTicket >= raft.hardStateTicket) record.votes.set(raft.currentTerm, vote);
  }

  #checkMonotonic(record: StoreRecord, raft: RaftState): void {
    if (raft.currentTerm < record.term) violate('monotonic', 'the term fell');
    if (raft.durableTicket >= raft.hardStateTicket) record.term = raft.currentTerm;
    if (raft.commitIndex < record.commit) violate('monotonic', 'the commit index fell');
    if (raft.appliedIndex < record.applied) violate('monotonic', 'the applied index fell');
    record.commit = raft.commitIndex;
    record.applied = raft.appliedIndex;
  }

  #checkCommitted(group: GroupRecord, raft: RaftState): void {
    const { log } = raft;
    const first = Math.max(log.baseIndex + 1, this.#firstToCompare(group, raft));
    for (let index = first; index <= raft.commitIndex; index++) {
      const entry = log.entries[index - log.baseIndex - 1]!;
      const crc = getU32(entry, 44);
      const known = group.committed[index] ?? 0;
      if (known !== 0 && known !== crc) {
        violate('state-machine-safety', `two entries are committed at ${index}`);
      }
      while (group.committed.length <= index) {
        group.committed.push(0);
        group.committedTerms.push(0);
      }
      group.committed[index] = crc;
      group.committedTerms[index] = entryTerm(entry);
    }
    this.#compared.set(raft, raft.commitIndex);
  }

  readonly #compared = new WeakMap<RaftState, number>();

  #firstToCompare(_group: GroupRecord, raft: RaftState): number {
    return (this.#compared.get(raft) ?? raft.log.baseIndex) + 1;
  }

  #checkLeader(group: GroupRecord, raft: RaftState): void {
    if (raft.role !== 'leader') return;
    const name = `${raft.config.self.id}/${raft.config.self.store}`;
    const known = group.leaders.get(raft.currentTerm);
    if (known === name) return;
    if (known !== undefined) {
      violate('election-safety', `two leaders in term ${raft.currentTerm}`);
    }
    group.leaders.set(raft.currentTerm, name);
    this.#checkCompleteness(group, raft.log, raft.currentTerm);
  }

  #checkCompleteness(group: GroupRecord, log: Log, term: number): void {
    for (let index = log.baseIndex + 1; index < group.committed.length; index++) {
      const committedTerm = group.committedTerms[index]!;
      if (committedTerm === 0 || committedTerm >= term) continue;
      const entry = log.entries[index - log.baseIndex - 1];
      if (entry === undefined || getU32(entry, 44) !== group.committed[index]) {
        violate('leader-completeness', `the leader of term ${term} lacks entry ${index}`);
      }
    }
  }

  #checkChain(record: GroupRecord, group: Group): void {
    const { appliedIndex, chainHigh, chainLow } = group.store;
    if (appliedIndex === 0) return;
    const chain = `${chainHigh}:${chainLow}`;
    const known = record.chains.get(appliedIndex);
    if (known === undefined) record.chains.set(appliedIndex, chain);
    else if (known !== chain) violate('state-hash', `replicas differ at ${appliedIndex}`);
  }

  /** What the store says is durable now: the record follows its log, from the end. */
  #claim(record: StoreRecord, raft: RaftState): void {
    const { log } = raft;
    const { claims } = record;
    if (record.claimBase !== log.baseIndex) {
      claims.splice(0, Math.max(0, log.baseIndex - record.claimBase));
      record.claimBase = log.baseIndex;
    }
    const count = Math.max(0, raft.durableIndex - log.baseIndex);
    if (claims.length > count) claims.length = count;
    while (claims.length > 0 && claims.at(-1) !== entryTerm(log.entries[claims.length - 1]!)) {
      claims.pop();
    }
    while (claims.length < count) claims.push(entryTerm(log.entries[claims.length]!));
  }
}
