/**
 * Client connections: what came in and is not answered, what is answered and has not left.
 *
 * 1. Replies leave in request order; HELLO may agree on completion order.
 * 2. When a request ends unknown, the later ones of its connection that were already sent on end
 *    unknown too, and the others are refused as not applied: nothing overtakes a lost write.
 * 3. Bounds: requests in flight per connection (then reading pauses), unsent reply bytes (then
 *    reading pauses; whoever takes nothing for too long is closed), connections.
 * 4. All of them together may owe clients so many bytes; beyond, those to whom most is owed are closed
 *    until it is less, whether they would have taken it or not.
 */

import type { ErrorCode } from '../base/errors.ts';
import { clearList } from '../base/lists.ts';
import {
  type GroupId,
  type LogIndex,
  type Millis,
  type NodeId,
  ZERO_INDEX,
} from '../base/units.ts';
import { ProtocolOut } from '../core/protocol/requests.ts';
import type { ProtocolState } from '../core/protocol/state.ts';
import { protocol } from '../core/protocol/step.ts';
import { FEATURE } from '../core/protocol/wire.ts';
import type { WireFailure } from '../core/protocol/writer.ts';
import type { ResultLane } from '../core/results.ts';
import type { ConnectionId, NetPort } from '../ports/net.ts';
import type { Latencies } from './latencies.ts';
import { type LocalAnswers, ReplyWriter } from './reply-writer.ts';
import { SLOT, Slots } from './slots.ts';

export interface ConnectionLimits {
  readonly connectionsMax: number;
  /** Requests of one connection without a reply; at this many, reading pauses. */
  readonly pipelineMax: number;
  /** Reply bytes that the client has not taken; at this many, reading pauses. */
  readonly unsentBytesMax: number;
  /** The same, of all connections together; beyond, those that owe most reading are closed. */
  readonly unsentTotalBytesMax: number;
  /** A client that takes nothing for so long while replies wait is closed. */
  readonly slowReaderMs: number;
}

export interface Connection {
  readonly id: ConnectionId;
  readonly protocol: ProtocolState;
  readonly slots: Slots;
  isPaused: boolean;
  /** Not read for a while, whatever the limits say: it writes, and the log is long. */
  isSlowed: boolean;
  isClosing: boolean;
  isDirty: boolean;
  /** Since when the client has owed us reading; 0 while it does not. */
  stuckSince: number;
  /** The newest entry of each group that a request of this connection is executed with, by group. */
  readonly lastEntries: LogIndex[];
  unsentBefore: number;
  /** What was unsent when the connection was last looked at. */
  unsent: number;
}

export class Connections {
  readonly out = new ProtocolOut();
  readonly #rows = new Map<ConnectionId, Connection>();
  /** Found last: requests of one connection come, and are answered, one after the other. */
  #found: Connection | null = null;
  readonly #net: NetPort;
  readonly #limits: ConnectionLimits;
  readonly #writer: ReplyWriter;
  readonly #dirty: Connection[] = [];
  readonly #slowed: Connection[] = [];
  /** Sum of `unsent` over all connections. */
  #unsent = 0;
  slowReadersClosed = 0;
  /** Closed because too much was owed to all together. */
  evicted = 0;
  refused = 0;

  constructor(options: {
    readonly nodeId: number;
    readonly net: NetPort;
    readonly limits: ConnectionLimits;
    readonly local: LocalAnswers;
  }) {
    this.#net = options.net;
    this.#limits = options.limits;
    this.#writer = new ReplyWriter(options.nodeId, options.net, options.local);
  }

  /** The turn's time in microseconds. */
  get micros(): number {
    return this.#writer.micros;
  }

  set micros(micros: number) {
    this.#writer.micros = micros;
  }

  get latencies(): Latencies {
    return this.#writer.latencies;
  }

  get count(): number {
    return this.#rows.size;
  }

  /** Those that are open, oldest first. */
  all(): Iterable<Connection> {
    return this.#rows.values();
  }

  find(id: ConnectionId): Connection | null {
    if (this.#found !== null && this.#found.id === id) return this.#found;
    this.#found = this.#rows.get(id) ?? null;
    return this.#found;
  }

  #delete(id: ConnectionId): void {
    this.#unsent -= this.#rows.get(id)?.unsent ?? 0;
    this.#rows.delete(id);
    this.#found = null;
  }

  #cutOff(id: ConnectionId): void {
    this.#delete(id);
    this.#net.close(id, true);
  }

  open(id: ConnectionId): void {
    if (this.#rows.size >= this.#limits.connectionsMax) {
      this.refused++;
      this.#net.close(id, true);
      return;
    }
    this.#rows.set(id, {
      id,
      protocol: protocol.init({ connection: id, mode: 'unknown' }),
      slots: new Slots(),
      isPaused: false,
      isSlowed: false,
      isClosing: false,
      isDirty: false,
      stuckSince: 0,
      lastEntries: [],
      unsentBefore: 0,
      unsent: 0,
    });
  }

  /** Bytes of a connection; its requests are rows of `out.requests` afterwards. */
  receive(id: ConnectionId, bytes: Uint8Array, now: Millis): void {
    const connection = this.find(id);
    if (connection === null || connection.isClosing) return;
    protocol.step(connection.protocol, { kind: 'received', bytes }, now, this.out);
  }

  closed(id: ConnectionId): void {
    this.#delete(id);
  }

  /** Opens a slot for row `row` of the turn's requests. */
  openSlot(connection: Connection, row: number): number {
    const { seq, command, flags } = this.out.requests;
    return connection.slots.push(seq[row]!, command[row]!, flags[row]!, this.micros);
  }

  /** When a request came, in microseconds; null: it waits no more. */
  cameAt(id: ConnectionId, slot: number): number | null {
    const slots = this.find(id)?.slots;
    return slots?.isOpen(slot) === true ? slots.since[slots.at(slot)]! : null;
  }

  get hasReplies(): boolean {
    return this.#dirty.length > 0;
  }

  /** Whether the request still waits for its answer. */
  isOpen(id: ConnectionId, slot: number): boolean {
    return this.find(id)?.slots.isOpen(slot) ?? false;
  }

  /** The request is on its way: losing it leaves its outcome unknown. */
  markSent(id: ConnectionId, slot: number): void {
    const connection = this.find(id);
    if (connection === null || !connection.slots.isOpen(slot)) return;
    connection.slots.isSent[connection.slots.at(slot)] = 1;
  }

  /** A request of the connection is executed with the group's entry at `index`. */
  noteEntry(id: ConnectionId, group: GroupId, index: LogIndex): void {
    const connection = this.find(id);
    if (connection === null) return;
    while (connection.lastEntries.length <= group) connection.lastEntries.push(ZERO_INDEX);
    connection.lastEntries[group] = index;
  }

  /** What the connection's reads of the group must see. */
  lastEntry(id: ConnectionId, group: GroupId): LogIndex {
    return this.find(id)?.lastEntries[group] ?? ZERO_INDEX;
  }

  complete(id: ConnectionId, slot: number, lane: ResultLane, row: number): void {
    const connection = this.find(id);
    if (connection?.slots.complete(slot, lane, row) === true) this.#markDirty(connection);
  }

  answerLocally(connection: Connection, slot: number): void {
    connection.slots.state[connection.slots.at(slot)] = SLOT.LOCAL;
    this.#markDirty(connection);
  }

  /** `leader`: of the group that the request belongs to; NOBODY while it is not known. */
  redirect(connection: Connection, slot: number, leader: NodeId): void {
    connection.slots.setRedirect(slot, leader);
    this.#markDirty(connection);
  }

  /** The request was certainly not applied. */
  refuse(id: ConnectionId, slot: number, failure: WireFailure): void {
    const connection = this.find(id);
    if (connection === null || !connection.slots.isOpen(slot)) return;
    connection.slots.setFailure(slot, failure);
    this.#markDirty(connection);
  }

  /** Nobody can say whether the request was or will be applied (rule 2). */
  endUnknown(id: ConnectionId, from: number): void {
    const connection = this.find(id);
    if (connection === null || !connection.slots.isOpen(from)) return;
    const { slots } = connection;
    for (let slot = from; slot < slots.tail; slot++) {
      if (!slots.isOpen(slot)) continue;
      const code: ErrorCode = slots.isSent[slots.at(slot)] === 1 ? 'UNCERTAIN' : 'UNAVAILABLE';
      slots.setFailure(slot, { code, detail: null });
    }
    this.#markDirty(connection);
  }

  /** Answers what is still open, then closes. */
  close(id: ConnectionId): void {
    const connection = this.find(id);
    if (connection === null) return;
    connection.isClosing = true;
    this.#markDirty(connection);
  }

  /** Closes every connection once its replies have left: the end of a graceful stop. */
  closeAll(): void {
    for (const id of [...this.#rows.keys()].sort((left, right) => left - right)) this.close(id);
  }

  #markDirty(connection: Connection): void {
    if (connection.isDirty) return;
    connection.isDirty = true;
    this.#dirty.push(connection);
  }

  /** Sends every reply that may leave, and keeps a copy of those that must wait. */
  flush(now: Millis): void {
    for (const connection of this.#dirty) {
      connection.isDirty = false;
      if (this.#rows.get(connection.id) !== connection) continue;
      this.#writeReplies(connection);
      this.#applyBackPressure(connection, now);
      if (connection.isClosing && connection.slots.pending === 0) {
        this.#delete(connection.id);
        this.#net.close(connection.id, false);
      }
      if (this.#unsent > this.#limits.unsentTotalBytesMax) this.#evict();
    }
    clearList(this.#dirty);
  }

  /** Some have taken what was owed to them since they were looked at; of the others the worst go. */
  #evict(): void {
    for (const connection of this.#rows.values()) this.#look(connection);
    while (this.#unsent > this.#limits.unsentTotalBytesMax) {
      let worst: Connection | null = null;
      for (const connection of this.#rows.values()) {
        if (worst === null || connection.unsent > worst.unsent) worst = connection;
      }
      this.evicted++;
      this.#cutOff(worst!.id);
    }
  }

  #look(connection: Connection): number {
    const unsent = this.#net.unsentBytes(connection.id);
    this.#unsent += unsent - connection.unsent;
    connection.unsent = unsent;
    return unsent;
  }

  #writeReplies(connection: Connection): void {
    const { slots } = connection;
    const isAnyOrder = (connection.protocol.features & FEATURE.COMPLETION_ORDER) !== 0;
    let isInOrder = true;
    for (let slot = slots.head; slot < slots.tail; slot++) {
      const state = slots.state[slots.at(slot)]!;
      if (state === SLOT.PENDING) {
        isInOrder = false;
      } else if (state !== SLOT.GONE) {
        if (isInOrder || isAnyOrder) this.#writer.write(connection, slot);
        else if (state === SLOT.RESULT) this.#writer.keep(connection, slot);
      }
      if (isInOrder) slots.head = slot + 1;
    }
    this.#writer.flush(connection.id);
  }

  #applyBackPressure(connection: Connection, now: Millis): void {
    const unsent = this.#look(connection);
    const { pipelineMax, unsentBytesMax } = this.#limits;
    const isFull =
      connection.isSlowed || connection.slots.pending >= pipelineMax || unsent >= unsentBytesMax;
    if (isFull && !connection.isPaused) {
      connection.isPaused = true;
      this.#net.pause(connection.id);
    } else if (!isFull && connection.isPaused) {
      connection.isPaused = false;
      this.#net.resume(connection.id);
    }
    if (unsent < unsentBytesMax) connection.stuckSince = 0;
    else if (connection.stuckSince === 0) connection.stuckSince = now;
  }

  /** Reads no more from the connection until `readOn`. */
  slow(connection: Connection, now: Millis): void {
    if (connection.isSlowed) return;
    connection.isSlowed = true;
    this.#slowed.push(connection);
    this.#applyBackPressure(connection, now);
  }

  /** Reads again from all that were slowed. */
  readOn(now: Millis): void {
    for (const connection of this.#slowed) {
      connection.isSlowed = false;
      if (this.#rows.get(connection.id) === connection) this.#applyBackPressure(connection, now);
    }
    clearList(this.#slowed);
  }

  /** The client took what was unsent. */
  drained(id: ConnectionId, now: Millis): void {
    const connection = this.find(id);
    if (connection !== null) this.#applyBackPressure(connection, now);
  }

  /** Closes those who have taken nothing for too long. */
  closeSlowReaders(now: Millis): void {
    for (const connection of this.#rows.values()) {
      if (connection.stuckSince === 0) continue;
      const unsent = this.#look(connection);
      if (unsent < connection.unsentBefore) connection.stuckSince = now;
      connection.unsentBefore = unsent;
      if (now - connection.stuckSince < this.#limits.slowReaderMs) continue;
      this.slowReadersClosed++;
      this.#cutOff(connection.id);
    }
  }
}
