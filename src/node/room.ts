/**
 * Room on the disk, and what a node does before it runs out of it.
 *
 *   ample ──── reserve ──── short ──── last segment ──── exhausted
 *
 * 1. Short: as a leader it refuses what makes the state grow (DISK_FULL); what frees room passes, and
 *    snapshots are taken, so that the log can go. As a follower it tells its leaders, who refuse the
 *    same while fewer than a quorum have room: else they would promise what cannot be kept.
 * 2. Exhausted: nothing more is proposed, and a leader's entries are refused by silence. Its
 *    heartbeats still count, so that nobody campaigns for want of one.
 * 3. Nothing of this lasts: the free bytes are looked at again and again, and a follower's word
 *    holds for seconds only.
 * 4. If a write runs out of room all the same, the log stops the node (core/wal): a file system
 *    that does not keep its promises is not argued with.
 */
import { type Millis, millis, ZERO_INDEX } from '../base/units.ts';
import { encodeIndex, REPAIR_TYPE } from '../core/mending/codec.ts';
import { CHANNEL } from '../core/protocol/peer-frame.ts';
import { hasQuorum } from '../core/raft/quorum.ts';
import { currentConfiguration } from '../core/raft/state.ts';
import { isRead, type Member, OPERATION } from '../core/types.ts';
import { reservedBytes } from '../core/wal/state.ts';
import type { Group } from './group.ts';
import type { NodeState } from './state.ts';

const LOOK_MS = 100;
const TELL_MS = 500;
/** A member's word that it is short counts this long. */
const WORD_MS = 2_000;

export type RoomLevel = 'ample' | 'short' | 'exhausted';

export interface Room {
  level: RoomLevel;
  lookAt: Millis;
  tellAt: Millis;
  /** Members that said they are short, and until when that counts. */
  readonly shortUntil: Map<string, Millis>;
}

export const newRoom = (): Room => ({
  level: 'ample',
  lookAt: millis(0),
  tellAt: millis(0),
  shortUntil: new Map(),
});

/** Called every turn; asks the disk now and then. */
export function watchRoom(node: NodeState): void {
  const { room, now } = node;
  if (node.phase !== 'serving') return;
  if (now >= room.lookAt) {
    room.lookAt = millis(now + LOOK_MS);
    room.level = levelOf(node);
    if (room.level !== 'ample') for (const group of node.groups) wantSnapshot(node, group);
  }
  if (room.level === 'ample' || now < room.tellAt) return;
  room.tellAt = millis(now + TELL_MS);
  tellLeaders(node);
}

function levelOf(node: NodeState): RoomLevel {
  const { diskReserveBytes, segmentBytes } = node.config;
  const freeBytes = node.ports.disk.freeBytes();
  if (freeBytes >= diskReserveBytes) return 'ample';
  return freeBytes + reservedBytes(node.wal!) >= segmentBytes ? 'short' : 'exhausted';
}

/** The log behind a snapshot can go. What is in memory already makes no new one worth its bytes. */
function wantSnapshot(node: NodeState, group: Group): void {
  const newBytes = group.raft.log.bytes - group.trailingBytes;
  if (newBytes * 4 > node.config.segmentBytes) group.isSnapshotWanted = true;
}

function tellLeaders(node: NodeState): void {
  const told = new Set<string>();
  for (const { raft } of node.groups) {
    const { leaderMember } = raft;
    if (leaderMember === null || told.has(nameOf(leaderMember))) continue;
    told.add(nameOf(leaderMember));
    const head = { channel: CHANNEL.REPAIR, type: REPAIR_TYPE.SHORT, group: 0 };
    node.peers!.send(leaderMember, head, [encodeIndex(ZERO_INDEX)]);
  }
}

const nameOf = ({ id, store }: Member): string => `${id}/${store}`;

export function noteShort(node: NodeState, member: Member): void {
  node.room.shortUntil.set(nameOf(member), millis(node.now + WORD_MS));
}

/** Commands after which less is stored, or no more. */
const FREEING: ReadonlySet<number> = new Set([
  OPERATION.DELETE,
  OPERATION.FLUSH_ALL,
  OPERATION.EXPIRE,
  OPERATION.CLOSE_SESSION,
  OPERATION.SETTINGS,
]);

/** Whether a leader has to refuse the command for want of room, here or at the others. */
export function isRefusedForRoom(node: NodeState, group: Group, operation: number): boolean {
  const { level, shortUntil } = node.room;
  if ((level === 'ample' && shortUntil.size === 0) || isRead(operation)) return false;
  if (level === 'exhausted') return true;
  if (FREEING.has(operation)) return false;
  return level === 'short' || !hasRoomfulQuorum(node, group);
}

function hasRoomfulQuorum(node: NodeState, group: Group): boolean {
  const { shortUntil } = node.room;
  for (const [name, until] of [...shortUntil]) if (node.now >= until) shortUntil.delete(name);
  const configuration = currentConfiguration(group.raft);
  return hasQuorum(configuration, (member) => !shortUntil.has(nameOf(member)));
}
