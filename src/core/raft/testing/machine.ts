/** One machine of a test, between its lives: what it keeps, and what it forgets in a crash. */
import type { GroupId, LogIndex, Term } from '../../../base/units.ts';
import { entryStamp, entryTerm } from '../../entry.ts';
import type { Member } from '../../types.ts';
import { configurationAt } from '../configurations.ts';
import { entryAt, termAt } from '../log.ts';
import type { HeldMessage } from '../message.ts';
import type { SafeRead } from '../out.ts';
import type { RaftConfig, RaftState } from '../state.ts';
import { raft } from '../step.ts';
import { type Applied, Disk, emptySnapshot, type Snapshot } from './disk.ts';
import { DEFAULTS, memberOf, NO_CONFIGURATION, textOf } from './fixture.ts';
import type { Witness } from './witness.ts';

export interface Machine {
  readonly id: number;
  member: Member;
  disk: Disk;
  /** Null while it is down. */
  state: RaftState | null;
  now: number;
  /** What its wall clock says beyond everybody's. */
  wallOffset: number;
  held: HeldMessage[];
  applied: Applied[];
  safeReads: SafeRead[];
  lives: number;
}

export function newMachine(id: number, disk: Disk): Machine {
  return {
    id,
    member: memberOf(id),
    disk,
    state: null,
    now: 0,
    wallOffset: 0,
    held: [],
    applied: [],
    safeReads: [],
    lives: 1,
  };
}

/** A new life with what the disk holds. */
export function startMachine(machine: Machine, config: Partial<RaftConfig>): void {
  const { hardState, snapshot, entries } = machine.disk;
  machine.disk.begin();
  machine.state = raft.init({
    ...DEFAULTS,
    ...config,
    self: machine.member,
    seed: [machine.id, machine.lives, machine.now],
    hardState,
    snapshotIndex: snapshot.meta.index,
    snapshotTerm: snapshot.meta.term,
    snapshotStamp: snapshot.stamp,
    configuration: snapshot.meta.configuration,
    entries: [...entries],
  });
  machine.applied = [...snapshot.applied];
}

/** The power is gone; the first `keep` pending flushes had reached the disk. */
export function stopMachine(machine: Machine, keep: number): void {
  machine.disk.crash(keep);
  machine.state = null;
  machine.held = [];
  machine.safeReads = [];
  machine.applied = [];
}

/** Another disk, and so another store. */
export function emptyMachine(machine: Machine): void {
  machine.lives++;
  machine.member = memberOf(machine.id, machine.lives);
  const hardState = { term: 0 as Term, votedFor: null };
  const snapshot = emptySnapshot(0, NO_CONFIGURATION);
  machine.disk = new Disk({ hardState, snapshot, entries: [] });
}

export function applyThrough(machine: Machine, witness: Witness, through: LogIndex): void {
  const { log } = machine.state!;
  let applied = machine.applied.at(-1)?.index ?? machine.disk.snapshot.meta.index;
  while (applied < through) {
    const index = (applied + 1) as LogIndex;
    const entry = entryAt(log, index);
    witness.applies(entry, applied);
    machine.applied.push({ index, term: entryTerm(entry), text: textOf(entry) });
    applied = index;
  }
}

/** What the machine has applied through `index`, as a snapshot. */
export function snapshotAt(machine: Machine, index: LogIndex): Snapshot {
  const state = machine.state!;
  const meta = {
    group: 0 as GroupId,
    index,
    term: termAt(state.log, index)!,
    configuration: configurationAt(state, index),
  };
  const applied = machine.applied.filter((entry) => entry.index <= index);
  return { meta, stamp: entryStamp(entryAt(state.log, index)), applied };
}
