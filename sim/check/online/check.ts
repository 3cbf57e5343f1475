/**
 * What all nodes together may never contradict, seen after every turn of every node and in every
 * frame that leaves one. Each topic has its page: logs, elections, quorums, commits, effects; here
 * are what is left, and the order.
 *
 * 1. monotonic: term, commit index and applied index of a store never fall; the term not even
 *    across a restart.
 * 2. one-vote: a vote outlives a restart.
 * 3. state-hash: applying an index leaves the same chain, and the same content, on every replica.
 * 4. state-machine-safety: that state is what the committed commands make of one (../reference).
 *    memory-bound: a snapshot shortens the log.
 * 5. Roles, members and snapshots on their way change as their charts say.
 */
import type { GroupId } from '../../../src/base/units.ts';
import { newPeerFrameView, peerFrameFromStore } from '../../../src/core/protocol/peer-frame.ts';
import { configurationIndex, type RaftState } from '../../../src/core/raft/state.ts';
import type { HardState, Member, RecoveredGroup } from '../../../src/core/types.ts';
import { checkConfigurations } from '../../../src/node/charts/membership.ts';
import { checkRoleStep, roleAt } from '../../../src/node/charts/role.ts';
import {
  checkTransferStep,
  type TransferAt,
  transferAt,
} from '../../../src/node/charts/transfer.ts';
import type { Group } from '../../../src/node/group.ts';
import {
  checkClaims,
  checkCommitted,
  checkDurable,
  checkMatches,
  heldIn,
  noteClaims,
} from './commits.ts';
import { checkContent } from './content.ts';
import { checkPromise, saidIn } from './effects.ts';
import { checkElections, voteIn } from './elections.ts';
import { checkLog, checkUnclaimed } from './logs.ts';
import { heldBy } from './platter.ts';
import { checkElectable, checkInForce } from './quorums.ts';
import { ReadCheck } from './reads.ts';
import {
  type GroupRecord,
  nameOf,
  newGroupRecord,
  newLooked,
  newStoreRecord,
  type Scene,
  type StoreRecord,
} from './records.ts';
import { checkRequest } from './requests.ts';
import { TimerCheck } from './timers.ts';
import { violate } from './violate.ts';

interface Book {
  readonly group: GroupRecord;
  readonly stores: Map<string, StoreRecord>;
}

export class OnlineCheck {
  readonly #books = new Map<GroupId, Book>();
  readonly #reads = new ReadCheck();
  readonly #timers = new TimerCheck();
  readonly #view = newPeerFrameView();
  readonly #transfers = new WeakMap<RaftState, TransferAt>();
  readonly #scenes = new WeakMap<RaftState, Scene>();
  readonly #expiredPerEntryMax: number;

  constructor(expiredPerEntryMax: number) {
    this.#expiredPerEntryMax = expiredPerEntryMax;
  }

  /** `isJudged` false: the state of this node is known to be wrong, its log is not. */
  afterTurn(group: Group, now: number, isJudged = true): void {
    const { id, raft, store } = group;
    const scene = this.#scene(id, raft);
    if (scene.store.raft !== raft) began(scene);
    this.#timers.afterTurn(raft, now);
    this.#checkTransfer(group);
    noteClaims(scene);
    const floor = scene.group.committed.length - 1;
    const isNews = checkCommitted(scene);
    checkLog(scene);
    checkInForce(scene);
    checkRole(scene);
    checkElections(scene);
    // A cause is named before what comes of it: whom the leader believes, whose votes would do, and
    // whose disks hold it.
    checkMatches(scene);
    if (isNews) checkElectable(scene);
    if (isNews) checkDurable(scene);
    this.#reads.afterTurn(scene, floor);
    checkMonotonic(scene);
    checkShort(scene);
    if (isJudged && isNewChain(scene, store)) checkState(scene, group);
  }

  #checkTransfer(group: Group): void {
    const before = this.#transfers.get(group.raft);
    const isIdle = group.installing === null && group.files.receipt === null;
    if (isIdle && before !== undefined && before.state === 'idle') return;
    const now = transferAt(group);
    if (before !== undefined) checkTransferStep(before, now);
    this.#transfers.set(group.raft, now);
  }

  /** A frame leaves `self`, whose groups are as given. Answers whether it promises anything. */
  sent(frame: Uint8Array, self: Member, groups: readonly Group[]): boolean {
    let hasPromise = false;
    for (const { group, message } of saidIn(this.#view, frame)) {
      const sender = groups.find(({ id }) => id === group);
      if (sender === undefined || peerFrameFromStore(this.#view) !== self.store) continue;
      const scene = this.#scene(group, sender.raft);
      if (message.type === 'append-reply') this.#reads.answered(group, message);
      const isReply = message.type === 'vote-reply' || message.type === 'append-reply';
      if (!isReply) checkRequest(scene, message);
      else if (checkPromise(scene, message)) hasPromise = true;
    }
    return hasPromise;
  }

  /** The whole state of a replica that has applied all that is committed. */
  look({ id, store }: Group): void {
    this.#books.get(id)?.group.follower.look(store);
  }

  /** What `self` would find on its disk if the power went now. */
  onDisk(self: Member, groups: readonly RecoveredGroup[]): void {
    for (const [id, { group, stores }] of this.#books) {
      const store = stores.get(nameOf(self));
      if (store === undefined) continue;
      const found = groups.find((other) => other.group === id);
      if (found === undefined) {
        if (store.durableTerm > 0) violate('durable-quorum', 'nothing of a group is on the disk');
        continue;
      }
      checkSavedVote(store, found.hardState);
      const held = heldBy(found);
      checkClaims(store, held);
      checkUnclaimed(group, store, held);
    }
  }

  #scene(id: GroupId, raft: RaftState): Scene {
    let scene = this.#scenes.get(raft);
    if (scene === undefined) {
      const book = this.#book(id);
      scene = { ...book, store: storeOf(book, nameOf(raft.config.self)), raft };
      this.#scenes.set(raft, scene);
    }
    return scene;
  }

  #book(id: GroupId): Book {
    let book = this.#books.get(id);
    if (book === undefined) {
      book = { group: newGroupRecord(this.#expiredPerEntryMax), stores: new Map() };
      this.#books.set(id, book);
    }
    return book;
  }
}

function storeOf({ stores }: Book, name: string): StoreRecord {
  let record = stores.get(name);
  if (record === undefined) {
    record = newStoreRecord(name);
    stores.set(name, record);
  }
  return record;
}

/** A store is seen for the first time since it was started: what it held must be there. */
function began({ store, raft }: Scene): void {
  const isFirst = store.raft === null;
  store.raft = raft;
  store.role = null;
  store.looked = newLooked();
  store.judgedVote = voteIn(raft);
  store.commit = raft.commitIndex;
  store.applied = raft.appliedIndex;
  store.durable = raft.durableIndex;
  store.seen = [];
  store.seenCrcs = [];
  store.seenBase = -1;
  if (isFirst) return;
  checkSavedVote(store, { term: raft.currentTerm, votedFor: raft.votedFor });
  checkClaims(store, heldIn(raft));
  // Recovery may bring entries back from below the base that there was.
  store.claimBase = raft.log.baseIndex;
  store.claims.length = 0;
}

function checkSavedVote({ durableTerm, votes }: StoreRecord, found: HardState): void {
  const term = Math.max(durableTerm, ...votes.keys());
  if (found.term > term) return;
  const vote = votes.get(term);
  const { votedFor } = found;
  const isKept = votedFor !== null && nameOf(votedFor) === vote && found.term === term;
  if (vote !== undefined && !isKept) violate('one-vote', `the vote of term ${term} is lost`);
  if (found.term < term) violate('monotonic', `term ${term} was lost in a restart`);
}

function checkRole({ store, raft }: Scene): void {
  const { configurations, role: name, currentTerm } = raft;
  const newest = configurationIndex(raft);
  const isSettled = raft.commitIndex >= newest;
  const { looked } = store;
  // The chart is walked on changes only: most turns change nothing of this.
  const isOffice = looked.roleName === name && looked.roleTerm === currentTerm;
  const isMembers = looked.configurations === configurations.length && looked.newest === newest;
  if (store.role !== null && isOffice && isMembers && looked.isSettled === isSettled) return;
  looked.roleName = name;
  looked.roleTerm = currentTerm;
  looked.isSettled = isSettled;
  looked.configurations = configurations.length;
  looked.newest = newest;
  const role = roleAt(raft);
  if (store.role !== null) checkRoleStep(store.role, role);
  store.role = role;
  // What came before the log of a member that lost its state is not known to it.
  if (raft.isQuarantined) return;
  const { walked } = looked;
  const ends = [configurations[0] ?? null, configurations.at(-1) ?? null] as const;
  // The list changes at its ends only, and what was replaced there is another object.
  const isWalked = walked.first === ends[0] && walked.last === ends[1];
  if (isWalked && walked.count === configurations.length) return;
  checkConfigurations(configurations);
  looked.walked = { first: ends[0], last: ends[1], count: configurations.length };
}

/** memory-bound: behind a snapshot of its own a log keeps what a slow follower may need, not more. */
function checkShort({ raft }: Scene): void {
  const { snapshotIndex, log, config } = raft;
  if (snapshotIndex - log.baseIndex <= config.trailingEntries) return;
  violate('memory-bound', `the log begins at ${log.baseIndex}, its snapshot at ${snapshotIndex}`);
}

function checkMonotonic({ store, raft }: Scene): void {
  if (raft.currentTerm < store.durableTerm) violate('monotonic', 'the term fell');
  if (raft.durableTicket >= raft.hardStateTicket) store.durableTerm = raft.currentTerm;
  if (raft.commitIndex < store.commit) violate('monotonic', 'the commit index fell');
  if (raft.appliedIndex < store.applied) violate('monotonic', 'the applied index fell');
  store.term = raft.currentTerm;
  store.commit = raft.commitIndex;
  store.applied = raft.appliedIndex;
  store.durable = raft.durableIndex;
}

function isNewChain({ store: { looked } }: Scene, store: Group['store']): boolean {
  const { appliedIndex, chainHigh, chainLow } = store;
  if (appliedIndex === 0) return false;
  const isOld = looked.chainHigh === chainHigh && looked.chainLow === chainLow;
  if (isOld && looked.chainIndex === appliedIndex) return false;
  looked.chainIndex = appliedIndex;
  looked.chainHigh = chainHigh;
  looked.chainLow = chainLow;
  return true;
}

function checkState({ group }: Scene, { store, installing, rebuild }: Group): void {
  checkChain(group, store);
  if (installing === null && rebuild === null) checkContent(group, store);
}

function checkChain(group: GroupRecord, store: Group['store']): void {
  const { appliedIndex, chainHigh, chainLow } = store;
  const chain = `${chainHigh}:${chainLow}`;
  const known = group.chains.get(appliedIndex);
  if (known === undefined) group.chains.set(appliedIndex, chain);
  else if (known !== chain) violate('state-hash', `replicas differ at ${appliedIndex}`);
  group.follower.check(store);
}
