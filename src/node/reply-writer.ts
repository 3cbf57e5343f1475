/**
 * Replies of connections as bytes: one piece for all that leaves in a row, wherever it stands.
 *
 * 1. An answer that came with room in front of it (core/results.ts) becomes a frame where it stands;
 *    frames that touch leave together, and no value is copied again.
 * 2. Everything else is written to an arena. Never is something pending in both.
 */
import type { NodeId } from '../base/units.ts';
import { FrameWriter } from '../core/protocol/frame-writer.ts';
import { FLAG, REQUEST } from '../core/protocol/wire.ts';
import {
  framePlainResult,
  newReplyView,
  type Request,
  type WireMetrics,
  writeFailure,
  writeMetrics,
  writePong,
  writeRedirect,
  writeResult,
  writeWelcome,
} from '../core/protocol/writer.ts';
import type { ResultLane } from '../core/results.ts';
import type { ConnectionId, NetPort } from '../ports/net.ts';
import type { Connection } from './connections.ts';
import { Latencies } from './latencies.ts';
import { SLOT, type Slots } from './slots.ts';

/** What local replies need to know. */
export interface LocalAnswers {
  readonly server: string;
  metrics(): WireMetrics;
  /** A node's client address; null for nobody's, and for one that is not named. */
  addressOf(node: NodeId): string | null;
}

export class ReplyWriter {
  readonly latencies = new Latencies();
  /** The turn's time in microseconds. */
  micros = 0;
  readonly #net: NetPort;
  readonly #local: LocalAnswers;
  readonly #writer: FrameWriter;
  readonly #reply = newReplyView();
  /** Frames that stand back to back in a lane; null: none. */
  #lane: ResultLane | null = null;
  #from = 0;
  #to = 0;

  constructor(nodeId: number, net: NetPort, local: LocalAnswers) {
    this.#net = net;
    this.#local = local;
    this.#writer = new FrameWriter(nodeId);
  }

  /** Writes the answer in `slot`, which is forgotten then. */
  write(connection: Connection, slot: number): void {
    const { slots } = connection;
    const at = slots.at(slot);
    if (slots.state[at] !== SLOT.RESULT) {
      this.#sendFrames(connection.id);
      this.#writeOther(connection, at);
    } else if (!this.#frame(connection.id, slots, at)) {
      this.#sendFrames(connection.id);
      this.#writeResult(slots, at);
    }
    slots.release(slot);
  }

  /** The lanes are cleared after the turn, so an answer that must wait is encoded now. */
  keep(connection: Connection, slot: number): void {
    const { slots } = connection;
    this.flush(connection.id);
    this.#writeResult(slots, slots.at(slot));
    slots.release(slot);
    slots.setKept(slot, this.#writer.take());
  }

  /** All that was written leaves. */
  flush(id: ConnectionId): void {
    this.#sendFrames(id);
    this.#sendWritten(id);
  }

  #sendFrames(id: ConnectionId): void {
    if (this.#lane === null) return;
    this.#net.send(id, this.#lane.show(this.#from, this.#to, this.#net.keepsBytes));
    this.#lane = null;
  }

  #sendWritten(id: ConnectionId): void {
    if (this.#writer.pendingBytes > 0) this.#net.send(id, this.#writer.take());
  }

  /** False: there is no room in front of the answer, or not for this form of it. */
  #frame(id: ConnectionId, slots: Slots, at: number): boolean {
    const lane = slots.lane[at]!;
    const row = slots.row[at]!;
    if ((slots.flags[at]! & FLAG.TYPED) !== 0 || slots.command[at] !== REQUEST.GET) return false;
    const from = framePlainResult(lane, row, slots.seq[at]!, this.#writer.sender);
    if (from < 0) return false;
    if (lane !== this.#lane || from !== this.#to) {
      this.flush(id);
      this.#lane = lane;
      this.#from = from;
    }
    this.#to = lane.valueAt[row]! + lane.valueBytes[row]!;
    this.#note(slots, at);
    return true;
  }

  #writeResult(slots: Slots, at: number): void {
    const reply = this.#reply;
    const lane = slots.lane[at]!;
    const row = slots.row[at]!;
    reply.seq = slots.seq[at]!;
    reply.command = slots.command[at]!;
    reply.flags = slots.flags[at]!;
    reply.staleMs = slots.staleMs[at]!;
    reply.status = lane.status[row]!;
    reply.revision = lane.revision[row]!;
    reply.source = lane.values;
    reply.valueAt = lane.valueAt[row]!;
    reply.valueBytes = lane.valueBytes[row]!;
    this.#note(slots, at);
    writeResult(this.#writer, reply);
  }

  #note(slots: Slots, at: number): void {
    const isStale = (slots.flags[at]! & FLAG.STALE) !== 0;
    this.latencies.note(slots.command[at]!, isStale, this.micros - slots.since[at]!);
  }

  /** Whatever is no result of this turn. */
  #writeOther(connection: Connection, at: number): void {
    const { slots } = connection;
    const request = { seq: slots.seq[at]!, command: slots.command[at]!, flags: slots.flags[at]! };
    switch (slots.state[at]) {
      case SLOT.KEPT:
        this.#sendWritten(connection.id);
        this.#net.send(connection.id, slots.kept[at]!);
        break;
      case SLOT.FAILED:
        writeFailure(this.#writer, request, slots.failure[at]!);
        break;
      case SLOT.REDIRECT:
        this.#writeRedirect(request, slots.row[at] as NodeId);
        break;
      case SLOT.LOCAL:
        this.#writeLocal(connection, request);
        break;
    }
  }

  #writeRedirect(request: Request, leader: NodeId): void {
    const address = this.#local.addressOf(leader);
    if (address !== null) writeRedirect(this.#writer, request.seq, address);
    else writeFailure(this.#writer, request, { code: 'UNAVAILABLE', detail: null });
  }

  #writeLocal(connection: Connection, { seq, command }: Request): void {
    if (command === REQUEST.PING) writePong(this.#writer, seq);
    else if (command === REQUEST.METRICS) writeMetrics(this.#writer, seq, this.#local.metrics());
    else if (connection.protocol.mode !== 'peer') {
      const { features } = connection.protocol;
      writeWelcome(this.#writer, seq, { features, server: this.#local.server });
    }
  }
}
