/**
 * One step of a group's Raft machine, and its outbox carried out in the order of its lanes.
 *
 * Records go to the turn's WAL append; what they must precede is held until the disk has answered.
 * What other pages of the turn act on is left with the group for them.
 */

import type { RaftEvent } from '../core/raft/event.ts';
import type { ProposalOutcome } from '../core/raft/out.ts';
import { raft } from '../core/raft/step.ts';
import type { Group } from './group.ts';
import type { NodeState } from './state.ts';

export function stepRaft(node: NodeState, group: Group, event: RaftEvent): ProposalOutcome {
  const out = group.raftOut;
  out.clear();
  raft.step(group.raft, event, node.now, out);
  node.observer?.stepped(group.raft, event, out);
  if (out.records.length > 0) {
    for (const record of out.records) node.records.push(record);
    group.turnTicket = out.ticket;
  }
  for (const message of out.sendNow) node.peers!.sendRaft(group.id, message);
  for (const held of out.sendAfter) group.held.hold(held);
  if (out.applyThrough > group.applyThrough) group.applyThrough = out.applyThrough;
  for (const read of out.readsSafe) group.confirmed.push(read);
  for (const id of out.readsRefused) group.unconfirmed.push(id);
  for (const member of out.snapshotsWanted) group.snapshotsWanted.push(member);
  return out.proposal;
}
