import { describe, expect, test } from 'vitest';
import { millis, NEVER, NOBODY, nodeId } from '../../base/units.ts';
import { encodeMessage } from './message.ts';
import { SWIM_DEFAULTS } from './state.ts';
import { swim } from './step.ts';
import {
  addressOf,
  CLUSTER,
  change,
  claim,
  configOf,
  feed,
  type Lone,
  newLone,
  OTHER_CLUSTER,
  own,
  runAlone,
  say,
  stateOf,
} from './test-member.ts';

const { probePeriodMs } = SWIM_DEFAULTS;

describe('what is said about ourselves', () => {
  const listening = (): Lone => {
    const lone = newLone(configOf(1, 3));
    feed(lone, { kind: 'tick' });
    return lone;
  };

  test('S06: an accusation is answered from above it', () => {
    const lone = listening();
    say(lone, { from: 2, kind: 'ping', updates: [claim(1, 'suspect', 1)] });
    expect(own(lone)).toEqual(claim(1, 'alive', 2));
    expect(lone.sent[0]?.sender).toEqual(claim(1, 'alive', 2));
    expect(lone.changes).toContainEqual(change(1, 'alive', 2));
  });

  test('S07: the same accusation again does not raise the incarnation again', () => {
    const lone = listening();
    for (let times = 0; times < 3; times++) {
      say(lone, { from: 2, updates: [claim(1, 'suspect', 1)] });
    }
    expect(own(lone).incarnation).toBe(2);
    expect(lone.state.counters.refutations).toBe(1);
  });

  test('G01, G19: one that restarted at the first incarnation tops what it hears at 5', () => {
    for (const state of ['alive', 'suspect', 'dead', 'left'] as const) {
      const lone = listening();
      say(lone, { from: 2, kind: 'table', updates: [claim(1, state, 5)] });
      expect(own(lone)).toEqual(claim(1, 'alive', 6));
    }
  });

  test('G03: an alive about us with another address is refuted', () => {
    const lone = listening();
    say(lone, { from: 2, updates: [claim(1, 'alive', 1, '10.8.8.8:1')] });
    expect(own(lone)).toEqual(claim(1, 'alive', 2));
    say(lone, { from: 2, updates: [claim(1, 'alive', 2)] });
    expect(own(lone).incarnation).toBe(2);
  });

  test('nobody can drive us beyond the highest incarnation', () => {
    const lone = listening();
    say(lone, { from: 2, updates: [claim(1, 'dead', 2 ** 48)] });
    expect(own(lone).incarnation).toBe(1);
    say(lone, { from: 2, updates: [claim(1, 'dead', 2 ** 48 - 1)] });
    expect(own(lone).incarnation).toBe(2 ** 48);
  });
});

describe('the dead', () => {
  test('S11: one held dead that speaks is told, once per word', () => {
    const lone = newLone(configOf(1, 3));
    feed(lone, { kind: 'tick' });
    say(lone, { from: 3, updates: [claim(2, 'dead', 5)] });
    for (const kind of ['ping', 'ack', 'table', 'sync'] as const) {
      say(lone, { from: 2, kind });
      expect(lone.sent.length, kind).toBe(1);
      expect(lone.sent[0]!.updates[0], kind).toEqual(claim(2, 'dead', 5));
    }
    // Gossip may itself be such a word; answering it could go on for ever.
    say(lone, { from: 2, kind: 'gossip' });
    expect(lone.sent).toEqual([]);
    expect(stateOf(lone, 2)).toBe('dead@5');
    say(lone, { from: 2, sender: claim(2, 'alive', 6) });
    expect(stateOf(lone, 2)).toBe('alive@6');
  });

  test('a death in a whole table is an accusation of the living, and revives no tombstone', () => {
    const lone = newLone(configOf(1, 4));
    feed(lone, { kind: 'tick' });
    say(lone, { from: 2, updates: [claim(3, 'alive', 5), claim(4, 'dead', 5)] });
    say(lone, { from: 2, kind: 'table', updates: [claim(3, 'dead', 5), claim(4, 'dead', 6)] });
    expect(stateOf(lone, 3)).toBe('suspect@5');
    expect(stateOf(lone, 4)).toBe('dead@6');
  });

  test('G23: the dead are still offered a table now and then; those who left are not', () => {
    const lone = newLone(configOf(1, 3));
    feed(lone, { kind: 'tick' });
    say(lone, { from: 2, kind: 'table', sender: claim(2, 'left', 1) });
    say(lone, { from: 2, updates: [claim(3, 'dead', 1)], sender: claim(2, 'left', 1) });
    const sent = runAlone(lone, 20 * probePeriodMs);
    expect(sent.filter((message) => message.kind === 'ping')).toEqual([]);
    const asked = sent.filter((message) => message.kind === 'sync').map(({ target }) => target);
    expect(asked.length).toBeGreaterThanOrEqual(3);
    expect(new Set(asked)).toEqual(new Set([3]));
  });

  test('a configured peer is tried again even when its tombstone is gone', () => {
    const lone = newLone(configOf(1, 2, { forgetAfterMs: 5000 }));
    feed(lone, { kind: 'tick' });
    say(lone, { from: 2, kind: 'table' });
    runAlone(lone, 40 * probePeriodMs);
    expect(stateOf(lone, 2)).toBe('unknown');
    const sent = runAlone(lone, 60 * probePeriodMs);
    expect(sent.some(({ kind, target }) => kind === 'sync' && target === 2)).toBe(true);
  });
});

describe('leaving (S12)', () => {
  function leaving(): Lone {
    const lone = newLone(configOf(1, 5));
    feed(lone, { kind: 'tick' });
    say(lone, { from: 2, kind: 'table', updates: [claim(1, 'suspect', 3)] });
    feed(lone, { kind: 'leave' });
    return lone;
  }

  test('G11: says so at once, at its present incarnation, for a bounded time, then falls silent', () => {
    const lone = leaving();
    expect(lone.changes).toEqual([change(1, 'left', 4)]);
    expect(lone.sent.length).toBe(3);
    for (const message of lone.sent) expect(message.sender).toEqual(claim(1, 'left', 4));
    const sent = runAlone(lone, 100 * probePeriodMs);
    expect(sent.every(({ kind, sender }) => kind === 'gossip' && sender.state === 'left')).toBe(
      true,
    );
    expect(sent.length).toBe(3 * (SWIM_DEFAULTS.gossipMultiplier - 1));
    expect(swim.deadline(lone.state)).toBe(NEVER);
  });

  test('G12: contradicts nobody afterwards, and does not announce itself', () => {
    const lone = leaving();
    for (const state of ['alive', 'suspect', 'dead'] as const) {
      say(lone, { from: 2, updates: [claim(1, state, 9)] });
      expect([own(lone), lone.sent]).toEqual([claim(1, 'left', 4), []]);
    }
    say(lone, { from: 2, kind: 'ping', sequence: 3 });
    expect(lone.sent[0]?.sender.state).toBe('left');
  });

  test('others hold it left, neither probe it nor suspect it', () => {
    const lone = newLone(configOf(1, 2));
    feed(lone, { kind: 'tick' });
    say(lone, { from: 2, kind: 'table' });
    say(lone, { from: 2, sender: claim(2, 'left', 1) });
    expect(lone.sent).toEqual([]);
    const sent = runAlone(lone, 30 * probePeriodMs);
    expect(sent).toEqual([]);
    say(lone, { from: 3, updates: [claim(2, 'suspect', 1), claim(2, 'dead', 1)] });
    expect(stateOf(lone, 2)).toBe('left@1');
  });

  test('it may come back, above what it left with', () => {
    const lone = leaving();
    runAlone(lone, 50 * probePeriodMs);
    feed(lone, { kind: 'join', peers: [{ id: nodeId(9), address: addressOf(9) }] });
    expect(own(lone)).toEqual(claim(1, 'alive', 5));
    const sent = runAlone(lone, 60 * probePeriodMs);
    expect(sent.some(({ kind, target }) => kind === 'sync' && target === 9)).toBe(true);
  });
});

describe('who is heard', () => {
  test('datagrams of another cluster, for another member or from our own id are dropped', () => {
    const lone = newLone(configOf(1, 3));
    feed(lone, { kind: 'tick' });
    const base = {
      kind: 'ping' as const,
      target: nodeId(1),
      sequence: 1,
      clusterId: CLUSTER,
      subject: NOBODY,
      sender: claim(2, 'alive', 7),
      updates: [],
    };
    const wrong = [
      { ...base, clusterId: OTHER_CLUSTER },
      { ...base, target: nodeId(3) },
      { ...base, sender: claim(1, 'alive', 7) },
    ];
    for (const message of wrong) {
      feed(lone, { kind: 'datagram', bytes: encodeMessage(message) });
      expect(lone.sent).toEqual([]);
    }
    feed(lone, { kind: 'datagram', bytes: new Uint8Array(64) });
    expect(stateOf(lone, 2)).toBe('alive@0');
    const { foreignCluster, misaddressed, malformed } = lone.state.counters;
    expect([foreignCluster, misaddressed, malformed]).toEqual([1, 2, 1]);
  });

  test('a stranger that pings is a member from then on', () => {
    const lone = newLone(configOf(1, 1));
    feed(lone, { kind: 'tick' });
    say(lone, { from: 8, kind: 'ping', sequence: 5 });
    expect(stateOf(lone, 8)).toBe('alive@1');
    expect(lone.sent[0]).toMatchObject({ kind: 'ack', target: 8, sequence: 5, subject: 1 });
  });

  test('a node alone wants ticks, sends nothing, and breaks nothing', () => {
    const lone = newLone(configOf(1, 1));
    expect(swim.deadline(lone.state)).toBe(millis(0));
    expect(runAlone(lone, 100_000)).toEqual([]);
  });
});
