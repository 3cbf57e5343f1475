/**
 * Raft machines, their disks and the network between them, in one thread and under one hand.
 *
 * 1. Nothing happens by itself: a test moves clocks, delivers messages and completes flushes. With
 *    `autoSync` a flush completes at once, which is what most scenarios want.
 * 2. Every machine has a clock of its own; `elapse` moves it without letting the machine notice.
 * 3. The driver honours the outbox as `out.ts` says, and the witness watches every step.
 *
 * What a story is told in:
 *
 *   elect · campaign · force · tick · elapse · run · propose · read · transfer · reconfigure
 *   cut · isolate · heal · drop · discard · hold · release · deliver
 *   crash · restart · wipe · compact · sync (one flush is done)
 *
 * and what it looks at is in look.ts. A cluster begins behind a snapshot at index 2, as if it had been formed: the first entry of a
 * test is entry 3. `isFormed: false` begins with empty stores.
 */
import { assert } from '../../../base/assert.ts';
import type { LogIndex, Millis, Term } from '../../../base/units.ts';
import { ENTRY_KIND } from '../../entry.ts';
import { sameMember } from '../../members.ts';
import type { Configuration, Member } from '../../types.ts';
import type { RaftEvent } from '../event.ts';
import { lastIndex, termAt } from '../log.ts';
import { type ProposalOutcome, RaftOut } from '../out.ts';
import type { RaftConfig, RaftState } from '../state.ts';
import { raft } from '../step.ts';
import { Disk, emptySnapshot } from './disk.ts';
import { honour, install, releaseHeld, sendSnapshot } from './driver.ts';
import {
  BASE_INDEX,
  commandBytes,
  ELECTION_TIMEOUT_MS,
  madeEntry,
  memberOf,
  NO_CONFIGURATION,
  TICK_MS,
} from './fixture.ts';
import {
  emptyMachine,
  type Machine,
  newMachine,
  snapshotAt,
  startMachine,
  stopMachine,
} from './machine.ts';
import { type Ends, filterOf, Network, type Parcel } from './network.ts';
import { type Store, Witness } from './witness.ts';

const WALL = 1_000_000;

export interface ClusterOptions {
  readonly nodes: number;
  /** Ids of the first configuration; all nodes if absent. */
  readonly voters?: readonly number[];
  readonly learners?: readonly number[];
  /** Terms of the entries that each node begins with, from index 3 on; by position. */
  readonly logs?: readonly (readonly number[])[];
  readonly isFormed?: boolean;
  readonly autoSync?: boolean;
  readonly config?: Partial<RaftConfig>;
}

export interface Read {
  readonly at: number;
  /** The highest index committed anywhere when the read began. */
  readonly floor: number;
  status: 'waiting' | 'answered' | 'refused';
  index: number;
}

/** Told of everything that happens, for transcripts. */
export type Listener = (machine: Machine, out: RaftOut, before: Before) => void;

export interface Before {
  readonly role: string;
  readonly term: number;
  readonly commit: number;
  readonly applied: number;
}

export class Cluster {
  readonly machines: Machine[] = [];
  readonly network = new Network();
  readonly witness = new Witness();
  readonly reads = new Map<number, Read>();
  readonly options: ClusterOptions;
  /** Every store there ever was. */
  readonly stores: Store[] = [];
  autoSync: boolean;
  listener: Listener | null = null;

  constructor(options: ClusterOptions) {
    this.options = options;
    this.autoSync = options.autoSync ?? true;
    const ids = Array.from({ length: options.nodes }, (_, at) => at + 1);
    const { learners = [], voters = ids.filter((id) => !learners.includes(id)) } = options;
    const configuration = {
      voters: voters.map((id) => memberOf(id)),
      outgoing: [],
      learners: learners.map((id) => memberOf(id)),
    };
    for (const id of ids) this.#add(id, configuration);
  }

  #add(id: number, configuration: Configuration): void {
    const terms = this.options.logs?.[id - 1] ?? [];
    const isFormed = this.options.isFormed ?? true;
    const disk = new Disk({
      hardState: { term: (terms.at(-1) ?? 0) as Term, votedFor: null },
      snapshot: isFormed
        ? emptySnapshot(BASE_INDEX, configuration)
        : emptySnapshot(0, NO_CONFIGURATION),
      entries: terms.map((term, at) => madeEntry(BASE_INDEX + 1 + at, term)),
    });
    const machine = newMachine(id, disk);
    this.machines.push(machine);
    this.stores.push({ member: machine.member, disk });
    this.restart(id);
  }

  machine(id: number): Machine {
    return this.machines[id - 1]!;
  }

  /** The state of a machine that is up. */
  state(id: number): RaftState {
    const { state } = this.machine(id);
    assert(state !== null, 'internal', `machine ${id} is down`);
    return state;
  }

  /** The leaders by their own belief. */
  leaders(): number[] {
    return this.machines.filter(({ state }) => state?.role === 'leader').map(({ id }) => id);
  }

  /** The leader of the highest term; 0 if there is none. */
  leader(): number {
    const leaders = this.leaders();
    leaders.sort((left, right) => this.state(right).currentTerm - this.state(left).currentTerm);
    return leaders[0] ?? 0;
  }

  // what happens to machines

  step(id: number, event: RaftEvent): RaftOut {
    const machine = this.machine(id);
    const state = this.state(id);
    const before = {
      role: state.role,
      term: state.currentTerm,
      commit: state.commitIndex,
      applied: state.appliedIndex,
    };
    const out = new RaftOut();
    raft.step(state, event, machine.now as Millis, out);
    raft.check(state);
    this.witness.stepped(state, this.stores);
    this.listener?.(machine, out, before);
    honour(this, machine, out);
    this.witness.compares(state, machine.disk);
    if (this.autoSync) this.syncAll(id);
    return out;
  }

  sendSnapshot(machine: Machine, to: Member): void {
    sendSnapshot(this, machine, to);
  }

  // disks

  /** One flush completes: the oldest, or the one named. Answers whether there was one. */
  sync(id: number, ticket: number | null = null): boolean {
    const machine = this.machine(id);
    const flush = ticket ?? machine.disk.pending.find(({ isComplete }) => !isComplete)?.ticket;
    if (flush === undefined) return false;
    const through = machine.disk.complete(flush);
    if (through === 0) return true;
    const { log } = this.state(id);
    const index = lastIndex(log);
    this.step(id, { kind: 'synced', ticket: through, index, term: termAt(log, index)! });
    releaseHeld(this, machine, through);
    return true;
  }

  syncAll(id: number): void {
    while (this.sync(id)) {}
  }

  // messages

  /** Delivers one parcel; false when none is under way. */
  deliverOne(): boolean {
    const parcel = this.network.next();
    if (parcel === null) return false;
    this.arrive(parcel);
    return true;
  }

  /** Delivers until nothing is under way. */
  deliver(): void {
    for (let count = 0; this.deliverOne(); count++) {
      assert(count < 20_000, 'liveness', 'messages without end');
    }
  }

  arrive(parcel: Parcel): void {
    const machine = this.machine(parcel.to.id);
    if (machine.state === null || !sameMember(machine.member, parcel.to)) return;
    if (parcel.type === 'snapshot') install(this, machine, parcel.snapshot, parcel.from);
    else if (parcel.type === 'snapshot-answer') {
      const { from: member, index, isInstalled } = parcel;
      this.step(machine.id, { kind: 'snapshot-sent', member, index, isInstalled });
    } else {
      this.step(machine.id, { kind: 'message', message: parcel, wall: this.wall(machine) });
    }
  }

  // time

  wall(machine: Machine): number {
    return WALL + machine.now + machine.wallOffset;
  }

  /** Clocks go on without the machines noticing; all of them, or those named. */
  elapse(ms: number, ids: readonly number[] = this.machines.map(({ id }) => id)): void {
    for (const id of ids) this.machine(id).now += ms;
  }

  /** The machine's clock goes on by `count` ticks; it acts whenever it wanted to. */
  tick(id: number, count = 1): void {
    for (let n = 0; n < count; n++) {
      const machine = this.machine(id);
      machine.now += TICK_MS;
      if (machine.state === null || machine.now < raft.deadline(machine.state)) continue;
      this.step(id, { kind: 'tick', wall: this.wall(machine) });
    }
  }

  /** Time passes for everyone, and messages arrive within the tick in which they were sent. */
  run(ms: number): void {
    for (let passed = 0; passed < ms; passed += TICK_MS) {
      for (const { id } of this.machines) this.tick(id);
      this.deliver();
    }
  }

  runUntil(what: () => boolean, limitMs: number): boolean {
    for (let passed = 0; passed < limitMs && !what(); passed += TICK_MS) this.run(TICK_MS);
    return what();
  }

  // requests

  /** The machine's election timeout passes, for it alone. */
  campaign(id: number): void {
    const machine = this.machine(id);
    if (this.state(id).electionDeadline === 0) this.tick(id);
    machine.now = Math.max(machine.now, this.state(id).electionDeadline);
    this.step(id, { kind: 'tick', wall: this.wall(machine) });
  }

  /** Everyone forgets whom it heard last; then `id` campaigns and all messages arrive. */
  elect(id: number): void {
    this.elapse(ELECTION_TIMEOUT_MS);
    this.campaign(id);
    this.deliver();
  }

  /** The machine is told to campaign without asking first. */
  force(id: number): void {
    const { currentTerm: term } = this.state(id);
    const { member } = this.machine(id);
    const message = { type: 'timeout-now', from: member, to: member, term } as const;
    this.step(id, { kind: 'message', message, wall: this.wall(this.machine(id)) });
  }

  propose(id: number, text: string): ProposalOutcome {
    const wall = this.wall(this.machine(id));
    const entryKind = ENTRY_KIND.COMMANDS;
    const bytes = commandBytes(text);
    return this.ask(id, { kind: 'propose', entryKind, count: 1, bytes, wall });
  }

  read(id: number, readId: number, minIndex = 0): Read {
    const floor = this.witness.highestCommit;
    const read: Read = { at: id, floor, status: 'waiting', index: 0 };
    this.reads.set(readId, read);
    this.step(id, { kind: 'read', id: readId, minIndex: minIndex as LogIndex });
    return read;
  }

  transfer(id: number, target: Member): ProposalOutcome {
    return this.ask(id, { kind: 'transfer', target });
  }

  reconfigure(id: number, voters: readonly Member[], learners: readonly Member[] = []) {
    const wall = this.wall(this.machine(id));
    return this.ask(id, { kind: 'reconfigure', voters, learners, wall });
  }

  /** What came of a request; the disk may answer within the call. */
  ask(id: number, event: RaftEvent): ProposalOutcome {
    const autoSync = this.autoSync;
    this.autoSync = false;
    const { proposal } = this.step(id, event);
    this.autoSync = autoSync;
    if (autoSync) this.syncAll(id);
    return proposal;
  }

  // faults

  /** Nothing passes between the two; with `one-way`, nothing from the first to the second. */
  cut(source: number, target: number, direction: 'both' | 'one-way' = 'both'): void {
    this.network.cut(source, target, direction === 'one-way');
  }

  isolate(id: number): void {
    for (const other of this.machines) if (other.id !== id) this.cut(id, other.id);
  }

  heal(): void {
    this.network.heal();
  }

  /** Loses what matches, from now on until the network heals. */
  drop(type: Parcel['type'] | '*', ends: Ends = {}): void {
    this.network.drop(filterOf(type, ends));
  }

  /** Loses what matches and is under way. */
  discard(type: Parcel['type'] | '*', ends: Ends = {}): void {
    this.network.discard(filterOf(type, ends));
  }

  /** Keeps what matches on its way, until `release`. */
  hold(type: Parcel['type'] | '*', ends: Ends = {}): void {
    this.network.hold(filterOf(type, ends));
  }

  release(): void {
    this.network.release();
  }

  /** The process and the power are gone. The first `keep` pending flushes had reached the disk. */
  crash(id: number, keep = 0): void {
    stopMachine(this.machine(id), keep);
  }

  restart(id: number): void {
    const machine = this.machine(id);
    startMachine(machine, this.options.config ?? {});
    this.witness.restarted(machine.state!);
    this.step(id, { kind: 'tick', wall: this.wall(machine) });
  }

  /** The disk is lost: the node comes back as another store that knows nothing. */
  wipe(id: number): void {
    const machine = this.machine(id);
    stopMachine(machine, 0);
    emptyMachine(machine);
    this.stores.push({ member: machine.member, disk: machine.disk });
  }

  /** The machine takes a snapshot of what it has applied, or of what it had at `index`. */
  compact(id: number, index = this.state(id).appliedIndex as number): void {
    const machine = this.machine(id);
    const state = this.state(id);
    if (index <= state.snapshotIndex) return;
    machine.disk.store(snapshotAt(machine, index as LogIndex));
    this.step(id, { kind: 'snapshot-taken', index: index as LogIndex });
  }
}
