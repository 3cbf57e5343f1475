import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes } from '../../src/base/bytes.ts';
import { nodeId } from '../../src/base/units.ts';
import type { NetEvent } from '../../src/ports/net.ts';
import { type ClientKnobs, calmWorldConfig } from './config.ts';
import { filled } from './disk-fixture.ts';
import { FaultLedger } from './faults.ts';
import { ClientNetwork } from './net-clients.ts';
import { Scheduler } from './scheduler.ts';
import { Streams } from './streams.ts';

const NODE = nodeId(1);

/** One listening node and one client. */
class Fixture {
  readonly scheduler = new Scheduler();
  readonly faults = new FaultLedger(() => this.scheduler.nowUs());
  readonly atNode: NetEvent[] = [];
  readonly atClient: string[] = [];
  readonly clientBytes: Uint8Array[] = [];
  readonly reported: unknown[] = [];
  readonly clients: ClientNetwork;

  constructor(knobs: Partial<ClientKnobs>, seed = '1') {
    this.clients = new ClientNetwork({
      scheduler: this.scheduler,
      streams: new Streams(seed),
      knobs: { ...calmWorldConfig().net.clients, ...knobs },
      faults: this.faults,
      report: (_, error) => this.reported.push(error),
    });
    this.clients.up(NODE, (event) => this.atNode.push(event));
  }

  connect() {
    return this.clients.connect(NODE, 'client', {
      connected: () => this.atClient.push('connected'),
      received: (bytes) => this.clientBytes.push(bytes),
      closed: (reason) => this.atClient.push(reason),
    });
  }

  go(us = 1_000_000): void {
    this.scheduler.runUntil(this.scheduler.nowUs() + us);
  }

  nodeBytes(): Uint8Array {
    return concatBytes(this.nodePieces());
  }

  nodePieces(): Uint8Array[] {
    return this.atNode.flatMap((event) => (event.kind === 'received' ? [event.bytes] : []));
  }

  nodeKinds(): string[] {
    return this.atNode.map(({ kind }) => kind);
  }

  /** The node's end of the only connection. */
  nodeSide() {
    return this.clients.find(NODE, 1)!;
  }
}

const sequence = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => at);

describe('streams of bytes', () => {
  test('whatever the segmentation, both directions carry the same bytes in order', () => {
    const knobs = fc.record({
      fragmentPermille: fc.constantFrom(0, 300, 1_000),
      fragmentBytesMax: fc.constantFrom(1, 7, 64),
      segmentBytesMax: fc.constantFrom(1, 100, 65_536),
      slowReaderPermille: fc.constantFrom(0, 1_000),
    });
    const sizes = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 8 });
    fc.assert(
      fc.property(knobs, sizes, (given, lengths) => {
        const fixture = new Fixture(given);
        const client = fixture.connect();
        fixture.go();
        for (const length of lengths) {
          client.send(sequence(length));
          fixture.nodeSide().sendFromNode(sequence(length));
        }
        fixture.go(100_000_000);
        const expected = concatBytes(lengths.map(sequence));
        expect(fixture.nodeBytes()).toEqual(expected);
        expect(concatBytes(fixture.clientBytes)).toEqual(expected);
      }),
      { seed: 1, numRuns: 40 },
    );
  });

  test('pieces both split and join what was sent', () => {
    const fixture = new Fixture({ fragmentPermille: 500, fragmentBytesMax: 5 });
    const client = fixture.connect();
    fixture.go();
    for (let message = 0; message < 50; message++) client.send(filled(10, message));
    fixture.go(10_000_000);
    const lengths = fixture.nodePieces().map(({ length }) => length);
    expect(lengths.some((length) => length < 10)).toBe(true);
    expect(lengths.some((length) => length > 10)).toBe(true);
  });

  test('a node that pauses gets nothing until it resumes', () => {
    const fixture = new Fixture({});
    const client = fixture.connect();
    fixture.go();
    fixture.nodeSide().pauseNode(true);
    client.send(filled(10, 1));
    fixture.go();
    expect(fixture.nodeBytes()).toHaveLength(0);
    expect(client.unsentBytes()).toBe(10);
    fixture.nodeSide().pauseNode(false);
    fixture.go();
    expect(fixture.nodeBytes()).toHaveLength(10);
  });

  test('a client that stops reading fills the node’s side; drained comes when it reads again', () => {
    const fixture = new Fixture({ windowBytes: [100] });
    const client = fixture.connect();
    fixture.go();
    client.read(false);
    const side = fixture.nodeSide();
    side.sendFromNode(filled(90, 1));
    expect(side.unsentFromNode()).toBe(0);
    side.sendFromNode(filled(90, 2));
    expect(side.unsentFromNode()).toBe(80);
    fixture.go();
    expect(fixture.nodeKinds()).not.toContain('drained');
    client.read(true);
    fixture.go();
    expect(side.unsentFromNode()).toBe(0);
    expect(fixture.nodeKinds().filter((kind) => kind === 'drained')).toHaveLength(1);
  });

  test('bytes that change before they are sent are a violation; after that they are free', () => {
    const fixture = new Fixture({ windowBytes: [4] });
    fixture.connect();
    fixture.go();
    const taken = filled(4, 1);
    fixture.nodeSide().sendFromNode(taken);
    taken[0] = 2;
    fixture.go();
    expect(fixture.reported).toEqual([]);
    const frozen = filled(10, 1);
    fixture.nodeSide().sendFromNode(frozen);
    frozen[0] = 2;
    fixture.go();
    expect(String(fixture.reported[0])).toContain('state-machine-safety');
  });
});

describe('ends', () => {
  test('nobody listening refuses, and so does a node that is down', () => {
    const fixture = new Fixture({});
    fixture.clients.down(NODE);
    fixture.connect();
    fixture.go();
    expect(fixture.atClient).toEqual(['refused']);
  });

  test('a client’s close arrives after what it had sent', () => {
    const fixture = new Fixture({});
    const client = fixture.connect();
    fixture.go();
    client.send(filled(10, 1));
    client.close(false);
    fixture.go();
    expect(fixture.nodeKinds()).toEqual(['connected', 'received', 'closed']);
    expect(fixture.atClient).toEqual(['connected']);
    expect(fixture.clients.connections(NODE)).toEqual([]);
  });

  test('a client’s reset, or a close with bytes unread, drops what was under way', () => {
    for (const isReset of [true, false]) {
      const fixture = new Fixture({});
      const client = fixture.connect();
      fixture.go();
      client.read(false);
      fixture.nodeSide().sendFromNode(filled(5, 1));
      client.send(filled(10, 1));
      client.close(isReset);
      fixture.go();
      expect(fixture.nodeKinds()).toEqual(['connected', 'closed']);
    }
  });

  test('a node’s close sends what is queued first, its reset does not; both ends hear once', () => {
    for (const isReset of [false, true]) {
      const fixture = new Fixture({});
      fixture.connect();
      fixture.go();
      const side = fixture.nodeSide();
      side.sendFromNode(filled(10, 1));
      side.closeFromNode(isReset);
      side.closeFromNode(isReset);
      fixture.go();
      expect(concatBytes(fixture.clientBytes)).toHaveLength(isReset ? 0 : 10);
      expect(fixture.atClient).toEqual(['connected', isReset ? 'reset' : 'closed']);
      expect(fixture.nodeKinds()).toEqual(['connected', 'closed']);
    }
  });

  test('a reset gets through to a client that does not read', () => {
    const fixture = new Fixture({});
    const client = fixture.connect();
    fixture.go();
    client.read(false);
    fixture.nodeSide().sendFromNode(filled(10, 1));
    fixture.nodeSide().closeFromNode(false);
    fixture.go();
    expect(fixture.atClient).toEqual(['connected']);
    fixture.nodeSide().closeFromNode(true);
    fixture.go();
    expect(fixture.atClient).toEqual(['connected', 'reset']);
    expect(fixture.nodeKinds()).toEqual(['connected', 'closed']);
  });

  test('a break in the network cuts both streams anywhere, and nothing follows the cut', () => {
    const lengths = new Set<number>();
    for (let seed = 0; seed < 30; seed++) {
      const fixture = new Fixture({}, String(seed));
      const client = fixture.connect();
      fixture.go();
      const side = fixture.nodeSide();
      client.send(sequence(100));
      side.sendFromNode(sequence(100));
      fixture.clients.reset(side);
      client.send(filled(50, 255));
      side.sendFromNode(filled(50, 255));
      fixture.go();
      const { length } = fixture.nodeBytes();
      expect(fixture.nodeBytes()).toEqual(sequence(length));
      expect(fixture.atClient).toEqual(['connected', 'reset']);
      expect(fixture.nodeKinds().at(-1)).toBe('closed');
      lengths.add(length);
    }
    expect(lengths.size).toBeGreaterThan(10);
  });

  test('a break reaches a node that does not read', () => {
    const fixture = new Fixture({});
    fixture.connect();
    fixture.go();
    fixture.nodeSide().pauseNode(true);
    fixture.clients.reset(fixture.nodeSide());
    fixture.go();
    expect(fixture.nodeKinds()).toEqual(['connected', 'closed']);
  });

  test('a reply sent just before a crash may still arrive, before the client hears of it', () => {
    let arrived = 0;
    for (let seed = 0; seed < 20; seed++) {
      const fixture = new Fixture({}, String(seed));
      fixture.connect();
      fixture.go();
      fixture.nodeSide().sendFromNode(filled(1, 1));
      fixture.clients.down(NODE);
      fixture.go();
      arrived += fixture.clientBytes.length;
      expect(fixture.atClient).toEqual(['connected', 'reset']);
    }
    expect(arrived).toBeGreaterThan(0);
    expect(arrived).toBeLessThan(20);
  });

  test('a half-open connection is noticed only after its time', () => {
    const fixture = new Fixture({ halfOpenPermille: 1_000, halfOpenUs: 500_000 });
    fixture.connect();
    fixture.go(10_000);
    fixture.clients.down(NODE);
    fixture.go(400_000);
    expect(fixture.atClient).toEqual(['connected']);
    fixture.go(200_000);
    expect(fixture.atClient).toEqual(['connected', 'timeout']);
  });

  test('a connection accepted by a node that dies at once never reads as connected', () => {
    const fixture = new Fixture({});
    fixture.connect();
    fixture.go(150);
    expect(fixture.nodeKinds()).toEqual(['connected']);
    fixture.clients.down(NODE);
    fixture.go();
    expect(fixture.atClient.at(-1)).toBe('reset');
    expect(fixture.atClient.indexOf('connected')).toBeLessThanOrEqual(0);
  });
});

describe('clients cut off from a node', () => {
  test('nothing passes either way, and all of it goes on after the heal', () => {
    const fixture = new Fixture({});
    const client = fixture.connect();
    fixture.go();
    fixture.clients.cut(NODE);
    client.send(filled(10, 1));
    fixture.nodeSide().sendFromNode(filled(20, 2));
    fixture.go();
    expect(fixture.nodeBytes()).toHaveLength(0);
    expect(fixture.clientBytes).toEqual([]);
    fixture.clients.mend(NODE);
    fixture.go();
    expect(fixture.nodeBytes()).toHaveLength(10);
    expect(concatBytes(fixture.clientBytes)).toHaveLength(20);
  });
});
