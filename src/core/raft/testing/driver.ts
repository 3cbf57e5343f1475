/**
 * What a driver owes a machine after each step, in a test: records to the disk, messages when they
 * may leave, entries applied, reads answered, snapshots carried.
 */
import { assert } from '../../../base/assert.ts';
import type { LogIndex } from '../../../base/units.ts';
import { sameMember } from '../../members.ts';
import type { Member } from '../../types.ts';
import { termAt } from '../log.ts';
import type { RaftOut } from '../out.ts';
import { isSnapshotUseful } from '../snapshot.ts';
import type { Cluster } from './cluster.ts';
import type { Snapshot } from './disk.ts';
import { applyThrough, type Machine } from './machine.ts';

export function honour(cluster: Cluster, machine: Machine, out: RaftOut): void {
  const { witness, network } = cluster;
  const state = machine.state!;
  for (const record of out.records) {
    if (record.kind !== 'entry') continue;
    const previous = termAt(state.log, (record.index - 1) as LogIndex);
    if (previous !== null) witness.appended(record.bytes, previous);
  }
  if (out.records.length > 0) machine.disk.write(out.ticket, out.records);
  for (const message of out.sendNow) {
    witness.sends(message, machine.disk);
    network.send(message);
  }
  machine.held.push(...out.sendAfter);
  if (out.applyThrough > 0) applyThrough(machine, witness, out.applyThrough);
  machine.safeReads.push(...out.readsSafe);
  answerReads(cluster, machine);
  for (const id of out.readsRefused) cluster.reads.get(id)!.status = 'refused';
  for (const to of out.snapshotsWanted) sendSnapshot(cluster, machine, to);
}

function answerReads({ reads }: Cluster, machine: Machine): void {
  const { appliedIndex } = machine.state!;
  for (const { id, index } of machine.safeReads) {
    if (index > appliedIndex) continue;
    const read = reads.get(id)!;
    assert(index >= read.floor, 'linearizable', 'a read missed what was committed before it');
    read.status = 'answered';
    read.index = appliedIndex;
  }
  machine.safeReads = machine.safeReads.filter(({ index }) => index > appliedIndex);
}

/** What waited for the flush `through` leaves. */
export function releaseHeld({ witness, network }: Cluster, machine: Machine, through: number) {
  const leaving = machine.held.filter(({ ticket }) => ticket <= through);
  machine.held = machine.held.filter(({ ticket }) => ticket > through);
  for (const { message } of leaving) {
    witness.sends(message, machine.disk);
    network.send(message);
  }
}

export function sendSnapshot({ network }: Cluster, machine: Machine, to: Member): void {
  const { snapshot } = machine.disk;
  const isUnderWay = network.queue.some(
    (parcel) => parcel.type === 'snapshot' && sameMember(parcel.to, to),
  );
  if (isUnderWay || snapshot.meta.index < machine.state!.snapshotIndex) return;
  network.send({ type: 'snapshot', from: machine.member, to, snapshot });
}

/** A whole snapshot is there: it goes into force if it is still news. */
export function install(
  cluster: Cluster,
  machine: Machine,
  snapshot: Snapshot,
  from: Member,
): void {
  const { meta, stamp } = snapshot;
  if (isSnapshotUseful(machine.state!, meta.index)) {
    machine.disk.store(snapshot);
    machine.applied = [...snapshot.applied];
    const wall = cluster.wall(machine);
    cluster.step(machine.id, { kind: 'snapshot-installed', meta, stamp, from, wall });
  }
  const answer = { type: 'snapshot-answer', from: machine.member, to: from } as const;
  cluster.network.send({ ...answer, index: meta.index, isInstalled: true });
}
