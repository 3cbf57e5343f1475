import { describe, expect, test } from 'vitest';
import { type NodeId, nodeId } from '../../src/base/units.ts';
import type { NetEvent } from '../../src/ports/net.ts';
import { calmWorldConfig, type PathKnobs } from './config.ts';
import { FaultLedger } from './faults.ts';
import { SimulatedNet } from './net.ts';
import { Scheduler } from './scheduler.ts';
import { Streams } from './streams.ts';

const NODES = [1, 2, 3, 4, 5].map(nodeId);
const [A, B, C] = NODES as [NodeId, NodeId, NodeId];

class Fixture {
  readonly scheduler = new Scheduler();
  readonly faults = new FaultLedger(() => this.scheduler.nowUs());
  readonly inboxes = new Map<NodeId, NetEvent[]>();
  readonly net: SimulatedNet;

  constructor(knobs: Partial<PathKnobs>) {
    const { net } = calmWorldConfig();
    Object.assign(net.peers.frames, knobs);
    Object.assign(net.peers.gossip, knobs);
    this.net = new SimulatedNet({
      scheduler: this.scheduler,
      streams: new Streams('1'),
      knobs: net,
      faults: this.faults,
      nodes: NODES,
      report: () => {},
    });
    for (const node of NODES) this.up(node);
    this.go(10_000);
  }

  up(node: NodeId): void {
    const inbox: NetEvent[] = [];
    this.inboxes.set(node, inbox);
    this.net.up(node, (event) => inbox.push(event));
  }

  go(us: number): void {
    this.scheduler.runUntil(this.scheduler.nowUs() + us);
  }

  send(source: NodeId, target: NodeId, ...bytes: number[]): void {
    this.net.port(source, () => true).sendPeer(target, Uint8Array.from(bytes));
  }

  /** First bytes of the frames that `node` got, in order. */
  frames(node: NodeId): number[] {
    return this.inboxes
      .get(node)!
      .flatMap((event) => (event.kind === 'peer-frame' ? [event.bytes[0]!] : []));
  }

  links(node: NodeId): string[] {
    return this.inboxes
      .get(node)!
      .flatMap((event) =>
        event.kind === 'peer-link' ? [`${event.peer}${event.up ? '+' : '-'}`] : [],
      );
  }

  /** Who can reach whom, as pairs. */
  reachable(): string[] {
    const pairs: string[] = [];
    for (const source of NODES) {
      for (const target of NODES) {
        if (source === target) continue;
        const before = this.frames(target).length;
        this.send(source, target, 1);
        this.go(1_000);
        if (this.frames(target).length > before) pairs.push(`${source}${target}`);
      }
    }
    return pairs;
  }
}

const sendMany = (fixture: Fixture, count: number): void => {
  for (let number = 0; number < count; number++) fixture.send(A, B, number);
  fixture.go(60_000_000);
};

describe('paths', () => {
  test('a calm path delivers each frame once, in order, after its delay', () => {
    const fixture = new Fixture({});
    fixture.send(A, B, 1);
    fixture.go(99);
    expect(fixture.frames(B)).toEqual([]);
    fixture.go(1);
    expect(fixture.frames(B)).toEqual([1]);
    sendMany(fixture, 50);
    expect(fixture.frames(B)).toEqual([1, ...Array.from({ length: 50 }, (_, at) => at)]);
  });

  test('what the receiver gets is a copy: nodes share no memory', () => {
    const fixture = new Fixture({ duplicatePermille: 1_000 });
    const frame = Uint8Array.of(7);
    fixture.net.port(A, () => true).sendPeer(B, frame);
    frame[0] = 8;
    fixture.go(1_000);
    const [first, second] = fixture.inboxes.get(B)!.filter(({ kind }) => kind === 'peer-frame');
    expect(fixture.frames(B)).toEqual([7, 7]);
    (first as { bytes: Uint8Array }).bytes[0] = 9;
    expect((second as { bytes: Uint8Array }).bytes[0]).toBe(7);
  });

  test('a replay comes once more: much later, or ahead of a later frame of its length', () => {
    const fixture = new Fixture({ replayPermille: 1_000 });
    sendMany(fixture, 40);
    const frames = fixture.frames(B);
    expect(frames).toHaveLength(80);
    expect(new Set(frames).size).toBe(40);
    const repeated = frames.filter((frame, at) => frames.indexOf(frame) < at);
    expect(
      Math.max(...repeated.map((frame) => repeated.filter((x) => x === frame).length)),
    ).toBeGreaterThan(1);
  });

  test('a replay finds no later process', () => {
    const fixture = new Fixture({ replayPermille: 1_000 });
    fixture.send(A, C, 1);
    fixture.go(500);
    fixture.net.down(C);
    fixture.up(C);
    fixture.go(10_000_000);
    expect(fixture.frames(C)).toEqual([]);
  });

  test('loss loses about its share', () => {
    const fixture = new Fixture({ lossPermille: 300 });
    sendMany(fixture, 200);
    expect(fixture.frames(B).length).toBeGreaterThan(110);
    expect(fixture.frames(B).length).toBeLessThan(170);
    expect(fixture.faults.of('net-loss')).toBe(200 - fixture.frames(B).length);
  });

  test('without overtaking heavy-tailed delays keep the order; with it they do not', () => {
    const delay = { min: 10, spread: 1_000, max: 100_000 };
    const ordered = new Fixture({ delay });
    sendMany(ordered, 200);
    expect(ordered.frames(B)).toEqual(Array.from({ length: 200 }, (_, at) => at));
    const overtaking = new Fixture({ delay, reorderPermille: 500 });
    sendMany(overtaking, 200);
    expect(overtaking.frames(B)).not.toEqual(ordered.frames(B));
    expect(overtaking.frames(B).toSorted((a, b) => a - b)).toEqual(ordered.frames(B));
  });

  test('loss does not shift the delays of what is delivered', () => {
    const delay = { min: 10, spread: 1_000, max: 100_000 };
    const arrivals = (lossPermille: number): Map<number, number> => {
      const fixture = new Fixture({ delay, lossPermille, reorderPermille: 1_000 });
      const times = new Map<number, number>();
      fixture.net.peers.observe = (fate, message) => {
        if (fate === 'delivered') times.set(message.bytes[0]!, fixture.scheduler.nowUs());
      };
      sendMany(fixture, 100);
      return times;
    };
    const all = arrivals(0);
    const some = arrivals(300);
    expect(some.size).toBeLessThan(all.size);
    for (const [number, timeUs] of some) expect(all.get(number)).toBe(timeUs);
  });

  test('a full path drops what does not fit', () => {
    const fixture = new Fixture({ capacityFrames: 3 });
    sendMany(fixture, 10);
    expect(fixture.frames(B)).toEqual([0, 1, 2]);
    expect(fixture.faults.of('net-overflow')).toBe(7);
    sendMany(fixture, 1);
    expect(fixture.frames(B)).toEqual([0, 1, 2, 0]);
  });

  test('a datagram beyond the largest size is a violation by its sender', () => {
    const fixture = new Fixture({});
    const port = fixture.net.port(A, () => true);
    expect(() => port.sendGossip(B, new Uint8Array(1_401))).toThrow('swim-bounds');
  });
});

describe('partitions', () => {
  test('a one-way cut leaves the way back open and loses what is under way', () => {
    const fixture = new Fixture({});
    fixture.send(A, B, 1);
    fixture.net.cut(A, B, true);
    fixture.go(1_000);
    expect(fixture.frames(B)).toEqual([]);
    fixture.send(A, B, 2);
    fixture.send(B, A, 3);
    fixture.go(1_000);
    expect(fixture.frames(B)).toEqual([]);
    expect(fixture.frames(A)).toEqual([3]);
    fixture.net.mend(A, B);
    fixture.send(A, B, 4);
    fixture.go(1_000);
    expect(fixture.frames(B)).toEqual([4]);
  });

  test('an isolated node reaches nobody, the others reach one another', () => {
    const fixture = new Fixture({});
    fixture.net.isolate(A);
    expect(fixture.reachable().filter((pair) => pair.includes('1'))).toEqual([]);
    expect(fixture.reachable()).toHaveLength(12);
    fixture.net.heal();
    expect(fixture.reachable()).toHaveLength(20);
  });

  test('a bridge is the only way between two sides', () => {
    const fixture = new Fixture({});
    fixture.net.bridge(C, [A, B]);
    const pairs = fixture.reachable();
    expect(pairs).toHaveLength(12);
    expect(pairs.filter((pair) => pair.includes('3'))).toHaveLength(8);
  });

  test('a clogged path keeps frames and lets them go when it is unclogged', () => {
    const fixture = new Fixture({});
    fixture.send(A, B, 1);
    fixture.net.clog(A, B);
    fixture.send(A, B, 2);
    fixture.go(1_000_000);
    expect(fixture.frames(B)).toEqual([]);
    fixture.net.unclog(A, B);
    fixture.go(1_000);
    expect(fixture.frames(B).toSorted()).toEqual([1, 2]);
  });
});

describe('crashes', () => {
  test('a frame dies with the incarnation that it was sent to; a datagram finds the next one', () => {
    const fixture = new Fixture({});
    fixture.send(A, B, 1);
    fixture.net.port(A, () => true).sendGossip(B, Uint8Array.of(9));
    fixture.net.down(B);
    fixture.up(B);
    fixture.go(1_000);
    expect(fixture.inboxes.get(B)!.map(({ kind }) => kind)).toContain('gossip');
    expect(fixture.frames(B)).toEqual([]);
  });

  test('a frame in flight survives the crash of its sender', () => {
    const fixture = new Fixture({});
    fixture.send(A, B, 1);
    fixture.net.down(A);
    fixture.go(1_000);
    expect(fixture.frames(B)).toEqual([1]);
  });

  test('the port of a dead incarnation does nothing', () => {
    const fixture = new Fixture({});
    fixture.net.port(A, () => false).sendPeer(B, Uint8Array.of(1));
    fixture.go(1_000);
    expect(fixture.frames(B)).toEqual([]);
  });
});

describe('links', () => {
  test('a starting node is told of each link; both ends hear of a crash and of a restart', () => {
    const fixture = new Fixture({});
    expect(fixture.links(A).toSorted()).toEqual(['2+', '3+', '4+', '5+']);
    fixture.net.down(B);
    fixture.go(1_000);
    fixture.up(B);
    fixture.go(1_000);
    expect(fixture.links(A).slice(4)).toEqual(['2-', '2+']);
    expect(fixture.links(B).toSorted()).toEqual(['1+', '3+', '4+', '5+']);
  });

  test('a cut in one direction takes the link down; a short one may go unnoticed', () => {
    const fixture = new Fixture({});
    fixture.net.cut(A, B, true);
    fixture.net.mend(A, B);
    fixture.go(1_000);
    expect(fixture.links(A)).toHaveLength(4);
    fixture.net.cut(A, B, true);
    fixture.go(1_000);
    expect(fixture.links(A).slice(4)).toEqual(['2-']);
    expect(fixture.links(B).slice(4)).toEqual(['1-']);
  });

  test('a flap loses no frame; a reset loses what is under way', () => {
    const fixture = new Fixture({});
    fixture.send(A, B, 1);
    fixture.net.flap(B, A);
    fixture.go(1_000);
    expect(fixture.frames(B)).toEqual([1]);
    expect(fixture.links(B).slice(4)).toEqual(['1-', '1+']);
    fixture.send(A, B, 2);
    fixture.net.resetLink(A, B);
    fixture.go(1_000);
    expect(fixture.frames(B)).toEqual([1]);
  });
});

describe('rules for scenarios', () => {
  const isFirst = (byte: number) => (message: { readonly bytes: Uint8Array }) =>
    message.bytes[0] === byte;

  test('held frames wait, others pass, and release delivers them in order', () => {
    const fixture = new Fixture({});
    fixture.send(A, B, 1);
    const rule = fixture.net.hold(({ bytes }) => bytes[0]! < 3);
    fixture.send(A, B, 2);
    fixture.send(A, B, 3);
    fixture.go(1_000);
    expect(fixture.frames(B)).toEqual([3]);
    expect(rule.held.map(({ bytes }) => bytes[0])).toEqual([1, 2]);
    fixture.net.release(rule);
    fixture.go(1_000);
    expect(fixture.frames(B)).toEqual([3, 1, 2]);
  });

  test('dropped frames are gone, until the rule ends', () => {
    const fixture = new Fixture({});
    const rule = fixture.net.drop(isFirst(1));
    fixture.send(A, B, 1);
    fixture.go(1_000);
    fixture.net.release(rule);
    fixture.send(A, B, 1);
    fixture.go(1_000);
    expect(fixture.frames(B)).toEqual([1]);
    expect(fixture.faults.of('net-rule-drop')).toBe(1);
  });
});
