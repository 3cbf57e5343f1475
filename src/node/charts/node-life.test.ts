/** The lifecycle as real nodes drive it: on a simulated disk and net, and on ports that do nothing. */
import { describe, expect, test, vi } from 'vitest';
import { Actor, StateMachine } from 'xstate';
import { calmWorldConfig } from '../../../sim/world/config.ts';
import { eventKind } from '../../../sim/world/trace.ts';
import { World } from '../../../sim/world/world.ts';
import { asciiBytes } from '../../base/text.ts';
import { millis, type NodeId, nodeId } from '../../base/units.ts';
import type { DiskCode, DiskCompletion } from '../../core/disk.ts';
import { newRequestView, writeRequest } from '../../core/protocol/client.ts';
import { FrameWriter } from '../../core/protocol/frame-writer.ts';
import { REQUEST } from '../../core/protocol/wire.ts';
import { DEFAULT_SETTINGS } from '../../core/settings.ts';
import { NODE_DEFAULTS, type NodeConfig } from '../config.ts';
import type { NodePorts } from '../contract.ts';
import { Node } from '../node.ts';
import type { LifecycleState } from './lifecycle.ts';

const SELF = nodeId(1);
const CLIENT_EVENT = eventKind('client');

function configOf(id: NodeId, ids: readonly NodeId[]): NodeConfig {
  const sizes = { segmentBytes: 262_144, regionBytes: 65_536 };
  const settings = DEFAULT_SETTINGS;
  return { ...NODE_DEFAULTS, id, ids, addresses: new Map(), settings, ...sizes };
}

/** A cluster in a world without faults, and a client of node 1 that writes every 2 ms. */
class Bench {
  readonly world: World;
  /** The states that each node was seen in after its turns. */
  readonly lives = new Map<NodeId, LifecycleState[]>();
  readonly #nodes = new Map<NodeId, Node>();
  readonly #writer = new FrameWriter(7);
  readonly #request = { ...newRequestView(), command: REQUEST.PUT };
  #repliedBytes = 0;
  isClientDone = false;
  turns = 0;

  constructor(size: number) {
    const ids = Array.from({ length: size }, (_, at) => nodeId(at + 1));
    this.world = new World({
      seed: '1',
      config: calmWorldConfig(),
      nodes: ids,
      newDriver: (id, ports) => {
        const node = new Node(configOf(id, ids), ports);
        this.#nodes.set(id, node);
        this.lives.set(id, []);
        return node;
      },
      onFailure: ({ message }) => expect.unreachable(message),
      mayDamage: () => false,
    });
    for (const id of ids) this.world.process(id).afterTurn = () => this.#afterTurn(id);
    this.world.startAll();
    this.#startClient();
  }

  node(id: NodeId): Node {
    return this.#nodes.get(id)!;
  }

  applied(id: NodeId): number {
    return this.node(id).state.groups[0]?.store.appliedIndex ?? 0;
  }

  leader(): Node | null {
    const nodes = [...this.#nodes.values()].filter(({ state }) => state.phase === 'serving');
    return nodes.find(({ state }) => state.groups[0]?.raft.role === 'leader') ?? null;
  }

  get repliedBytes(): number {
    return this.#repliedBytes;
  }

  #startClient(): void {
    const connection = this.world.net.connect(SELF, 'client', {
      connected: () => {},
      received: (bytes) => {
        this.#repliedBytes += bytes.length;
      },
      closed: () => {
        this.isClientDone = true;
      },
    });
    const write = (): void => {
      if (this.isClientDone) return;
      this.#request.seq++;
      this.#request.key = asciiBytes(`key${this.#request.seq % 7}`);
      this.#request.value = asciiBytes(`value${this.#request.seq}`);
      writeRequest(this.#writer, this.#request);
      connection.send(this.#writer.take());
      this.world.scheduler.after(2_000, CLIENT_EVENT, SELF, write);
    };
    this.world.scheduler.after(5_000, CLIENT_EVENT, SELF, write);
  }

  #afterTurn(id: NodeId): void {
    this.turns++;
    const { state } = this.node(id).state.lifecycle;
    const life = this.lives.get(id)!;
    if (life.at(-1) !== state) life.push(state);
  }

  stop(id: NodeId): void {
    this.node(id).input({ kind: 'admin', request: { kind: 'stop' } });
  }

  runUntil(isDone: () => boolean): void {
    this.world.scheduler.runWhile(() => !isDone(), 200_000);
    expect(isDone()).toBe(true);
  }
}

/** Counts every call of every method of XState's live actors and machines. */
function countXState(): () => number {
  const spies = [Actor.prototype, StateMachine.prototype].flatMap((prototype) =>
    Object.entries(Object.getOwnPropertyDescriptors(prototype))
      .filter(([name, { value }]) => name !== 'constructor' && typeof value === 'function')
      .map(([name]) => vi.spyOn(prototype as unknown as Record<string, () => void>, name)),
  );
  return () => spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
}

describe('a node in a world', () => {
  test('runs nothing of XState in a thousand turns of work, but at both ends of its life', () => {
    const calls = countXState();
    const bench = new Bench(1);
    bench.runUntil(() => bench.applied(SELF) > 10);
    const booted = calls();
    expect(booted).toBeGreaterThan(10);

    const { turns, repliedBytes } = bench;
    const applied = bench.applied(SELF);
    bench.runUntil(() => bench.turns === turns + 1_000);
    expect(bench.applied(SELF)).toBeGreaterThan(applied + 200);
    expect(bench.repliedBytes).toBeGreaterThan(repliedBytes + 200);
    expect(calls()).toBe(booted);

    bench.stop(SELF);
    bench.runUntil(() => bench.node(SELF).state.phase === 'stopped');
    expect(calls()).toBeGreaterThan(booted);
    vi.restoreAllMocks();
  });

  test('alone goes from its directory to its last client', () => {
    const bench = new Bench(1);
    bench.runUntil(() => bench.applied(SELF) > 10);
    bench.stop(SELF);
    bench.runUntil(() => bench.node(SELF).state.phase === 'stopped');
    // An empty directory is loaded, and a lone leader hands over, in no turn at all.
    expect(bench.lives.get(SELF)).toEqual([
      ...['identifying', 'recovering', 'serving.open', 'serving.closing', 'stopped'],
    ]);
    bench.runUntil(() => bench.isClientDone);
  });

  test('that leads hands over first, and another leads sooner than by a timeout', () => {
    const bench = new Bench(3);
    bench.runUntil(() => bench.applied(SELF) > 10);
    const old = bench.leader()!;
    const { id, electionTimeoutMs } = old.state.config;
    const from = bench.world.elapsedMs();
    bench.stop(id);
    bench.runUntil(() => old.state.phase === 'stopped');
    expect(bench.lives.get(id)!.slice(-4)).toEqual([
      ...['serving.open', 'serving.handing-over', 'serving.closing', 'stopped'],
    ]);
    bench.runUntil(() => bench.leader() !== null);
    expect(bench.leader()!.state.config.id).not.toBe(id);
    expect(bench.world.elapsedMs() - from).toBeLessThan(electionTimeoutMs);
  });

  test('that leads and finds no successor stops all the same', () => {
    const bench = new Bench(3);
    bench.runUntil(() => bench.applied(SELF) > 10);
    const old = bench.leader()!;
    const { id, electionTimeoutMs } = old.state.config;
    for (const other of bench.world.nodes) {
      if (other !== id) bench.world.process(other).crash('power');
    }
    const from = bench.world.elapsedMs();
    bench.stop(id);
    bench.runUntil(() => old.state.phase === 'stopped');
    expect(bench.lives.get(id)).toContain('serving.handing-over');
    expect(bench.world.elapsedMs() - from).toBeLessThan(4 * electionTimeoutMs + 1_000);
  });
});

/** A node whose ports do nothing but note what is asked of the disk. */
function newNode() {
  const tickets: number[] = [];
  const nothing = (): void => {};
  const ports: NodePorts = {
    disk: { submit: (ticket) => tickets.push(ticket), freeBytes: () => 1e9 },
    net: {
      keepsBytes: true,
      sendPeer: nothing,
      sendGossip: nothing,
      send: nothing,
      unsentBytes: () => 0,
      pause: nothing,
      resume: nothing,
      close: nothing,
    },
    memory: { allocate: (bytes) => new Uint8Array(bytes), scout: null },
    entropy: { word: () => 5 },
  };
  const node = new Node(configOf(SELF, [SELF]), ports);
  const turn = (at: number): string => {
    node.turn(millis(at), at);
    return node.state.phase;
  };
  const answer = (code: DiskCode): void => {
    const completion: DiskCompletion = {
      ticket: tickets.shift()!,
      code,
      bytes: new Uint8Array(0),
      files: [],
    };
    node.input({ kind: 'disk', completion });
  };
  return { node, turn, answer };
}

describe('a boot', () => {
  test('that is told to stop ends at once when nobody is connected', () => {
    const { node, turn } = newNode();
    expect(turn(0)).toBe('identifying');
    node.input({ kind: 'admin', request: { kind: 'stop' } });
    expect(turn(1)).toBe('stopped');
  });

  test('that is told to stop lets its clients go first, and goes no further', () => {
    const { node, turn, answer } = newNode();
    node.input({ kind: 'connected', connection: 1, address: 'client' });
    node.input({ kind: 'admin', request: { kind: 'stop' } });
    answer('OK');
    expect(turn(5)).toBe('withdrawing');
    expect(node.deadline()).toBe(5);
    expect(turn(6)).toBe('stopped');
    expect(node.deadline()).toBe(Number.POSITIVE_INFINITY);
  });

  test('that is told to stop twice is told once', () => {
    const { node, turn } = newNode();
    node.input({ kind: 'connected', connection: 1, address: 'client' });
    node.input({ kind: 'admin', request: { kind: 'stop' } });
    node.input({ kind: 'admin', request: { kind: 'stop' } });
    expect(turn(0)).toBe('withdrawing');
  });

  test.each(['identifying', 'withdrawing'])('fails with the disk, while %s too', (phase) => {
    const { node, turn, answer } = newNode();
    if (phase === 'withdrawing') {
      node.input({ kind: 'connected', connection: 1, address: 'client' });
      node.input({ kind: 'admin', request: { kind: 'stop' } });
    }
    expect(turn(0)).toBe(phase);
    answer('EIO');
    expect(turn(1)).toBe('failed');
    expect(node.failure?.code).toBe('DISK_FAILED');
  });
});
