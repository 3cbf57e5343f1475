import { describe, expect, test } from 'vitest';
import { nodeId } from '../../base/units.ts';
import { decimalDigits, transmissionsMax } from './gossip.ts';
import { encodeMessage } from './message.ts';
import { swim } from './step.ts';
import { bitLength } from './suspicion.ts';
import { claim, configOf, feed, type Lone, newLone, say, stateOf } from './test-member.ts';

/** Every ping that the machine answers carries news; 2 pings as often as wanted. */
function ackOf(lone: Lone) {
  say(lone, { from: 2, kind: 'ping', sequence: 1 });
  const ack = lone.sent[0];
  if (ack === undefined) throw new Error('no ack');
  return ack;
}

function listening(size: number, datagramBytesMax = 1400): Lone {
  const lone = newLone(configOf(1, size, { datagramBytesMax }));
  feed(lone, { kind: 'tick' });
  say(lone, { from: 2, kind: 'table' });
  // The word that 2 is alive is news too: let it be told out.
  while (lone.state.news.size > 0) ackOf(lone);
  return lone;
}

describe('the tables that stand in for logarithms', () => {
  test('digits are ceil(log10(n + 1)), bits are ceil(log2(n + 1))', () => {
    expect([1, 9, 10, 99, 100, 999, 1000].map(decimalDigits)).toEqual([1, 1, 2, 2, 3, 3, 4]);
    expect([1, 2, 3, 4, 7, 8, 100, 65_535].map(bitLength)).toEqual([1, 2, 2, 3, 3, 4, 7, 16]);
  });
});

describe('piggybacking (S15)', () => {
  test('each piece of news is sent the stated number of times, then no more', () => {
    for (const size of [3, 9, 10, 99, 100]) {
      const lone = listening(size);
      say(lone, { from: 2, updates: [claim(3, 'alive', 2)] });
      let times = 0;
      while (ackOf(lone).updates.length > 0) times++;
      expect(times).toBe(transmissionsMax(lone.state));
      expect(times).toBe(4 * decimalDigits(size));
    }
  });

  test('newer news about a member replaces the older and starts afresh', () => {
    const lone = listening(3);
    say(lone, { from: 2, updates: [claim(3, 'alive', 2)] });
    ackOf(lone);
    say(lone, { from: 2, updates: [claim(3, 'suspect', 2)] });
    let times = 0;
    for (let ack = ackOf(lone); ack.updates.length > 0; ack = ackOf(lone)) {
      expect(ack.updates).toEqual([claim(3, 'suspect', 2)]);
      times++;
    }
    expect(times).toBe(4);
  });

  test('what was sent least goes first, the fresher first among equals; no size is exceeded', () => {
    const lone = listening(200, 896);
    const ids = Array.from({ length: 100 }, (_, at) => at + 50);
    for (const id of ids) say(lone, { from: 2, updates: [claim(id, 'alive', 1)] });
    const first = ackOf(lone).updates.map((update) => update.id);
    expect(first.slice(0, 3)).toEqual([149, 148, 147]);
    const second = ackOf(lone).updates.map((update) => update.id);
    expect(new Set([...first, ...second]).size).toBe(first.length + second.length);
    say(lone, { from: 2, updates: [claim(10, 'alive', 1)] });
    const third = ackOf(lone);
    expect(third.updates[0]?.id).toBe(10);
    const room = 896 - encodeMessage(third).length;
    expect(room).toBeGreaterThanOrEqual(0);
    expect(room).toBeLessThan(32);
  });

  test('a suspect hears the suspicion in every datagram to it, beside the count', () => {
    const lone = listening(4);
    say(lone, { from: 3, updates: [claim(2, 'suspect', 1)] });
    for (let times = 0; times < 20; times++) {
      expect(ackOf(lone).updates).toContainEqual(claim(2, 'suspect', 1));
    }
  });
});

describe('whole tables', () => {
  test('S17: a late joiner gets all of it, in pieces within the size', () => {
    const lone = listening(2, 896);
    for (let id = 3; id <= 120; id++) say(lone, { from: 2, updates: [claim(id, 'alive', id)] });
    say(lone, { from: 2, updates: [claim(50, 'suspect', 50), claim(51, 'left', 51)] });
    say(lone, { from: 200, kind: 'sync', updates: [claim(201, 'alive', 3)] });
    expect(lone.sent.length).toBeGreaterThan(4);
    const joiner = newLone(configOf(200, 200, { peers: [] }));
    feed(joiner, { kind: 'tick' });
    for (const piece of lone.sent) {
      expect(piece.kind).toBe('table');
      const bytes = encodeMessage({ ...piece, target: nodeId(200) });
      expect(bytes.length).toBeLessThanOrEqual(896);
      feed(joiner, { kind: 'datagram', bytes });
    }
    expect(joiner.state.joined).toBe(true);
    for (const id of [1, 2, 3, 49, 120, 201]) expect(stateOf(joiner, id)).toMatch(/^alive/);
    expect([stateOf(joiner, 50), stateOf(joiner, 51)]).toEqual(['unknown', 'unknown']);
  });

  test('what only a list of addresses says is not passed on', () => {
    const lone = newLone(configOf(1, 5));
    feed(lone, { kind: 'tick' });
    say(lone, { from: 2, kind: 'sync' });
    const records = lone.sent.flatMap((piece) => piece.updates);
    expect(records).toEqual([claim(2, 'alive', 1)]);
  });

  test('the record of the addressee leads', () => {
    const lone = listening(5);
    for (let id = 2; id <= 5; id++) say(lone, { from: id });
    say(lone, { from: 5, kind: 'sync', sender: claim(5, 'alive', 1) });
    expect(lone.sent[0]?.updates[0]).toEqual(claim(5, 'alive', 1));
  });

  test('one is asked for every period until one has come', () => {
    const lone = newLone(configOf(1, 4));
    const asks = (): number => lone.sent.filter((message) => message.kind === 'sync').length;
    const nextPeriod = (): void => {
      for (const { period } = lone.state; lone.state.period === period; ) {
        lone.now = swim.deadline(lone.state);
        feed(lone, { kind: 'tick' });
      }
    };
    feed(lone, { kind: 'tick' });
    expect(asks()).toBe(1);
    for (let times = 0; times < 6; times++) {
      nextPeriod();
      expect(asks()).toBeGreaterThanOrEqual(1);
    }
    say(lone, { from: 2, kind: 'table' });
    nextPeriod();
    expect(asks()).toBe(0);
  });
});
