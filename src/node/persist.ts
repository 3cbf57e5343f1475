/**
 * The turn's records to the WAL, and what the disk's answers set free.
 *
 * One append carries the records of all groups under one ticket of the node; each group remembers
 * which of its own tickets went with it.
 */
import { assert } from '../base/assert.ts';
import { logIndex, type Ticket, term, ticket } from '../base/units.ts';
import { lastIndex, lastTerm } from '../core/raft/log.ts';
import { clearWalOut, type WalEvent } from '../core/wal/state.ts';
import { wal } from '../core/wal/step.ts';
import { stepRaft } from './drain.ts';
import type { Group } from './group.ts';
import { noteAppend, noteDurable } from './stages.ts';
import { failNode, type NodeState } from './state.ts';

export function persistRecords(node: NodeState): void {
  // A sync's answer may make a leader, whose no-op is a record again.
  while (node.records.length > 0) appendRecords(node);
}

function appendRecords(node: NodeState): void {
  const records = node.records;
  node.records = [];
  node.lastTicket = ticket(node.lastTicket + 1);
  noteAppend(node, node.lastTicket);
  for (const group of node.groups) {
    if (group.turnTicket === 0) continue;
    group.tickets.push({ node: node.lastTicket, raft: group.turnTicket });
    group.turnTicket = 0;
  }
  for (const record of records) {
    if (record.kind !== 'snapshot') continue;
    const group = node.groups.find((candidate) => candidate.id === record.group)!;
    const raftTicket = group.tickets.at(-1)!.raft;
    group.marks.push({ raftTicket, index: record.index });
  }
  stepWal(node, { kind: 'append', ticket: node.lastTicket, records });
}

export function stepWal(node: NodeState, event: WalEvent): void {
  const out = node.walOut;
  clearWalOut(out);
  wal.step(node.wal!, event, node.now, out);
  if (out.failed !== null) {
    failNode(node, out.failed);
    return;
  }
  node.desk.submit('wal', 0, out.submissions);
  const { durable, recovered, repaired } = out;
  if (recovered !== null) node.recovery = recovered;
  if (repaired !== null) node.recovery = { verdict: 'clean', groups: repaired, damage: null };
  if (durable > 0) markDurable(node, durable);
}

/** Everything up to `durable` is on disk: messages held for it leave, what it decides is decided. */
function markDurable(node: NodeState, durable: Ticket): void {
  noteDurable(node, durable);
  for (const group of node.groups) {
    let raftTicket = 0;
    while (group.tickets.length > 0 && group.tickets[0]!.node <= durable) {
      raftTicket = group.tickets.shift()!.raft;
    }
    if (raftTicket > 0) groupDurable(node, group, raftTicket);
  }
}

function groupDurable(node: NodeState, group: Group, raftTicket: number): void {
  const { log } = group.raft;
  assert(raftTicket <= group.raft.lastTicket, 'durable-quorum', 'durable before written');
  stepRaft(node, group, {
    kind: 'synced',
    ticket: raftTicket,
    index: logIndex(lastIndex(log)),
    term: term(lastTerm(log)),
  });
  group.held.release(raftTicket, (message) => node.peers!.sendRaft(group.id, message));
  while (group.marks.length > 0 && group.marks[0]!.raftTicket <= raftTicket) {
    const { index } = group.marks.shift()!;
    group.releasable = index;
    stepWalLater(node, { kind: 'release', group: group.id, index });
  }
}

/** The WAL's outbox is being read: its next event waits until that is done. */
function stepWalLater(node: NodeState, event: WalEvent): void {
  node.walEvents.push(event);
}

export function stepWaitingWal(node: NodeState): void {
  while (node.walEvents.length > 0) stepWal(node, node.walEvents.shift()!);
}
