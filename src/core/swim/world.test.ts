import { describe, expect, test } from 'vitest';
import { nodeId } from '../../base/units.ts';
import { SWIM_DEFAULTS } from './state.ts';
import { bitLength } from './suspicion.ts';
import { addressOf } from './test-member.ts';
import {
  crash,
  deathsSince,
  everywhere,
  feedMember,
  memberOf,
  newWorld,
  restart,
  runFor,
  viewOf,
  viewsOf,
  type World,
} from './test-world.ts';

const { probePeriodMs, suspicionMultiplier } = SWIM_DEFAULTS;

/** Somebody probes within a few periods, everybody within 2n - 1; then the timeout; then word. */
function detectionMs(size: number): number {
  const spreadPeriods = 3 * bitLength(size) + 4;
  const suspicionPeriods = suspicionMultiplier * bitLength(size);
  return (2 * size + suspicionPeriods + spreadPeriods) * probePeriodMs;
}

const settled = (size: number, seed: number): World => {
  const world = newWorld(size, seed);
  runFor(world, 10_000);
  return world;
};

describe('completeness', () => {
  test.each([3, 5, 12, 20])('of %i members, a crashed one is held dead by all in time', (size) => {
    const world = settled(size, 1);
    crash(world, 2);
    runFor(world, detectionMs(size));
    expect(viewsOf(world, 2)).toEqual(['dead']);
    const dead = new Set(deathsSince(world, 0).map(({ change }) => change.id));
    expect([...dead]).toEqual([2]);
  });

  test('word of a crash reaches all of 40 members long before they would find out themselves', () => {
    const world = settled(40, 1);
    crash(world, 2);
    const unaware = (): number =>
      [...world.members.keys()].filter((id) => id !== 2 && viewOf(world, id, 2) === 'alive').length;
    while (unaware() === 39) runFor(world, probePeriodMs);
    runFor(world, 2 * bitLength(40) * probePeriodMs);
    expect(unaware()).toBe(0);
  });

  test('with 10 % loss as well', () => {
    const world = newWorld(7, 2);
    world.lossPercent = 10;
    runFor(world, 10_000);
    crash(world, 2);
    runFor(world, detectionMs(7));
    expect(viewsOf(world, 2)).toEqual(['dead']);
  });

  test('S16: every live member is probed by every other within 2n periods', () => {
    const size = 8;
    const world = settled(size, 3);
    world.pings = [];
    const fromMs = world.now;
    runFor(world, 120_000);
    for (let from = 1; from <= size; from++) {
      for (let to = 1; to <= size; to++) {
        if (from === to) continue;
        const times = [fromMs];
        for (const ping of world.pings) {
          if (ping.from === from && ping.to === to) times.push(ping.atMs);
        }
        const gaps = times.slice(1).map((atMs, at) => atMs - times[at]!);
        expect(gaps.length).toBeGreaterThan(10);
        expect(Math.max(...gaps)).toBeLessThanOrEqual(2 * size * probePeriodMs);
      }
    }
  });
});

describe('accuracy', () => {
  test.each([3, 10, 30])('of %i members without loss nobody is ever suspected', (size) => {
    const world = newWorld(size, 4);
    runFor(world, 40_000);
    expect(world.noted.filter(({ change }) => change.state !== 'alive')).toEqual([]);
    for (let id = 1; id <= size; id++) expect(viewsOf(world, id)).toEqual(['alive']);
  });

  test('with 10 % loss suspicions are refuted: nobody is held dead in 2,000 member-seconds', () => {
    for (const seed of [5, 6]) {
      const world = newWorld(10, seed);
      world.lossPercent = 10;
      runFor(world, 100_000);
      expect(deathsSince(world, 0)).toEqual([]);
    }
  });

  test('G15, G17: one link cut of three members makes no suspect: the helper answers', () => {
    const world = newWorld(3, 7);
    world.passes = (from, to) => from + to !== 3;
    runFor(world, 60_000);
    expect(world.noted.filter(({ change }) => change.state === 'suspect')).toEqual([]);
  });

  test('S23: with one direction of one link cut, indirect probes keep both alive', () => {
    const world = newWorld(4, 8);
    world.passes = (from, to) => !(from === 1 && to === 2);
    runFor(world, 60_000);
    expect(world.noted.filter(({ change }) => change.state === 'suspect')).toEqual([]);
  });

  test('S06: a short silence ends in suspicion, refutation and peace', () => {
    const world = settled(5, 9);
    world.passes = (from, to) => from !== 2 && to !== 2;
    runFor(world, 6000);
    expect(viewsOf(world, 2)).toContain('suspect');
    world.passes = everywhere;
    runFor(world, 15_000);
    expect(viewsOf(world, 2)).toEqual(['alive']);
    expect(memberOf(world, 2).state.incarnation).toBeGreaterThan(1);
    expect(deathsSince(world, 0).filter(({ change }) => change.id === 2)).toEqual([]);
  });
});

describe('coming together again', () => {
  test('G23: halves that hold each other dead merge after a long partition', () => {
    const world = settled(6, 10);
    world.passes = (from, to) => from <= 3 === to <= 3;
    runFor(world, 300_000);
    expect(viewsOf(world, 2)).toEqual(['alive', 'dead']);
    const healedMs = world.now;
    world.passes = everywhere;
    runFor(world, 40_000);
    for (let id = 1; id <= 6; id++) expect(viewsOf(world, id)).toEqual(['alive']);
    const ownSide = deathsSince(world, healedMs).filter(
      ({ observer, change }) => observer <= 3 === change.id <= 3,
    );
    expect(ownSide).toEqual([]);
  });

  test('G19: one that restarts before or after it was found dead is alive again everywhere', () => {
    for (const downMs of [200, 90_000]) {
      const world = settled(5, 11);
      for (let times = 0; times < 3; times++) {
        crash(world, 2);
        runFor(world, downMs);
        restart(world, 2);
        runFor(world, 20_000);
        expect(viewsOf(world, 2)).toEqual(['alive']);
      }
    }
  });

  test('S17: one that knows a single address finds everybody and is found', () => {
    const world = settled(12, 12);
    restart(world, 13 - 1, { peers: [{ id: nodeId(3), address: addressOf(3) }] });
    runFor(world, 15_000);
    expect(memberOf(world, 12).state.members.size).toBe(11);
    expect(viewsOf(world, 12)).toEqual(['alive']);
  });

  test('S12, G10: one that leaves is held left by all, and may return from elsewhere', () => {
    const world = settled(6, 13);
    feedMember(world, 2, { kind: 'leave' });
    runFor(world, 12_000);
    expect(viewsOf(world, 2)).toEqual(['left']);
    crash(world, 2);
    runFor(world, 60_000);
    expect(viewsOf(world, 2)).toEqual(['left']);
    restart(world, 2, { address: '10.0.1.2:7946' });
    runFor(world, 15_000);
    expect(viewsOf(world, 2)).toEqual(['alive']);
    for (const [id, { state }] of world.members) {
      if (id === 2) continue;
      expect(state.members.get(nodeId(2))?.address).toBe('10.0.1.2:7946');
    }
  });

  test('S13: one that moved while held alive is found dead first, then taken back', () => {
    const world = settled(4, 14);
    restart(world, 2, { address: '10.0.1.2:7946' });
    runFor(world, 10_000);
    expect(viewsOf(world, 2)).not.toContain('dead');
    runFor(world, 90_000);
    expect(viewsOf(world, 2)).toEqual(['alive']);
    for (let id = 1; id <= 4; id++) expect(viewsOf(world, id)).toEqual(['alive']);
  });

  test('no member raises an incarnation without cause, nor claims one that nobody took', () => {
    const world = settled(8, 15);
    runFor(world, 60_000);
    for (const { state } of world.members.values()) {
      expect(state.incarnation).toBe(1);
      for (const held of state.members.values()) expect(held.incarnation).toBe(1);
    }
  });
});
