/**
 * Tells the steps of one node's Raft machine as events for an outside judge. It looks at a machine
 * after each step and at what the step put out; the machine knows nothing of it.
 *
 *   received → its term, role and log, in the order of the records → committed → sent → ready
 *
 * 1. An event shows the state at its place in the step: records say in which order things happened.
 * 2. The specification knows one's own disk as messages to oneself: a candidate's vote and a leader's
 *    entries are sent to itself, and received when the disk has them.
 * 3. Ready stands where messages leave, or where the disk has answered.
 * 4. Group 0 only: the form has no word for groups.
 *
 * Memory: own entries that the disk has not answered for, and the members a snapshot goes to.
 */
import { sameMember } from '../../core/members.ts';
import { configurationOf } from '../../core/raft/configurations.ts';
import type { RaftEvent } from '../../core/raft/event.ts';
import type { Message } from '../../core/raft/message.ts';
import type { RaftOut } from '../../core/raft/out.ts';
import type { RaftState } from '../../core/raft/state.ts';
import type { Member, WalRecord } from '../../core/types.ts';
import type { StepObserver } from '../step-observer.ts';
import type { TraceDetail, TraceEvent, TraceName } from './event.ts';
import { newMessage, tracedMessage } from './message.ts';
import { changeBetween, eventOf, type View, viewOf, voteOf } from './view.ts';

export class RaftTracer implements StepObserver {
  readonly #sink: (event: TraceEvent) => void;
  #view: View | null = null;
  /** Ends of the log that this leader sent itself, ascending. */
  #ownAppends: number[] = [];
  /** The term of the vote that this candidate sent itself; 0: none. */
  #ownVote = 0;
  /** Index of the snapshot that each member was last said to get, by id. */
  #snapshots = new Map<string, number>();

  constructor(sink: (event: TraceEvent) => void) {
    this.#sink = sink;
  }

  began(raft: RaftState): void {
    if (raft.config.group !== 0) return;
    this.#view = viewOf(raft);
    this.#ownAppends = [];
    this.#ownVote = 0;
    this.#snapshots.clear();
    this.#tell('InitState');
  }

  stepped(raft: RaftState, event: RaftEvent, out: RaftOut): void {
    if (raft.config.group !== 0 || this.#view === null) return;
    this.#received(raft, event);
    if (event.kind === 'synced') this.#diskAnswered(raft);
    this.#committed(raft, decidedBefore(raft, this.#view));
    for (const record of out.records) this.#recorded(record, raft);
    this.#settled(raft);
    this.#committed(raft, raft.commitIndex);
    for (const message of out.sendNow) this.#sent(message);
    for (const { message } of out.sendAfter) this.#sent(message);
    for (const member of out.snapshotsWanted) this.#snapshotSent(raft, member);
    if (out.sendNow.length > 0 || event.kind === 'synced') this.#tell('Ready');
  }

  #tell(name: TraceName, detail: TraceDetail = {}): void {
    this.#sink({ ...eventOf(name, this.#view!), ...detail });
  }

  #received(raft: RaftState, event: RaftEvent): void {
    const view = this.#view!;
    if (event.kind === 'snapshot-installed') {
      const envelope = { from: event.from, to: raft.config.self, term: raft.currentTerm };
      const msg = newMessage('MsgSnap', envelope, { entries: event.meta.index });
      this.#tell('ReceiveSnapshot', { msg });
    }
    if (event.kind !== 'message' || !sameMember(event.message.to, raft.config.self)) return;
    const { message } = event;
    const traced = tracedMessage(message);
    if (traced === null) return;
    this.#tell(traced.received, traced.detail);
    const isLed = message.type === 'append' && message.term === view.term;
    if (isLed && view.role === 'StateCandidate') this.#become('BecomeFollower', 'StateFollower');
  }

  /** What was sent to oneself has arrived. */
  #diskAnswered(raft: RaftState): void {
    const view = this.#view!;
    const hasVote = raft.hardStateTicket <= raft.durableTicket;
    if (this.#ownVote === view.term && view.role === 'StateCandidate' && hasVote) {
      this.#ownVote = 0;
      this.#tell('ReceiveRequestVoteResponse', { msg: this.#toSelf(raft, 'MsgVoteResp', 0) });
    }
    while (this.#ownAppends.length > 0 && this.#ownAppends[0]! <= raft.durableIndex) {
      const index = this.#ownAppends.shift()!;
      this.#tell('ReceiveAppendEntriesResponse', { msg: this.#toSelf(raft, 'MsgAppResp', index) });
    }
  }

  #recorded(record: WalRecord, raft: RaftState): void {
    const view = this.#view!;
    switch (record.kind) {
      case 'hard-state':
        this.#hardState(record.hardState.term, record.hardState.votedFor, raft);
        break;
      case 'entry':
        this.#appended(record.bytes, raft);
        break;
      case 'truncate':
        view.log = record.from - 1;
        break;
      default:
        break;
    }
  }

  #hardState(term: number, votedFor: Member | null, raft: RaftState): void {
    const view = this.#view!;
    const isNews = term > view.term;
    view.term = term;
    view.vote = voteOf(votedFor);
    if (!isNews) return;
    if (votedFor === null || !sameMember(votedFor, raft.config.self)) {
      this.#become('BecomeFollower', 'StateFollower');
      return;
    }
    this.#become('BecomeCandidate', 'StateCandidate');
    this.#ownVote = term;
    this.#tell('SendRequestVoteResponse', { msg: this.#toSelf(raft, 'MsgVoteResp', 0) });
  }

  #appended(entry: Uint8Array, raft: RaftState): void {
    const view = this.#view!;
    if (view.role === 'StateCandidate' && raft.role === 'leader') {
      this.#become('BecomeLeader', 'StateLeader');
    }
    view.log++;
    const before = view.configuration;
    const configuration = configurationOf(entry);
    if (configuration !== null) view.configuration = configuration;
    // The founder writes entry 1 before anybody leads; to the others it comes like any entry.
    const isFounding = view.log === 1 && raft.role === 'candidate';
    if (view.role !== 'StateLeader' && !isFounding) return;
    if (configuration === null) this.#tell('Replicate');
    else this.#tell('ChangeConf', { prop: { cc: changeBetween(before, configuration) } });
    if (isFounding) return;
    this.#ownAppends.push(view.log);
    const msg = this.#toSelf(raft, 'MsgAppResp', view.log);
    this.#tell('SendAppendEntriesResponse', { msg });
  }

  /** What no record tells: offices left within a term, logs begun anew behind a snapshot. */
  #settled(raft: RaftState): void {
    const now = viewOf(raft);
    const { commit, role } = this.#view!;
    this.#view = { ...now, commit, role };
    if (role !== now.role) this.#become(`Become${now.role.slice(5)}` as TraceName, now.role);
  }

  #become(name: TraceName, role: View['role']): void {
    this.#view!.role = role;
    if (role !== 'StateLeader') {
      this.#ownAppends = [];
      this.#snapshots.clear();
    }
    this.#tell(name);
  }

  /** Only a leader's commit is an event; a follower's comes with the append that brought it. */
  #committed(raft: RaftState, commit: number): void {
    const view = this.#view!;
    const before = view.commit;
    if (commit <= before) return;
    view.commit = commit;
    if (view.role === 'StateLeader') this.#tell('Commit');
    for (const { index, configuration } of raft.configurations) {
      if (index <= before || index > view.commit) continue;
      const newconf = configuration.voters.map(({ id }) => `${id}`);
      this.#tell('ApplyConfChange', { prop: { cc: { changes: [], newconf } } });
    }
  }

  #sent(message: Message): void {
    const traced = tracedMessage(message);
    if (traced !== null) this.#tell(traced.sent, traced.detail);
  }

  /** It is asked for again with each heartbeat; that is one sending. */
  #snapshotSent(raft: RaftState, member: Member): void {
    const { snapshotIndex: entries, currentTerm: term, config } = raft;
    const target = `${member.id}`;
    if (this.#snapshots.get(target) === entries) return;
    this.#snapshots.set(target, entries);
    const msg = newMessage('MsgSnap', { from: config.self, to: member, term }, { entries });
    this.#tell('SendSnapshot', { msg });
  }

  #toSelf({ config }: RaftState, type: 'MsgVoteResp' | 'MsgAppResp', index: number) {
    const { self } = config;
    return newMessage(type, { from: self, to: self, term: this.#view!.term }, { index });
  }
}

/**
 * How far the step committed before its records: not at all beyond the log that there was, and where
 * a leader left a joint configuration, no further than to that; the rest is the new voters' decision.
 */
function decidedBefore({ commitIndex, configurations }: RaftState, { log, commit }: View): number {
  if (commitIndex > log) return commit;
  const at = configurations.findIndex(({ index }) => index > log);
  const joint = configurations[at - 1];
  return joint === undefined ? commitIndex : Math.min(commitIndex, joint.index);
}
