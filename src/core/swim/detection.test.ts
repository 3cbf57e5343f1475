import { describe, expect, test } from 'vitest';
import { nodeId } from '../../base/units.ts';
import { RELAYS_MAX, SWIM_DEFAULTS, type SwimConfig } from './state.ts';
import { swim } from './step.ts';
import {
  answer,
  change,
  claim,
  configOf,
  feed,
  idsSent,
  type Lone,
  newLone,
  runAlone,
  say,
  stateOf,
  untilPing,
} from './test-member.ts';

const { probePeriodMs, probeTimeoutMs, suspicionMultiplier, suspicionStretch } = SWIM_DEFAULTS;

/** A machine that has heard from everybody and has just pinged member 2. */
function probing(size: number, over: Partial<SwimConfig> = {}): { lone: Lone; sequence: number } {
  const lone = newLone(configOf(1, size, over));
  feed(lone, { kind: 'tick' });
  for (let id = 2; id <= size; id++) say(lone, { from: id, kind: 'table' });
  const ping = untilPing(lone, 2);
  return { lone, sequence: ping.sequence };
}

/** The deadline of the running period: helpers have been asked, nobody answered. */
function endPeriod(lone: Lone): void {
  lone.now += probePeriodMs - probeTimeoutMs;
  feed(lone, { kind: 'tick' });
}

function askHelpers(lone: Lone): void {
  lone.now += probeTimeoutMs;
  feed(lone, { kind: 'tick' });
}

describe('probing', () => {
  test('S01: a ping answered in time asks no helper and accuses nobody', () => {
    const { lone, sequence } = probing(4);
    say(lone, { from: 2, kind: 'ack', sequence, subject: 2 });
    askHelpers(lone);
    expect(idsSent(lone, 'ping-request')).toEqual([]);
    endPeriod(lone);
    expect(stateOf(lone, 2)).toBe('alive@1');
    expect(lone.state.counters.failedProbes).toBe(0);
  });

  test('S02: an ack of another probe, or about another member, answers nothing', () => {
    const { lone, sequence } = probing(4);
    say(lone, { from: 2, kind: 'ack', sequence: sequence - 1, subject: 2 });
    say(lone, { from: 2, kind: 'ack', sequence: sequence + 1, subject: 2 });
    say(lone, { from: 3, kind: 'ack', sequence, subject: 3 });
    askHelpers(lone);
    expect(idsSent(lone, 'ping-request').sort()).toEqual([3, 4]);
    endPeriod(lone);
    expect(stateOf(lone, 2)).toBe('suspect@1');
    say(lone, { from: 2, kind: 'ack', sequence, subject: 2 });
    expect(stateOf(lone, 2)).toBe('suspect@1');
  });

  test('S03: the ack that a helper got keeps the target alive', () => {
    const { lone, sequence } = probing(4);
    askHelpers(lone);
    say(lone, { from: 4, kind: 'ack', sequence, subject: 2 });
    endPeriod(lone);
    expect(stateOf(lone, 2)).toBe('alive@1');
  });

  test('S03: a helper pings in a sequence of its own and passes the ack on', () => {
    const lone = newLone(configOf(1, 3));
    feed(lone, { kind: 'tick' });
    say(lone, {
      from: 2,
      kind: 'ping-request',
      sequence: 77,
      subject: 3,
      updates: [claim(3, 'alive', 1)],
    });
    const ping = lone.sent[0]!;
    expect([ping.kind, ping.target]).toEqual(['ping', 3]);
    expect(ping.sequence).not.toBe(77);
    say(lone, { from: 2, kind: 'ack', sequence: ping.sequence, subject: 3 });
    expect(lone.sent).toEqual([]);
    answer(lone, ping);
    const ack = lone.sent[0]!;
    expect([ack.kind, ack.target, ack.sequence, ack.subject]).toEqual(['ack', 2, 77, 3]);
    answer(lone, ping);
    expect(lone.sent).toEqual([]);
  });

  test('S13: a helper probes the address that the requester holds, not its own', () => {
    const lone = newLone(configOf(1, 3));
    feed(lone, { kind: 'tick' });
    say(lone, { from: 3, kind: 'table' });
    const updates = [claim(3, 'alive', 1, '10.5.5.5:1')];
    say(lone, { from: 2, kind: 'ping-request', sequence: 77, subject: 3, updates });
    expect(lone.addresses).toEqual(['10.5.5.5:1']);
  });

  test('S13: one asked for help hears what is held of the subject', () => {
    const { lone } = probing(4);
    askHelpers(lone);
    for (const request of lone.sent) expect(request.updates[0]).toEqual(claim(2, 'alive', 1));
  });

  test('S03: a helper carries a bounded number of probes, each for two periods at most', () => {
    const lone = newLone(configOf(1, 3));
    feed(lone, { kind: 'tick' });
    for (let sequence = 0; sequence < RELAYS_MAX + 5; sequence++) {
      const updates = [claim(3, 'alive', 1)];
      say(lone, { from: 2, kind: 'ping-request', sequence, subject: 3, updates });
    }
    expect(lone.state.relays.size).toBe(RELAYS_MAX);
    expect(lone.state.counters.relaysFull).toBe(5);
    runAlone(lone, 4 * probePeriodMs);
    expect(lone.state.relays.size).toBe(0);
  });

  test('S04: no answer at all makes a suspect, not a dead, and starts its timer', () => {
    const { lone } = probing(3);
    askHelpers(lone);
    expect(stateOf(lone, 2)).toBe('alive@1');
    endPeriod(lone);
    expect(stateOf(lone, 2)).toBe('suspect@1');
    expect(lone.changes).toEqual([change(2, 'suspect', 1)]);
    const deadlineMs = lone.state.suspicions.get(nodeId(2))!.deadlineMs;
    const periods = suspicionMultiplier * suspicionStretch * 2;
    expect(deadlineMs - lone.now).toBe(periods * probePeriodMs);
    expect(lone.state.news.has(nodeId(2))).toBe(true);
  });

  test('G17: nobody is accused while helpers still have time', () => {
    const { lone } = probing(3);
    askHelpers(lone);
    lone.now += probePeriodMs - probeTimeoutMs - 1;
    feed(lone, { kind: 'tick' });
    expect(stateOf(lone, 2)).toBe('alive@1');
  });

  test('G15: with nobody else to ask, the target still has the whole period', () => {
    const { lone, sequence } = probing(2);
    askHelpers(lone);
    expect(lone.sent).toEqual([]);
    lone.now += probePeriodMs - probeTimeoutMs - 1;
    say(lone, { from: 2, kind: 'ack', sequence, subject: 2 });
    feed(lone, { kind: 'tick' });
    endPeriod(lone);
    expect(stateOf(lone, 2)).toBe('alive@1');
  });

  test('G15: a helper is never the target, never a suspect, and never asked twice', () => {
    const { lone } = probing(7);
    say(lone, { from: 3, updates: [claim(4, 'suspect', 1)] });
    askHelpers(lone);
    const helpers = idsSent(lone, 'ping-request');
    expect(new Set(helpers).size).toBe(3);
    expect(helpers).not.toContain(2);
    expect(helpers).not.toContain(4);
  });

  test('G08: a send error is a failed direct probe: helpers are asked at once', () => {
    const { lone } = probing(4);
    feed(lone, { kind: 'send-failed', peer: nodeId(3) });
    expect(lone.sent).toEqual([]);
    feed(lone, { kind: 'send-failed', peer: nodeId(2) });
    expect(idsSent(lone, 'ping-request').sort()).toEqual([3, 4]);
    feed(lone, { kind: 'send-failed', peer: nodeId(2) });
    expect(lone.sent).toEqual([]);
    runAlone(lone, lone.now + probePeriodMs);
    expect(stateOf(lone, 2)).toBe('suspect@1');
  });

  test('an accusation names the incarnation held when the ping left', () => {
    const { lone } = probing(4);
    say(lone, { from: 3, updates: [claim(2, 'alive', 2)] });
    runAlone(lone, lone.now + probePeriodMs);
    expect(stateOf(lone, 2)).toBe('alive@2');
  });
});

describe('suspicion of a fixed time', () => {
  function suspecting(): Lone {
    const { lone } = probing(3, { suspicionStretch: 1, healthMax: 0 });
    say(lone, { from: 3, updates: [claim(2, 'suspect', 1)] });
    expect(stateOf(lone, 2)).toBe('suspect@1');
    return lone;
  }
  const timeoutMs = suspicionMultiplier * 2 * probePeriodMs;

  test('S05: unrefuted, it ends in one death, told once', () => {
    const lone = suspecting();
    const armedMs = lone.now;
    const deaths: number[] = [];
    while (lone.now < armedMs + 2 * timeoutMs) {
      lone.now = swim.deadline(lone.state);
      feed(lone, { kind: 'tick' });
      if (lone.changes.some((change) => change.state === 'dead' && change.id === 2)) {
        deaths.push(lone.now - armedMs);
      }
    }
    expect(deaths).toEqual([timeoutMs]);
  });

  test('S05: the same accusation again neither restarts the timer nor spreads again', () => {
    const lone = suspecting();
    const { deadlineMs } = lone.state.suspicions.get(nodeId(2))!;
    const { order } = lone.state.news.get(nodeId(2))!;
    lone.now += 500;
    say(lone, { from: 3, updates: [claim(2, 'suspect', 1)] });
    expect(lone.changes).toEqual([]);
    expect(lone.state.suspicions.get(nodeId(2))!.deadlineMs).toBe(deadlineMs);
    expect(lone.state.news.get(nodeId(2))!.order).toBe(order);
  });

  test('G05: a stale alive does not stop the timer', () => {
    const lone = suspecting();
    const deathMs = lone.now + timeoutMs;
    say(lone, { from: 3, updates: [claim(2, 'alive', 1), claim(2, 'alive', 0)] });
    runAlone(lone, deathMs);
    expect(stateOf(lone, 2)).toBe('dead@1');
  });

  test('G06: a timer does nothing when what it was armed for no longer stands', () => {
    const lone = suspecting();
    const firstMs = lone.now + timeoutMs;
    lone.now += 500;
    say(lone, { from: 3, updates: [claim(2, 'alive', 2)] });
    lone.now += 500;
    say(lone, { from: 3, updates: [claim(2, 'suspect', 2)] });
    const secondMs = lone.now + timeoutMs;
    runAlone(lone, firstMs);
    expect(stateOf(lone, 2)).toBe('suspect@2');
    runAlone(lone, secondMs);
    expect(stateOf(lone, 2)).toBe('dead@2');
    const other = suspecting();
    say(other, { from: 3, updates: [claim(2, 'alive', 2)] });
    while (other.now < firstMs) {
      other.now = Math.max(other.now, swim.deadline(other.state));
      feed(other, { kind: 'tick' });
      for (const message of other.sent) if (message.kind === 'ping') answer(other, message);
    }
    expect(stateOf(other, 2)).toBe('alive@2');
  });

  test('time in which we stood still is not held against a suspect', () => {
    const lone = suspecting();
    lone.now += 60_000;
    feed(lone, { kind: 'tick' });
    expect(stateOf(lone, 2)).toBe('suspect@1');
    say(lone, { from: 2, sender: claim(2, 'alive', 2) });
    expect(stateOf(lone, 2)).toBe('alive@2');
  });
});
