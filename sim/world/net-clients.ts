/**
 * Clients' connections to the nodes: who listens, who is connected, who is cut off.
 */
import { InvariantViolation } from '../../src/base/assert.ts';
import type { NodeId } from '../../src/base/units.ts';
import type { ConnectionId, NetEvent } from '../../src/ports/net.ts';
import type { ClientKnobs } from './config.ts';
import type { FaultLedger } from './faults.ts';
import { type ClientSink, Connection, type ConnectionHost } from './net-connection.ts';
import type { Scheduler } from './scheduler.ts';
import type { Stream, Streams } from './streams.ts';
import { type EventKind, eventKind } from './trace.ts';

const CONNECT_EVENT = eventKind('connect');

/** A client's handle. Everything but `connect` may be called at any moment. */
export interface ClientConnection {
  send(bytes: Uint8Array): void;
  close(reset: boolean): void;
  /** Stops or resumes taking what the node sends. */
  read(isReading: boolean): void;
  /** Bytes sent that the node has not taken. */
  unsentBytes(): number;
}

export interface ClientsOptions {
  readonly scheduler: Scheduler;
  readonly streams: Streams;
  readonly knobs: ClientKnobs;
  readonly faults: FaultLedger;
  readonly report: (node: NodeId, error: unknown) => void;
}

interface Listener {
  deliver: ((event: NetEvent) => void) | null;
  nextId: ConnectionId;
  readonly connections: Map<ConnectionId, Connection>;
  isCut: boolean;
  /** What waits for the heal. */
  readonly parked: { readonly kind: EventKind; readonly run: () => void }[];
  readonly stream: Stream;
}

export class ClientNetwork {
  private readonly options: ClientsOptions;
  private readonly listeners = new Map<NodeId, Listener>();
  private readonly host: ConnectionHost;

  constructor(options: ClientsOptions) {
    this.options = options;
    this.host = {
      knobs: options.knobs,
      route: (node, delayUs, kind, run) => this.route(node, delayUs, kind, run),
      note: (word) => options.scheduler.note(word),
      thawed: (node) => options.report(node, thawed()),
      forget: ({ node, id }) => this.listener(node).connections.delete(id),
    };
  }

  up(node: NodeId, deliver: (event: NetEvent) => void): void {
    const listener = this.listener(node);
    listener.deliver = deliver;
    listener.nextId = 1;
  }

  down(node: NodeId): void {
    const listener = this.listener(node);
    listener.deliver = null;
    for (const connection of [...listener.connections.values()]) connection.nodeDied();
  }

  /** The node's open connections, oldest first. */
  connections(node: NodeId): Connection[] {
    return [...this.listener(node).connections.values()];
  }

  find(node: NodeId, id: ConnectionId): Connection | null {
    return this.listener(node).connections.get(id) ?? null;
  }

  /** Breaks a connection in the network; both ends find out by themselves. */
  reset(connection: Connection): void {
    this.options.faults.count('client-reset', connection.node);
    connection.breakOff();
  }

  cut(node: NodeId): void {
    this.listener(node).isCut = true;
    this.options.faults.count('client-cut', node);
  }

  mend(node: NodeId): void {
    const listener = this.listener(node);
    listener.isCut = false;
    for (const { kind, run } of listener.parked.splice(0)) {
      this.route(node, listener.stream.delay(this.options.knobs.delay), kind, run);
    }
  }

  /** Calls a node; the sink hears `connected`, or `closed` when nobody listens. */
  connect(node: NodeId, address: string, sink: ClientSink): ClientConnection {
    const listener = this.listener(node);
    const stream = listener.stream.fork();
    let connection: Connection | null = null;
    let isGivenUp = false;
    const delayUs = (): number => stream.delay(this.options.knobs.delay);
    this.route(node, delayUs(), CONNECT_EVENT, () => {
      if (isGivenUp) return;
      connection = this.accept(node, address, sink, stream);
      this.route(node, delayUs(), CONNECT_EVENT, () => {
        if (isGivenUp) return;
        if (connection === null) sink.closed('refused');
        else connection.greet();
      });
    });
    return {
      send: (bytes) => connection?.sendFromClient(bytes),
      close: (reset) => {
        isGivenUp = true;
        connection?.closeFromClient(reset);
      },
      read: (isReading) => connection?.readAsClient(isReading),
      unsentBytes: () => connection?.unsentFromClient() ?? 0,
    };
  }

  private accept(
    node: NodeId,
    address: string,
    client: ClientSink,
    stream: Stream,
  ): Connection | null {
    const listener = this.listener(node);
    const nodeEnd = listener.deliver;
    if (nodeEnd === null) return null;
    const id = listener.nextId++;
    const connection = new Connection(this.host, { id, node, nodeEnd, client }, stream);
    listener.connections.set(id, connection);
    nodeEnd({ kind: 'connected', connection: id, address });
    return connection;
  }

  private route(node: NodeId, delayUs: number, kind: EventKind, run: () => void): void {
    this.options.scheduler.after(delayUs, kind, node, () => {
      const listener = this.listener(node);
      if (listener.isCut) listener.parked.push({ kind, run });
      else run();
    });
  }

  private listener(node: NodeId): Listener {
    let listener = this.listeners.get(node);
    if (listener === undefined) {
      listener = {
        deliver: null,
        nextId: 1,
        connections: new Map(),
        isCut: false,
        parked: [],
        stream: this.options.streams.stream(`clients:${node}`),
      };
      this.listeners.set(node, listener);
    }
    return listener;
  }
}

const thawed = (): InvariantViolation =>
  new InvariantViolation(
    'state-machine-safety',
    'bytes handed to a connection were changed before they were sent',
  );
