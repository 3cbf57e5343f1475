/**
 * The witness of a test: sees every step of every machine and knows what must never be seen.
 *
 * election safety        one leader a term, and appends of a term have one sender
 * log matching           an index and a term name one entry, and one entry before it
 * leader completeness    what was committed in an earlier term is in every later leader's log
 * state machine safety   an index is applied as one entry everywhere, in order, without gaps
 * durable quorum         a leader commits what a quorum of its configuration holds on disk
 * one vote               a store votes for one candidate a term, across restarts
 * monotonic              term and commit index of a machine never fall; no store comes back from a
 *                        crash in an older term than it has told, nor with an older snapshot
 * same log               what a machine holds is what its records make, on an independent copy
 *
 * What must come in the end, when nothing is broken any more, is in peace.ts.
 */
import { assert } from '../../../base/assert.ts';
import type { LogIndex } from '../../../base/units.ts';
import { entryIndex, entryTerm } from '../../entry.ts';
import { sameMember } from '../../members.ts';
import type { Member } from '../../types.ts';
import { entryAt, lastIndex, termAt } from '../log.ts';
import type { Message } from '../message.ts';
import { hasQuorum } from '../quorum.ts';
import { currentConfiguration, type RaftState } from '../state.ts';
import type { Disk } from './disk.ts';

/** What the witness remembers of one committed index. */
interface Committed {
  readonly print: string;
  /** The term of the machine that was first seen to have it committed. */
  readonly inTerm: number;
}

/** A store and its disk, dead or alive. */
export interface Store {
  readonly member: Member;
  readonly disk: Disk;
}

/** An entry by what it is: two entries with one print are the same entry. */
const printOf = (bytes: Uint8Array): string => {
  const headerCrc = bytes.subarray(44, 48).join('.');
  return `${entryIndex(bytes)}@${entryTerm(bytes)}:${headerCrc}`;
};

const nameOf = (member: Member): string => `${member.id}/${member.store}`;

export class Witness {
  #leaders = new Map<number, string>();
  #entries = new Map<string, string>();
  #committed = new Map<number, Committed>();
  #votes = new Map<string, string>();
  #seen = new Map<RaftState, { term: number; commit: number }>();
  #highestCommit = 0;
  #highestIndex = new Map<string, number>();
  /** By store: the highest term in any message of it, and its highest snapshot. */
  #told = new Map<string, number>();
  #compacted = new Map<string, number>();

  /** The highest index that any machine has ever known to be committed. */
  get highestCommit(): number {
    return this.#highestCommit;
  }

  /** After every step of a machine. `stores` are all that ever were, wiped ones too. */
  stepped(state: RaftState, stores: readonly Store[]): void {
    this.#watchTerm(state);
    if (state.role === 'leader') this.#watchLeader(state);
    this.#watchCommit(state, stores);
  }

  /** A store begins another life. */
  restarted({ config, currentTerm, snapshotIndex }: RaftState): void {
    const store = nameOf(config.self);
    const told = this.#told.get(store) ?? 0;
    assert(currentTerm >= told, 'monotonic', 'a store came back in an older term than it told');
    const compacted = this.#compacted.get(store) ?? 0;
    assert(snapshotIndex >= compacted, 'monotonic', 'a snapshot is gone after a restart');
  }

  /** The log that the records make, durable or not yet, is the one that the machine holds. */
  compares({ log }: RaftState, { written }: Disk): void {
    for (const entry of log.entries) {
      const own = written.get(entryIndex(entry));
      const isSame = own === entry || (own !== undefined && printOf(own) === printOf(entry));
      assert(isSame, 'log-matching', 'a machine holds something else than it wrote');
    }
  }

  #watchTerm(state: RaftState): void {
    const seen = this.#seen.get(state) ?? { term: 0, commit: 0 };
    assert(state.currentTerm >= seen.term, 'monotonic', 'a term fell');
    assert(state.commitIndex >= seen.commit, 'monotonic', 'a commit index fell');
    this.#seen.set(state, { term: state.currentTerm, commit: state.commitIndex });
  }

  #watchLeader(state: RaftState): void {
    const leader = nameOf(state.config.self);
    const known = this.#leaders.get(state.currentTerm);
    assert(known === undefined || known === leader, 'election-safety', 'two leaders in a term');
    if (known !== undefined) return;
    this.#leaders.set(state.currentTerm, leader);
    for (const [index, { print, inTerm }] of this.#committed) {
      if (inTerm >= state.currentTerm || index <= state.log.baseIndex) continue;
      const isHeld = index <= lastIndex(state.log);
      const held = isHeld ? printOf(entryAt(state.log, index as LogIndex)) : 'nothing';
      assert(held === print, 'leader-completeness', `index ${index}: ${held}, not ${print}`);
    }
  }

  #watchCommit(state: RaftState, stores: readonly Store[]): void {
    const known = this.#highestIndex.get(nameOf(state.config.self)) ?? 0;
    const from = Math.max(Math.min(known, state.commitIndex), state.log.baseIndex) + 1;
    for (let index = from; index <= state.commitIndex; index++) {
      this.#commit(state, index as LogIndex);
    }
    if (state.role === 'leader' && state.commitIndex > known) assertDurable(state, stores);
    this.#highestIndex.set(nameOf(state.config.self), state.commitIndex);
    this.#highestCommit = Math.max(this.#highestCommit, state.commitIndex);
  }

  #commit(state: RaftState, index: LogIndex): void {
    const print = printOf(entryAt(state.log, index));
    const known = this.#committed.get(index);
    if (known === undefined) this.#committed.set(index, { print, inTerm: state.currentTerm });
    else assert(known.print === print, 'state-machine-safety', `index ${index} committed twice`);
  }

  /** A machine put `bytes` into its log, behind an entry of `previousTerm`. */
  appended(bytes: Uint8Array, previousTerm: number): void {
    const name = `${entryIndex(bytes)}@${entryTerm(bytes)}`;
    const print = `${printOf(bytes)} behind ${previousTerm}`;
    const known = this.#entries.get(name) ?? print;
    assert(known === print, 'log-matching', `${name} is two entries`);
    this.#entries.set(name, print);
  }

  /** A machine applies the entry at `index`, having applied everything through `applied`. */
  applies(bytes: Uint8Array, applied: number): void {
    const index = entryIndex(bytes);
    assert(index === applied + 1, 'state-machine-safety', 'applied out of order');
    const known = this.#committed.get(index);
    assert(known?.print === printOf(bytes), 'state-machine-safety', 'applied something else');
  }

  /** A message leaves a machine whose disk is `disk`. */
  sends(message: Message, disk: Disk): void {
    assert(message.term <= disk.hardState.term, 'effect-order', 'a term left before its disk');
    const from = nameOf(message.from);
    this.#told.set(from, Math.max(this.#told.get(from) ?? 0, message.term));
    this.#compacted.set(from, disk.snapshot.meta.index);
    if (message.type === 'append') {
      const leader = this.#leaders.get(message.term);
      assert(leader === from, 'election-safety', 'an append by another than the leader');
    }
    if (message.type === 'vote') this.#vote(from, message.term, from);
    if (message.type === 'vote-reply' && message.granted) {
      this.#vote(from, message.term, nameOf(message.to));
    }
  }

  #vote(voter: string, term: number, candidate: string): void {
    const name = `${voter} in ${term}`;
    const known = this.#votes.get(name) ?? candidate;
    assert(known === candidate, 'one-vote', `${name} voted twice`);
    this.#votes.set(name, candidate);
  }
}

/** A leader's commit index is on the disks of a quorum of the configuration it counts by. */
function assertDurable(state: RaftState, stores: readonly Store[]): void {
  const term = termAt(state.log, state.commitIndex)!;
  const isDurable = hasQuorum(currentConfiguration(state), (member) =>
    stores.some(({ member: holder, disk }) => {
      if (!sameMember(holder, member)) return false;
      if (state.commitIndex <= disk.snapshot.meta.index) return true;
      return disk.termAt(state.commitIndex) === term;
    }),
  );
  assert(isDurable, 'durable-quorum', `index ${state.commitIndex} is not durable on a quorum`);
}
