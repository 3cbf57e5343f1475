/**
 * Whole tables: for those who join, for those who missed a rumour, and across a healed partition.
 *
 * 1. A `sync` hands over the sender's table and asks for the addressee's. Both travel in as many
 *    datagrams as they need; a lost piece is made good by the next exchange.
 * 2. The addressee's own record goes first: a process that restarted learns what to top.
 * 3. Until anybody's table has been seen, one is asked for every period; later now and then.
 * 4. The dead, and addresses we were given that are not in the table, are tried now and then as
 *    well: when a long partition heals, both sides hold each other dead, and nobody probes the
 *    dead. Without this they would never meet again.
 * 5. Records of incarnation 0 stay at home: they repeat a list, nobody has vouched for them.
 */
import { nextBelow } from '../../base/prng.ts';
import { NOBODY } from '../../base/units.ts';
import { roomBytes, send, sendRecords, transmissionsMax } from './gossip.ts';
import { membersWhere } from './members.ts';
import { type Message, recordBytes } from './message.ts';
import { chooseAlive } from './probe.ts';
import type { Update } from './state.ts';
import {
  changeOf,
  isLive,
  ownRecord,
  type Peer,
  recordOf,
  type SwimOut,
  type SwimState,
} from './state.ts';
import { ascending } from './suspicion.ts';

/** Rules 3 and 4, once a period. */
export function exchangeTables(state: SwimState, out: SwimOut): void {
  const { id, syncEveryPeriods, reachEveryPeriods } = state.config;
  // The id spreads the members' exchanges over the periods.
  const turn = state.period + id;
  if (!state.joined || turn % syncEveryPeriods === 0) askOneOf(state, reachable(state), out);
  if (turn % reachEveryPeriods === 0) askOneOf(state, unreachable(state), out);
}

function askOneOf(state: SwimState, candidates: readonly Peer[], out: SwimOut): void {
  if (candidates.length === 0) return;
  const target = candidates[nextBelow(state.prng, candidates.length)]!;
  sendTable(state, target, 'sync', out);
}

/** Live members; before the first table has come, the whole address book too. */
function reachable(state: SwimState): Peer[] {
  const peers: Peer[] = state.round.map((id) => state.members.get(id)!);
  return state.joined ? peers : [...peers, ...unreachable(state)];
}

function unreachable(state: SwimState): Peer[] {
  const peers: Peer[] = membersWhere(state, (member) => member.state === 'dead');
  for (const id of [...state.peers.keys()].sort(ascending)) {
    const address = state.peers.get(id)!;
    const held = state.members.get(id);
    const isElsewhere = held !== undefined && held.state === 'dead' && held.address !== address;
    if (held === undefined || isElsewhere) peers.push({ id, address });
  }
  return peers;
}

export function answerSync(state: SwimState, sync: Message, out: SwimOut): void {
  sendTable(state, sync.sender, 'table', out);
}

/** Our table in pieces, the first of kind `first`. */
export function sendTable(
  state: SwimState,
  target: Peer,
  first: 'sync' | 'table',
  out: SwimOut,
): void {
  let kind: 'sync' | 'table' = first;
  for (const updates of tablePieces(state, target)) {
    sendRecords(state, target, { kind, sequence: 0, subject: NOBODY, updates }, out);
    kind = 'table';
  }
}

/** At least one piece: an empty table is an answer too. */
function tablePieces(state: SwimState, target: Peer): Update[][] {
  const roomMax = roomBytes(state);
  let piece: Update[] = [];
  let room = roomMax;
  const pieces = [piece];
  for (const update of tableFor(state, target)) {
    if (recordBytes(update) > room) {
      piece = [];
      room = roomMax;
      pieces.push(piece);
    }
    piece.push(update);
    room -= recordBytes(update);
  }
  return pieces;
}

function tableFor(state: SwimState, target: Peer): Update[] {
  const updates: Update[] = [];
  for (const member of membersWhere(state, (held) => held.incarnation > 0)) {
    if (member.id === target.id) updates.unshift(recordOf(state, member, 0));
    else updates.push(recordOf(state, member, 0));
  }
  return updates;
}

/** Leaving is an announcement, not a silence: nobody suspects one that said good-bye. */
export function leave(state: SwimState, out: SwimOut): void {
  if (state.left) return;
  state.left = true;
  state.probe = null;
  state.relays.clear();
  state.farewellsLeft = transmissionsMax(state);
  out.changes.push(changeOf(ownRecord(state)));
  sayFarewell(state, out);
}

/** Our own record leads every datagram, so any datagram is the announcement. */
export function sayFarewell(state: SwimState, out: SwimOut): void {
  state.farewellsLeft--;
  for (const target of chooseAlive(state, state.config.helpersMax, NOBODY)) {
    send(state, target, { kind: 'gossip', sequence: 0, subject: NOBODY }, out);
  }
}

/** Adds addresses to ask; a member that left comes back above what it left with. */
export function join(state: SwimState, peers: readonly Peer[], out: SwimOut): void {
  state.joined = false;
  for (const { id, address } of peers) {
    if (id === state.config.id) continue;
    if (!state.peers.has(id) && state.peers.size >= state.config.membersMax) {
      state.counters.tableFull++;
      continue;
    }
    state.peers.set(id, address);
  }
  if (!state.left) return;
  state.left = false;
  state.farewellsLeft = 0;
  state.incarnation++;
  out.changes.push(changeOf(ownRecord(state)));
}

/** Whoever we hold dead or left and who speaks as alive must hear it, or it stays so. */
export function tellSender(state: SwimState, message: Message, out: SwimOut): void {
  const { kind, sender } = message;
  // The answers to these have told it.
  if (kind === 'ping' || kind === 'sync') return;
  // Two that hold each other dead would answer each other's word for ever, if one cannot refute.
  if (kind === 'gossip') return;
  if (sender.state === 'left' || state.left) return;
  const held = state.members.get(sender.id);
  if (held === undefined || isLive(held.state)) return;
  send(state, sender, { kind: 'gossip', sequence: 0, subject: NOBODY }, out);
}
