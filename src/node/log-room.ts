/**
 * The log's bound on disk: who writes faster than snapshots are taken is slowed down, then refused.
 *
 *   log on disk   0 ────────────── slow ──────── full ─────────── bound
 *                    all is taken    │ sockets     │ OVERLOADED     │ never reached
 *                                    │ wait        │
 *
 * 1. Counted is what lives in segments or waits for them, parts that died in the middle included.
 *    The rest of the tail, the spare, and one segment in the making come on top, so `full` lies three
 *    segments below the bound.
 * 2. From `slow` on, a connection that writes is not read for a while: its requests are taken, no
 *    more come. Not for longer than a request may wait for its answer: a client is told in the end.
 * 3. At `full` a leader refuses entries, and a follower lets appends that bring some be lost: the
 *    leader's heartbeats are heard, and with them it tries again. Both only while a snapshot is under way or due.
 *    Where none could free anything, the bound on uncommitted bytes is the one that holds.
 * 4. The bound grows with the content: a log of a quarter of it calls for a snapshot, so what
 *    snapshots cost is in proportion to what is written, however much there is.
 */
import { isFormed } from '../core/raft/configurations.ts';
import { isSaving } from '../core/snapshots/state.ts';
import { usedBytes } from '../core/wal/state.ts';
import type { Group } from './group.ts';
import { isTied } from './hashes.ts';
import type { NodeState } from './state.ts';

const SEGMENTS_ON_TOP = 3;

/** What the log may take on disk. */
function logBoundBytes(node: NodeState): number {
  let contentBytes = 0;
  for (const { store } of node.groups) contentBytes += store.table.logicalBytes;
  return Math.max(node.config.logDiskBytesMax, contentBytes);
}

/** All that the log gave the disk in this life. */
export const loggedBytes = (node: NodeState): number => node.wal!.stats.writtenBytes;

/**
 * Whether a group's next snapshot is due: by the entries in memory, or by what the disk was given
 * since the last was begun, for small flushes take whole blocks.
 */
export function isLogLong(node: NodeState, group: Group): boolean {
  const { raft, store, trailingBytes, snapshotAtBytes } = group;
  if (store.appliedIndex <= raft.snapshotIndex) return false;
  const dueBytes = Math.max(node.config.snapshotLogBytes * 4, store.table.logicalBytes);
  if ((raft.log.bytes - trailingBytes) * 4 >= dueBytes) return true;
  return (loggedBytes(node) - snapshotAtBytes) * 4 >= logBoundBytes(node);
}

/** Whether the group's state is one to take a snapshot of. */
export function maySnapshot(group: Group): boolean {
  if (group.rebuild !== null || group.installing !== null || isTied(group)) return false;
  // A log that begins behind entry 1 says that every founder holds it.
  return group.store.appliedIndex > 0 && isFormed(group.raft);
}

/** Whether a snapshot that shortens the log is under way, or due. */
function canShorten(node: NodeState): boolean {
  return node.groups.some(
    (group) => isSaving(group.files) || (maySnapshot(group) && isLogLong(node, group)),
  );
}

function fullBytes(node: NodeState): number {
  return logBoundBytes(node) - SEGMENTS_ON_TOP * node.config.segmentBytes;
}

/** Whether `bytes` of entries may go into the log now (rule 3). */
export function hasLogRoom(node: NodeState, bytes: number): boolean {
  if (usedBytes(node.wal!) + promisedBytes(node) + bytes <= fullBytes(node)) return true;
  return !canShorten(node);
}

/** What this turn has already put aside for the log. */
export function promisedBytes(node: NodeState): number {
  let bytes = 0;
  for (const record of node.records) if (record.kind === 'entry') bytes += record.bytes.length;
  return bytes;
}

/** Once a turn: whether writers are to be slowed down (rule 2). */
export function measureLog(node: NodeState): void {
  if (node.wal === null) return;
  const isLong = usedBytes(node.wal) * 8 > fullBytes(node) * 7;
  if (!isLong || !canShorten(node)) node.slowSince = null;
  else node.slowSince ??= node.now;
  if (!isSlowing(node)) node.connections.readOn(node.now);
}

export function isSlowing(node: NodeState): boolean {
  const { slowSince, now, config } = node;
  return slowSince !== null && now - slowSince < config.requestTimeoutMs;
}
