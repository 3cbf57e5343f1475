import { describe, expect, test } from 'vitest';
import { nodeId } from '../../base/units.ts';
import { RELAYS_MAX, SWIM_DEFAULTS, type SwimConfig } from './state.ts';
import { swim } from './step.ts';
import {
  accused,
  answer,
  claim,
  configOf,
  feed,
  idsSent,
  type Lone,
  newLone,
  own,
  say,
  stateOf,
} from './test-member.ts';

const { probePeriodMs, probeTimeoutMs, suspicionMultiplier, suspicionStretch } = SWIM_DEFAULTS;

/** A machine that has heard from everybody. */
function settled(size: number, over: Partial<SwimConfig> = {}): Lone {
  const lone = newLone(configOf(1, size, over));
  feed(lone, { kind: 'tick' });
  for (let id = 2; id <= size; id++) say(lone, { from: id, kind: 'table' });
  return lone;
}

/** Ticks at the machine's deadlines until the period ends. Answers what `isAnswered` says. */
function playPeriod(lone: Lone, isAnswered: (target: number) => boolean): void {
  for (const { period } = lone.state; lone.state.period === period; ) {
    lone.now = Math.max(lone.now, swim.deadline(lone.state));
    feed(lone, { kind: 'tick' });
    for (const message of lone.sent) {
      if (message.kind === 'ping' && isAnswered(message.target)) answer(lone, message);
    }
  }
}

const nobody = (): boolean => false;
const everybody = (): boolean => true;

/** Up to the moment at which helpers have been asked. */
function untilHelpersAsked(lone: Lone): void {
  const isAsked = (): boolean => lone.state.probe !== null && lone.state.probe.helpersAtMs === null;
  while (!isAsked()) {
    lone.now = Math.max(lone.now, swim.deadline(lone.state));
    feed(lone, { kind: 'tick' });
  }
}

function nack(lone: Lone, from: number): void {
  const { sequence, target } = lone.state.probe!;
  say(lone, { from, kind: 'nack', sequence, subject: target });
}

describe('confirmations (S18)', () => {
  /** Whole periods that member 2 has, by how many beside the first accuse it. */
  function timeouts(size: number): number[] {
    const lone = settled(size);
    say(lone, { from: 3, updates: [accused(2, 1, 3)] });
    const spans: number[] = [];
    for (let accuser = 4; accuser <= 9; accuser++) {
      spans.push(lone.state.suspicions.get(nodeId(2))!.deadlineMs - lone.now);
      say(lone, { from: 3, updates: [accused(2, 1, accuser)] });
    }
    return [...new Set(spans)];
  }

  test('each shortens the timeout by the logarithm, from the stretched to the least', () => {
    const least = suspicionMultiplier * 5 * probePeriodMs;
    const slack = (suspicionStretch - 1) * least;
    expect(timeouts(20)).toEqual([
      least + slack,
      least + slack / 2,
      // ln 3 / ln 4 = 0.7925
      least + slack - Math.floor(slack * 0.7925),
      least,
    ]);
  });

  test('as many are wanted as a majority that lives can give', () => {
    const wanted = [3, 4, 5, 7, 9].map((size) => timeouts(size).length - 1);
    expect(wanted).toEqual([1, 1, 2, 3, 3]);
  });

  test('G22: the first accuser and repeats confirm nothing', () => {
    const lone = settled(20);
    say(lone, { from: 3, updates: [accused(2, 1, 3)] });
    const { deadlineMs } = lone.state.suspicions.get(nodeId(2))!;
    for (const from of [3, 4, 5]) say(lone, { from, updates: [accused(2, 1, 3)] });
    expect(lone.state.suspicions.get(nodeId(2))!.deadlineMs).toBe(deadlineMs);
    say(lone, { from: 3, updates: [accused(2, 1, 4)] });
    const shorter = lone.state.suspicions.get(nodeId(2))!.deadlineMs;
    expect(shorter).toBeLessThan(deadlineMs);
    say(lone, { from: 5, updates: [accused(2, 1, 4)] });
    expect(lone.state.suspicions.get(nodeId(2))!.deadlineMs).toBe(shorter);
    expect(lone.state.counters.confirmations).toBe(1);
  });

  test('of another incarnation confirm nothing', () => {
    const lone = settled(20);
    say(lone, { from: 3, updates: [claim(2, 'alive', 2), accused(2, 2, 3)] });
    const { deadlineMs } = lone.state.suspicions.get(nodeId(2))!;
    say(lone, { from: 3, updates: [accused(2, 1, 4)] });
    expect(lone.state.suspicions.get(nodeId(2))!.deadlineMs).toBe(deadlineMs);
  });

  test('one that comes late ends the suspicion at the next tick, and is no stall of ours', () => {
    const lone = settled(3, { healthMax: 0 });
    say(lone, { from: 3, updates: [accused(2, 1, 3)] });
    const leastMs = lone.now + suspicionMultiplier * 2 * probePeriodMs;
    while (lone.now < leastMs + probePeriodMs) playPeriod(lone, everybody);
    const periodEndsAtMs = lone.state.periodEndsAtMs;
    say(lone, { from: 3, updates: [accused(2, 1, 9)] });
    expect(swim.deadline(lone.state)).toBe(lone.now);
    feed(lone, { kind: 'tick' });
    expect(stateOf(lone, 2)).toBe('dead@1');
    expect(lone.state.periodEndsAtMs).toBe(periodEndsAtMs);
  });

  test('is news: told again, the accusers in turns', () => {
    const lone = settled(20);
    say(lone, { from: 3, updates: [accused(2, 1, 3), accused(2, 1, 4)] });
    const named: number[] = [];
    for (let times = 0; times < 4; times++) {
      say(lone, { from: 5, kind: 'ping', sequence: 1 });
      named.push(lone.sent[0]!.updates.find(({ id }) => id === 2)!.accuser);
    }
    expect(named).toEqual([4, 3, 4, 3]);
  });

  test('our own failed probe confirms what others accuse', () => {
    const lone = settled(3);
    say(lone, { from: 3, updates: [accused(2, 1, 3)] });
    for (let period = 0; period < 4; period++) playPeriod(lone, (target) => target === 3);
    expect(lone.state.suspicions.get(nodeId(2))!.accusers).toEqual([3, 1]);
  });
});

describe('local health (S19)', () => {
  test('a missed ack with nobody to ask is one worse, and no worse than the worst', () => {
    const lone = settled(2, { suspicionMultiplier: 100 });
    const scores: number[] = [];
    for (let period = 0; period < 10; period++) {
      playPeriod(lone, nobody);
      scores.push(lone.state.health);
    }
    // In the first period played there is no probe yet to be judged.
    expect(scores).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 7, 7]);
  });

  test('each helper that is silent is one worse; one that says "no" is not', () => {
    for (const nacks of [0, 1, 2, 3]) {
      const lone = settled(9);
      untilHelpersAsked(lone);
      const helpers = idsSent(lone, 'ping-request');
      expect(helpers.length).toBe(3);
      for (const helper of helpers.slice(0, nacks)) nack(lone, helper);
      playPeriod(lone, nobody);
      expect(lone.state.health).toBe(3 - nacks);
    }
  });

  test('a nack that repeats, of somebody not asked, or of another probe counts for nobody', () => {
    const lone = settled(9);
    untilHelpersAsked(lone);
    const [helper] = idsSent(lone, 'ping-request');
    nack(lone, helper!);
    nack(lone, helper!);
    const { sequence, target } = lone.state.probe!;
    nack(lone, target);
    say(lone, { from: 5, kind: 'nack', sequence: sequence + 1, subject: target });
    expect(lone.state.probe!.silentHelpers.length).toBe(2);
    expect(lone.state.counters.nacks).toBe(1);
  });

  test('an answer is one better, and no better than well', () => {
    const lone = settled(2, { suspicionMultiplier: 100 });
    for (let period = 0; period < 4; period++) playPeriod(lone, nobody);
    const scores: number[] = [];
    for (let period = 0; period < 6; period++) {
      playPeriod(lone, everybody);
      scores.push(lone.state.health);
    }
    expect(scores).toEqual([3, 2, 1, 0, 0, 0]);
  });

  test('an accusation that we must refute is one worse', () => {
    const lone = settled(3);
    say(lone, { from: 2, updates: [accused(1, 1, 2)] });
    expect([own(lone).incarnation, lone.state.health]).toEqual([2, 1]);
    say(lone, { from: 2, updates: [accused(1, 1, 2), claim(1, 'alive', 7)] });
    expect([own(lone).incarnation, lone.state.health]).toEqual([8, 1]);
  });

  test('the times of a probe are (score + 1) times the configured ones', () => {
    const lone = settled(9, { healthMax: 3 });
    lone.state.health = 3;
    playPeriod(lone, nobody);
    const startedAtMs = lone.now;
    expect(lone.state.probe!.helpersAtMs).toBe(startedAtMs + 4 * probeTimeoutMs);
    expect(lone.state.periodEndsAtMs).toBe(startedAtMs + 4 * probePeriodMs);
  });

  test('an answer ends a long period at its usual end', () => {
    const lone = settled(9);
    lone.state.health = 7;
    playPeriod(lone, nobody);
    const startedAtMs = lone.now;
    lone.now += 200;
    answer(lone, { ...lone.sent.find(({ kind }) => kind === 'ping')! });
    expect(lone.state.periodEndsAtMs).toBe(startedAtMs + probePeriodMs);
    playPeriod(lone, nobody);
    const secondMs = lone.now;
    lone.now += 3 * probePeriodMs;
    answer(lone, { ...lone.sent.find(({ kind }) => kind === 'ping')! });
    expect(secondMs).toBe(startedAtMs + probePeriodMs);
    expect(lone.state.periodEndsAtMs).toBe(lone.now);
  });

  test('with nobody left to probe a period has its usual length', () => {
    const lone = settled(2);
    lone.state.health = 7;
    say(lone, { from: 2, sender: claim(2, 'left', 1) });
    playPeriod(lone, nobody);
    expect(lone.state.periodEndsAtMs).toBe(lone.now + probePeriodMs);
  });

  test('helpers that are asked late have their two timeouts all the same', () => {
    const lone = settled(9);
    playPeriod(lone, nobody);
    lone.now = lone.state.periodEndsAtMs;
    feed(lone, { kind: 'tick' });
    expect(idsSent(lone, 'ping-request').length).toBe(3);
    expect(lone.state.periodEndsAtMs).toBe(lone.now + 2 * probeTimeoutMs);
  });
});

describe('nacks', () => {
  const request = (lone: Lone, sequence: number): void =>
    say(lone, {
      from: 2,
      kind: 'ping-request',
      sequence,
      subject: 3,
      updates: [claim(3, 'alive', 1)],
    });

  test('a helper without an answer after its own timeout says so, once', () => {
    const lone = settled(3);
    request(lone, 77);
    const askedAtMs = lone.now;
    const nacks: number[] = [];
    while (lone.now < askedAtMs + 3 * probePeriodMs) {
      lone.now = Math.max(lone.now, swim.deadline(lone.state));
      feed(lone, { kind: 'tick' });
      for (const message of lone.sent) {
        if (message.kind !== 'nack') continue;
        expect(message).toMatchObject({ target: 2, sequence: 77, subject: 3 });
        nacks.push(lone.now - askedAtMs);
      }
    }
    expect(nacks).toEqual([probeTimeoutMs]);
  });

  test('an answer that comes after the nack is still passed on', () => {
    const lone = settled(3);
    request(lone, 77);
    const ping = lone.sent[0]!;
    lone.now += probeTimeoutMs;
    feed(lone, { kind: 'tick' });
    expect(idsSent(lone, 'nack')).toEqual([2]);
    answer(lone, ping);
    expect(lone.sent[0]).toMatchObject({ kind: 'ack', target: 2, sequence: 77, subject: 3 });
  });

  test('one that carries as many probes as it can says "no" at once', () => {
    const lone = settled(3);
    for (let sequence = 0; sequence < RELAYS_MAX; sequence++) request(lone, sequence);
    expect(idsSent(lone, 'ping')).toEqual([3]);
    request(lone, 99);
    expect(lone.sent[0]).toMatchObject({ kind: 'nack', target: 2, sequence: 99, subject: 3 });
  });

  test('one that left helps nobody', () => {
    const lone = settled(3);
    feed(lone, { kind: 'leave' });
    request(lone, 77);
    expect(lone.sent).toEqual([]);
  });
});

describe('the buddy system (S21)', () => {
  test('a ping to a suspect carries the suspicion, and its ack refutes it', () => {
    const accuser = settled(3);
    say(accuser, { from: 3, updates: [accused(2, 1, 3)] });
    while (accuser.state.news.size > 0) say(accuser, { from: 3, kind: 'ping' });
    do playPeriod(accuser, (target) => target === 3);
    while (accuser.state.probe?.target !== 2);
    const ping = accuser.sent.find(({ kind }) => kind === 'ping')!;
    expect(ping.updates).toContainEqual(accused(2, 1, ping.updates[0]!.accuser));
    const suspect = newLone(configOf(2, 3));
    feed(suspect, { kind: 'tick' });
    const { sequence, updates } = ping;
    say(suspect, { from: 1, kind: 'ping', sequence, updates });
    const ack = suspect.sent.find(({ kind }) => kind === 'ack')!;
    expect(ack.sender).toEqual(claim(2, 'alive', 2));
    say(accuser, { from: 2, kind: 'ack', sequence, subject: 2, sender: ack.sender });
    expect(stateOf(accuser, 2)).toBe('alive@2');
    expect(accuser.state.probe).toBeNull();
  });
});
