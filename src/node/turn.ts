/**
 * A turn: everything that came in since the last one, from bytes to reply.
 *
 *   bytes → protocol → router → raft → wal → store → reply
 *
 * Control flow only; each line is a page of its own. There is no branch on a role or a command
 * here: machines decide, this page carries.
 */
import type { Millis } from '../base/units.ts';
import { applyCommitted } from './apply.ts';
import { continueBoot } from './boot.ts';
import { continueForming } from './forming.ts';
import { sendForwards } from './forwarding.ts';
import { takeInputs } from './inputs.ts';
import { measureLog } from './log-room.ts';
import { expireRequests } from './patience.ts';
import { persistRecords } from './persist.ts';
import { proposeGathered } from './propose.ts';
import { reclaimMemory } from './reclaim.ts';
import { sendReplies } from './replies.ts';
import { watchRoom } from './room.ts';
import { routeRequests } from './route.ts';
import { takeSnapshots } from './snapshots.ts';
import type { NodeState } from './state.ts';
import { continueStopping } from './stopping.ts';
import { tickMachines } from './tick.ts';

export interface TurnTime {
  readonly now: Millis;
  readonly wall: number;
  readonly micros: number;
}

export function turn(node: NodeState, time: TurnTime): void {
  node.now = time.now;
  node.wall = time.wall;
  node.connections.micros = time.micros;
  takeInputs(node); // bytes become requests, frames become Raft's messages, completions come home
  continueBoot(node); // until the node serves: what the disk's answers allow next
  continueForming(node); // a cluster's id is durable: found it, or join it
  tickMachines(node); // whose deadline has come
  watchRoom(node); // is there room on the disk for what is coming?
  measureLog(node); // whoever writes faster than snapshots are taken is slowed down
  routeRequests(node); // each request to its group, its leader, or its refusal
  proposeGathered(node); // one entry per group, one read round per group
  sendForwards(node); // one batch per group that another node leads
  persistRecords(node); // one WAL append for all groups
  applyCommitted(node); // committed entries change the store, answers go to their askers
  takeSnapshots(node); // a slice of each snapshot under way
  expireRequests(node); // who has waited too long is told so
  continueStopping(node); // a stop that was asked for goes on
  node.served.flush(node); // answers to other nodes leave
  sendReplies(node); // replies leave
  node.peers?.flush(); // one frame per peer leaves
  reclaimMemory(node); // a slice of what memory wants: nothing of this turn points there any more
}
