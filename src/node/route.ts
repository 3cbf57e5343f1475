/**
 * Each request of the turn to where it is executed.
 *
 * Requests of one connection go the same way in the order in which they came: what must wait for a
 * leader to be known makes those behind it wait too.
 */

import type { Failure } from '../base/errors.ts';
import { NOBODY } from '../base/units.ts';
import { FLAG } from '../core/protocol/wire.ts';
import { isRead } from '../core/types.ts';
import type { Connection } from './connections.ts';
import { endStaleStreams, forward } from './forwarding.ts';
import { gather, type Routed } from './gather.ts';
import { type Group, isLeading } from './group.ts';
import { isTied } from './hashes.ts';
import { isSlowing } from './log-room.ts';
import { refuseOne } from './owners.ts';
import { findGroup, type NodeState } from './state.ts';

export function routeRequests(node: NodeState): void {
  endStaleStreams(node);
  for (const group of node.groups) unpark(node, group);
  const { out } = node.connections;
  const { requests } = out;
  const source = requests.commands;
  const request: Routed = { owner: 0, slot: 0, operation: 0, source, at: 0, bytes: 0 };
  for (let row = 0; row < requests.count; row++) routeRow(node, row, request);
  for (const { connection } of out.closes) node.connections.close(connection);
  out.clear();
}

function routeRow(node: NodeState, row: number, request: Routed): void {
  const { requests } = node.connections.out;
  const connection = node.connections.find(requests.connection[row]!);
  if (connection === null) return;
  const slot = node.connections.openSlot(connection, row);
  const error = requests.error[row] ?? null;
  if (error !== null) {
    node.connections.refuse(connection.id, slot, { code: error, detail: null });
  } else if (requests.operation[row] === 0) {
    node.connections.answerLocally(connection, slot);
  } else {
    request.owner = connection.id;
    request.slot = slot;
    request.operation = requests.operation[row]!;
    request.at = requests.at[row]!;
    request.bytes = requests.bytes[row]!;
    routeCommand(node, connection, row, request);
  }
}

function routeCommand(node: NodeState, connection: Connection, row: number, request: Routed): void {
  const { slot, operation } = request;
  const group = groupOf(node, row);
  if (group === null || node.phase !== 'serving') {
    node.connections.refuse(connection.id, slot, { code: 'UNAVAILABLE', detail: null });
    return;
  }
  count(node, operation);
  if (!isRead(operation) && isSlowing(node)) node.connections.slow(connection, node.now);
  const flags = node.connections.out.requests.flags[row]!;
  if ((flags & FLAG.STALE) !== 0 && isRead(operation)) readStale(node, group, connection, request);
  else if ((flags & FLAG.REDIRECT) !== 0 && !isLeading(group)) {
    node.connections.redirect(connection, slot, group.raft.leader);
  } else execute(node, group, request);
}

function count(node: NodeState, operation: number): void {
  if (isRead(operation)) node.counters.gets++;
  else node.counters.puts++;
}

function groupOf(node: NodeState, row: number): Group | null {
  if (node.ring === null) return null;
  const { commands, keyAt, keyBytes } = node.connections.out.requests;
  const from = keyAt[row]!;
  return findGroup(node, node.ring.ownerOf(commands, from, from + keyBytes[row]!));
}

/** Why nothing can be told of this group's state here; null: it can. */
function faultOf(group: Group): Failure | null {
  const { rebuild, hashes } = group;
  if (rebuild !== null) return { code: rebuild.code, detail: rebuild.detail };
  if (!isTied(group)) return null;
  const detail = `at index ${hashes.tiedIndex} no state has a majority of the voters`;
  return { code: 'STATE_DIVERGED', detail };
}

/** Here if we lead, at the leader if we know it, else later. */
export function execute(node: NodeState, group: Group, request: Routed): void {
  if (group.parked.length > 0) park(node, group, request);
  else if (isLeading(group)) gather(node, group, request);
  else if (group.raft.leader !== NOBODY && request.owner >= 0) forward(node, group, request);
  else park(node, group, request);
}

function readStale(node: NodeState, group: Group, connection: Connection, request: Routed): void {
  const { slots } = connection;
  const fault = faultOf(group);
  if (fault !== null) {
    node.connections.refuse(connection.id, request.slot, fault);
    return;
  }
  const silence = isLeading(group) ? 0 : node.now - group.raft.lastLeaderContact;
  slots.staleMs[slots.at(request.slot)] = Math.max(1, silence);
  group.staleReads.append(request.source, request.at, request.bytes, 0);
  group.staleReads.rows.push(request.owner, request.slot);
}

/** Nobody is known to lead: wait for news, within bounds. Only our own clients may wait. */
function park(node: NodeState, group: Group, request: Routed): void {
  const { owner, slot, operation, source, at, bytes } = request;
  if (owner < 0 || group.parked.length >= node.config.parkedMax) {
    refuseOne(node, owner, slot, owner < 0 ? 'UNAVAILABLE' : 'OVERLOADED');
    return;
  }
  const command = source.slice(at, at + bytes);
  group.parked.push({ since: node.now, owner, slot, operation, command });
}

/** Somebody leads again: what waited goes first. */
function unpark(node: NodeState, group: Group): void {
  if (group.parked.length === 0) return;
  if (!isLeading(group) && group.raft.leader === NOBODY) return;
  const waiting = group.parked;
  group.parked = [];
  for (const { owner, slot, operation, command } of waiting) {
    // Whoever has been told "not applied" meanwhile must not be proved wrong.
    if (!node.connections.isOpen(owner, slot)) continue;
    const request = { owner, slot, operation, source: command, at: 0, bytes: command.length };
    execute(node, group, request);
  }
}
