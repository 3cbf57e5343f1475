/**
 * A cluster in a world without faults, with the daemon's own configuration, and what it costs:
 * frames, messages, bytes and syncs, counted one by one. Nothing here measures time.
 */
import { assert } from '../../src/base/assert.ts';
import { asciiBytes } from '../../src/base/text.ts';
import type { NodeId } from '../../src/base/units.ts';
import { newRequestView, writeRequest } from '../../src/core/protocol/client.ts';
import { FrameWriter } from '../../src/core/protocol/frame-writer.ts';
import {
  CHANNEL,
  newPeerFrameView,
  nextMessage,
  readPeerFrame,
} from '../../src/core/protocol/peer-frame.ts';
import { NO_STATUS, ReplyReader, readRefusal } from '../../src/core/protocol/replies.ts';
import { MESSAGE_TYPE } from '../../src/core/raft/codec.ts';
import { lastIndex } from '../../src/core/raft/log.ts';
import { DEFAULT_SETTINGS } from '../../src/core/settings.ts';
import { NODE_DEFAULTS } from '../../src/node/config.ts';
import { Cluster } from '../run/cluster.ts';
import { drawRunConfig, type NodeKnobs, type RunConfig } from '../run/config.ts';
import { NO_OVERRIDES } from '../run/run.ts';
import { newestLeader } from '../run/seats.ts';
import { calmWorldConfig } from '../world/config.ts';
import type { ClientConnection } from '../world/net-clients.ts';
import type { Message } from '../world/net-peers.ts';
import { Streams } from '../world/streams.ts';

const STEP_US = 100;
const GIVE_UP_MS = 10_000;
const AFTER_HEARTBEAT_MS = 10;

/** Counted from one `measure` or `reset` to the next. */
export interface Costs {
  /** Frames between nodes, and their bytes. */
  frames: number;
  frameBytes: number;
  /** Raft messages, whatever frame they were in, by type. */
  raft: Record<keyof typeof MESSAGE_TYPE, number>;
  /** Messages on the forward channel. */
  forwards: number;
  datagrams: number;
  /** By node: writes to the log that end in a sync, and their bytes. */
  logSyncs: Map<NodeId, number>;
  logBytes: Map<NodeId, number>;
}

export class CalmCluster {
  readonly cluster: Cluster;
  costs: Costs = noCosts();

  constructor(nodes: number, changes: Partial<NodeKnobs> = {}) {
    this.cluster = new Cluster('1', configOf(nodes, changes), ({ message }) => {
      throw new Error(message);
    });
    const { world } = this.cluster;
    const { observe } = world.net.peers;
    world.net.peers.observe = (fate, message) => {
      observe?.(fate, message);
      if (fate === 'sent') this.#countMessage(message);
    };
    for (const node of world.nodes) {
      world.disk(node).onOperation = (phase, operation) => {
        if (phase !== 'submitted' || operation.kind !== 'write' || !operation.sync) return;
        if (!operation.file.endsWith('.segment')) return;
        const { logSyncs, logBytes } = this.costs;
        const bytes = operation.parts.reduce((sum, part) => sum + part.length, 0);
        logSyncs.set(node, (logSyncs.get(node) ?? 0) + 1);
        logBytes.set(node, (logBytes.get(node) ?? 0) + bytes);
      };
    }
    world.startAll();
  }

  /** A cluster with a leader, whose log has had time for its last mark. */
  static settled(nodes: number, changes: Partial<NodeKnobs> = {}): CalmCluster {
    const calm = new CalmCluster(nodes, changes);
    calm.runUntil(() => calm.hasLeader);
    calm.run(2_000);
    return calm;
  }

  get hasLeader(): boolean {
    return newestLeader(this.cluster, 0) !== null;
  }

  get leader(): NodeId {
    const leader = newestLeader(this.cluster, 0);
    assert(leader !== null, 'liveness', 'no leader in a calm cluster');
    return leader.config.self.id;
  }

  get follower(): NodeId {
    return this.cluster.world.nodes.find((node) => node !== this.leader)!;
  }

  /** The log's last index at the leader: how many entries there are. */
  get entries(): number {
    return lastIndex(newestLeader(this.cluster, 0)!.log);
  }

  get nowUs(): number {
    return this.cluster.world.scheduler.nowUs();
  }

  get raftMessages(): number {
    return Object.values(this.costs.raft).reduce((sum, count) => sum + count, 0);
  }

  /** Counts from now on, with the next heartbeat far enough away to be in nobody's bill. */
  measure(): Costs {
    this.costs = noCosts();
    this.runUntil(() => this.costs.raft.append > 0);
    this.run(AFTER_HEARTBEAT_MS);
    this.costs = noCosts();
    return this.costs;
  }

  /** Counts from now on. */
  reset(): Costs {
    this.costs = noCosts();
    return this.costs;
  }

  run(forMs: number): void {
    const { scheduler } = this.cluster.world;
    scheduler.runUntil(scheduler.nowUs() + forMs * 1_000);
  }

  runUntil(isReached: () => boolean): void {
    const { scheduler } = this.cluster.world;
    const end = scheduler.nowUs() + GIVE_UP_MS * 1_000;
    while (!isReached()) {
      assert(scheduler.nowUs() < end, 'liveness', 'a calm cluster does not come that far');
      scheduler.runUntil(scheduler.nowUs() + STEP_US);
    }
  }

  /** A client's connection to `node`, open. */
  connect(node: NodeId, mayBeRefused = false): CalmClient {
    const client = new CalmClient(this, node, mayBeRefused);
    this.runUntil(() => client.isConnected);
    return client;
  }

  #countMessage({ channel, bytes }: Message): void {
    const { costs } = this;
    if (channel === 'gossip') {
      costs.datagrams++;
      return;
    }
    costs.frames++;
    costs.frameBytes += bytes.length;
    const view = newPeerFrameView();
    assert(readPeerFrame(view, bytes) === null, 'internal', 'a node sent what is no frame');
    while (nextMessage(view)) {
      if (view.channel === CHANNEL.FORWARD) costs.forwards++;
      if (view.channel === CHANNEL.RAFT) costs.raft[NAMES.get(view.type)!]++;
    }
  }
}

export interface Batch {
  readonly command: number;
  readonly flags: number;
  readonly count: number;
  readonly valueBytes: number;
}

/** Keys are 20 bytes long, and the same in every batch. */
export const KEY_BYTES = 20;

/** Sends batches, and knows whether all of it is answered. */
export class CalmClient {
  isConnected = false;
  /** Codes of refusals, each once. */
  readonly refusals = new Set<string>();
  readonly #mayBeRefused: boolean;
  readonly #calm: CalmCluster;
  readonly #connection: ClientConnection;
  readonly #reader = new ReplyReader();
  readonly #writer = new FrameWriter(0);
  #asked = 0;
  #replies = 0;

  constructor(calm: CalmCluster, node: NodeId, mayBeRefused: boolean) {
    this.#calm = calm;
    this.#mayBeRefused = mayBeRefused;
    this.#connection = calm.cluster.world.net.connect(node, 'calm', {
      connected: () => {
        this.isConnected = true;
      },
      received: (bytes) => this.#receive(bytes),
      closed: () => {
        throw new Error('a node closed a calm connection');
      },
    });
  }

  /** Whether every request has its answer. */
  get isAnswered(): boolean {
    return this.#replies === this.#asked;
  }

  /** Sends a batch and waits until every request of it is answered. */
  ask(batch: Batch): void {
    this.send(batch);
    this.#calm.runUntil(() => this.isAnswered);
  }

  /** All requests leave in one write. */
  send({ command, flags, count, valueBytes }: Batch): void {
    const view = newRequestView();
    view.command = command;
    view.flags = flags;
    view.value = new Uint8Array(valueBytes);
    for (let at = 0; at < count; at++) {
      view.seq = at + 1;
      view.key = asciiBytes(`key:${at.toString().padStart(16, '0')}`);
      writeRequest(this.#writer, view);
    }
    this.#asked += count;
    this.#connection.send(this.#writer.take());
  }

  #receive(bytes: Uint8Array): void {
    this.#reader.clear();
    this.#reader.receive(bytes);
    const { count, status } = this.#reader;
    for (let row = 0; row < count; row++) {
      if (status[row] === NO_STATUS) this.refusals.add(readRefusal(this.#reader, row).code);
    }
    const isRefused = this.refusals.size > 0 && !this.#mayBeRefused;
    assert(!isRefused, 'availability', 'a calm cluster refused a request');
    this.#replies += count;
  }
}

const NAMES = new Map<number, keyof typeof MESSAGE_TYPE>(
  Object.entries(MESSAGE_TYPE).map(([name, type]) => [type, name as keyof typeof MESSAGE_TYPE]),
);

function noCosts(): Costs {
  return {
    frames: 0,
    frameBytes: 0,
    raft: {
      'pre-vote': 0,
      'pre-vote-reply': 0,
      vote: 0,
      'vote-reply': 0,
      append: 0,
      'append-reply': 0,
      'timeout-now': 0,
    },
    forwards: 0,
    datagrams: 0,
    logSyncs: new Map(),
    logBytes: new Map(),
  };
}

/** The workload's and the nemesis' part is not used: nobody is started but the nodes. */
function configOf(nodes: number, changes: Partial<NodeKnobs>): RunConfig {
  const drawn = drawRunConfig(new Streams('1').stream('config'), { ...NO_OVERRIDES, nodes });
  return {
    ...drawn,
    world: calmWorldConfig(),
    node: { ...NODE_DEFAULTS, settings: DEFAULT_SETTINGS, regionBytes: 1024 * 1024, ...changes },
  };
}
