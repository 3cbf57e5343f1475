/**
 * One client connection: two pipes between a simulated client and a node, and its ends.
 *
 *      client ── toNode ──▶ node        A pump moves a pipe's bytes in drawn pieces and after drawn
 *      client ◀── toClient ── node      delays: pieces split and join what was sent.
 *
 * 1. Bytes arrive in order and once, or the connection breaks; it may break inside a frame.
 * 2. Each end is told `closed` exactly once, after everything else, whoever closed.
 * 3. A node that pauses stops its pump, and so does a client that does not read: the bytes wait.
 * 4. A close lets what was queued pass first; a reset does not. A client that closes with bytes
 *    unread resets, as a kernel does.
 * 5. While a node is cut off from its clients nothing passes in either direction, ends included;
 *    all of it goes on after the heal.
 */
import type { NodeId } from '../../src/base/units.ts';
import type { ConnectionId, NetEvent } from '../../src/ports/net.ts';
import type { ClientKnobs } from './config.ts';
import { Pipe } from './net-pipe.ts';
import type { Stream } from './streams.ts';
import { type EventKind, eventKind, fingerprint } from './trace.ts';

const SEGMENT_EVENT = eventKind('segment');
const CLOSE_EVENT = eventKind('close');

export type CloseReason = 'refused' | 'closed' | 'reset' | 'timeout';

/** What a workload's client hears. */
export interface ClientSink {
  connected(): void;
  received(bytes: Uint8Array): void;
  closed(reason: CloseReason): void;
}

/** What a connection needs of the network that it is part of. */
export interface ConnectionHost {
  readonly knobs: ClientKnobs;
  /** Runs `run` after `delayUs`, or once the node can be reached again. */
  route(node: NodeId, delayUs: number, kind: EventKind, run: () => void): void;
  note(word: number): void;
  /** The node changed bytes that it had handed over and that were not sent yet. */
  thawed(node: NodeId): void;
  /** The node's end is gone. */
  forget(connection: Connection): void;
}

type Side = 'toNode' | 'toClient';

export class Connection {
  readonly id: ConnectionId;
  readonly node: NodeId;
  private readonly host: ConnectionHost;
  private readonly stream: Stream;
  private readonly client: ClientSink;
  private readonly isSlowReader: boolean;
  private readonly pipes: Record<Side, Pipe>;
  private readonly isPumping: Record<Side, boolean> = { toNode: false, toClient: false };
  /** What to do when a pipe has run dry. */
  private readonly whenDry: Record<Side, (() => void) | null> = { toNode: null, toClient: null };
  private nodeEnd: ((event: NetEvent) => void) | null;
  private isClientOpen = true;
  private isNodePaused = false;
  private isClientReading = true;
  private isNodeClosing = false;
  private isGreeted = false;
  /** The network has lost bytes of it: no later byte may pass. */
  private isBroken = false;
  private owesDrained = false;

  constructor(
    host: ConnectionHost,
    ends: {
      readonly id: ConnectionId;
      readonly node: NodeId;
      readonly nodeEnd: (event: NetEvent) => void;
      readonly client: ClientSink;
    },
    stream: Stream,
  ) {
    this.host = host;
    this.stream = stream;
    this.id = ends.id;
    this.node = ends.node;
    this.nodeEnd = ends.nodeEnd;
    this.client = ends.client;
    const { knobs } = host;
    this.isSlowReader = stream.permille(knobs.slowReaderPermille);
    this.pipes = {
      toNode: new Pipe(0, false),
      toClient: new Pipe(stream.pick(knobs.windowBytes), knobs.checkFrozen),
    };
  }

  /** The client learns that it is connected, unless it is not any more. */
  greet(): void {
    this.isGreeted = true;
    if (this.isClientOpen) this.client.connected();
    this.pump('toClient');
  }

  sendFromClient(bytes: Uint8Array): void {
    if (!this.isClientOpen || this.isBroken || this.nodeEnd === null) return;
    this.pipes.toNode.push(bytes);
    this.pump('toNode');
  }

  sendFromNode(bytes: Uint8Array): void {
    if (this.nodeEnd === null || this.isNodeClosing || this.isBroken) return;
    this.pipes.toClient.push(bytes);
    if (this.pipes.toClient.unsent() > 0) this.owesDrained = true;
    this.pump('toClient');
  }

  unsentFromNode(): number {
    return this.pipes.toClient.unsent();
  }

  /** Bytes that the client has sent and the node has not taken. */
  unsentFromClient(): number {
    return this.pipes.toNode.queued();
  }

  pauseNode(isPaused: boolean): void {
    this.isNodePaused = isPaused;
    if (!isPaused) this.pump('toNode');
  }

  readAsClient(isReading: boolean): void {
    this.isClientReading = isReading;
    if (isReading) this.pump('toClient');
  }

  closeFromNode(isReset: boolean): void {
    if (this.nodeEnd === null || (this.isNodeClosing && !isReset)) return;
    this.isNodeClosing = true;
    this.pipes.toNode.truncate(0);
    const end = (): void => {
      this.endNode(0);
      this.endClient(isReset ? 'reset' : 'closed', this.delayUs());
    };
    this.whenDry.toClient = isReset ? null : end;
    if (isReset) {
      this.pipes.toClient.truncate(0);
      end();
    }
    this.pump('toClient');
  }

  closeFromClient(isReset: boolean): void {
    if (!this.isClientOpen) return;
    this.isClientOpen = false;
    const isUnread = this.pipes.toClient.queued() > 0;
    if (isReset || isUnread) {
      this.pipes.toNode.truncate(0);
      this.endNode(this.delayUs());
      return;
    }
    this.whenDry.toNode = () => this.endNode(this.delayUs());
    this.pump('toNode');
  }

  /** The network breaks the connection: part of what was under way may still arrive. */
  breakOff(): void {
    this.isBroken = true;
    // A node that does not read may be waiting for `drained`, which will not come any more.
    if (this.isNodePaused) this.endNode(this.delayUs());
    else this.cutPipe('toNode', () => this.endNode(this.delayUs()));
    this.cutPipe('toClient', () => this.endClient('reset', this.delayUs()));
  }

  /** The node died. What it had sent may still arrive; then the client is told, late or very late. */
  nodeDied(): void {
    this.nodeEnd = null;
    this.host.forget(this);
    this.pipes.toNode.truncate(0);
    const isSilent = this.stream.permille(this.host.knobs.halfOpenPermille);
    const delayUs = this.delayUs();
    this.cutPipe('toClient', () =>
      isSilent
        ? this.endClient('timeout', this.host.knobs.halfOpenUs)
        : this.endClient('reset', delayUs),
    );
  }

  private cutPipe(side: Side, then: () => void): void {
    const pipe = this.pipes[side];
    pipe.truncate(this.stream.below(pipe.queued() + 1));
    this.whenDry[side] = then;
    this.pump(side);
  }

  private delayUs(): number {
    return this.stream.delay(this.host.knobs.delay);
  }

  private isBlocked(side: Side): boolean {
    if (side === 'toNode') return this.isNodePaused && this.nodeEnd !== null;
    return this.isClientOpen && !(this.isClientReading && this.isGreeted);
  }

  /** Sees to it that the pipe's next piece is on its way. */
  private pump(side: Side): void {
    const isIdle = this.pipes[side].queued() === 0 && this.whenDry[side] === null;
    if (this.isPumping[side] || isIdle || this.isBlocked(side)) return;
    this.isPumping[side] = true;
    const isCrawling = side === 'toClient' && this.isSlowReader;
    const delayUs = isCrawling ? this.host.knobs.slowReaderUs : this.delayUs();
    this.host.route(this.node, delayUs, SEGMENT_EVENT, () => {
      this.isPumping[side] = false;
      this.move(side);
      this.pump(side);
    });
  }

  /** Moves one piece, and ends the pipe if that was the last. */
  private move(side: Side): void {
    if (this.isBlocked(side)) return;
    const pipe = this.pipes[side];
    if (pipe.queued() > 0) {
      const piece = pipe.take(this.pieceLength(side, pipe.queued()));
      this.host.note(fingerprint(piece));
      if (side === 'toNode') this.arriveAtNode(piece);
      else this.arriveAtClient(piece);
    }
    const then = this.whenDry[side];
    if (pipe.queued() > 0 || then === null) return;
    this.whenDry[side] = null;
    then();
  }

  private pieceLength(side: Side, queued: number): number {
    const { fragmentPermille, fragmentBytesMax, segmentBytesMax } = this.host.knobs;
    const isFragment = this.stream.permille(fragmentPermille);
    const isCrawling = side === 'toClient' && this.isSlowReader;
    if (isFragment || isCrawling) return this.stream.between(1, fragmentBytesMax);
    return Math.min(queued, segmentBytesMax);
  }

  private arriveAtNode(bytes: Uint8Array): void {
    this.nodeEnd?.({ kind: 'received', connection: this.id, bytes });
  }

  private arriveAtClient(bytes: Uint8Array): void {
    const pipe = this.pipes.toClient;
    if (pipe.thawed()) this.host.thawed(this.node);
    if (this.owesDrained && pipe.unsent() === 0) {
      this.owesDrained = false;
      if (!this.isNodeClosing) this.nodeEnd?.({ kind: 'drained', connection: this.id });
    }
    if (this.isClientOpen) this.client.received(bytes);
  }

  /** Tells the node once, after `delayUs`, that the connection is gone. */
  private endNode(delayUs: number): void {
    this.host.route(this.node, delayUs, CLOSE_EVENT, () => {
      const end = this.nodeEnd;
      if (end === null) return;
      this.nodeEnd = null;
      this.pipes.toClient.truncate(0);
      this.host.forget(this);
      end({ kind: 'closed', connection: this.id });
    });
  }

  private endClient(reason: CloseReason, delayUs: number): void {
    this.host.route(this.node, delayUs, CLOSE_EVENT, () => {
      if (!this.isClientOpen) return;
      this.isClientOpen = false;
      this.client.closed(reason);
    });
  }
}
