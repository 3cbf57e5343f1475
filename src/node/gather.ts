/** A request that is executed here joins what the turn gathers for its group, or is refused. */
import type { ErrorCode } from '../base/errors.ts';
import { ENTRY_BODY_BYTES_MAX, isRead } from '../core/types.ts';
import type { Group } from './group.ts';
import { isTied } from './hashes.ts';
import { refuseOne } from './owners.ts';
import { proposeGroup } from './propose.ts';
import { isRefusedForRoom } from './room.ts';
import type { NodeState } from './state.ts';

/** Filled in anew for the next request: nobody keeps it. */
export interface Routed {
  owner: number;
  slot: number;
  operation: number;
  source: Uint8Array;
  at: number;
  bytes: number;
}

/** Into the turn's entry, or among the reads at this point of it. */
export function gather(node: NodeState, group: Group, request: Routed): void {
  const { source, at, bytes, owner, slot } = request;
  const code = refusalOf(node, group, request.operation);
  if (code !== null) {
    refuseOne(node, owner, slot, code);
    return;
  }
  if (isRead(request.operation)) {
    group.reads.append(source, at, bytes, group.writes.rows.count);
    group.reads.rows.push(owner, slot);
    return;
  }
  if (group.writes.bodyBytes + bytes > ENTRY_BODY_BYTES_MAX) proposeGroup(node, group);
  group.writes.append(source, at, bytes);
  group.writes.rows.push(owner, slot);
  if (group.raft.durability === 'strict') proposeGroup(node, group);
}

/** Why a leader cannot take the command now; null: it can. */
function refusalOf(node: NodeState, group: Group, operation: number): ErrorCode | null {
  if (isTied(group)) return 'STATE_DIVERGED';
  return isRefusedForRoom(node, group, operation) ? 'DISK_FULL' : null;
}
