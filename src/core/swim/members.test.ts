import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MemberState, Update } from './state.ts';
import { claim, configOf, feed, newLone, runAlone, say, stateOf } from './test-member.ts';

const STATES: readonly MemberState[] = ['alive', 'suspect', 'dead', 'left'];

/** A machine that holds member 2 as given; 3 does the talking. */
function holding(held: Update) {
  const lone = newLone(configOf(1, 3));
  feed(lone, { kind: 'tick' });
  say(lone, { from: 2, sender: claim(2, 'alive', 1) });
  say(lone, { from: 3, updates: [held] });
  return lone;
}

describe('the merge table (S08)', () => {
  test('every held state against every claim, at every order of incarnations', () => {
    const rows: string[] = [];
    for (const held of STATES) {
      for (const said of STATES) {
        const cells = [4, 5, 6].map((incarnation) => {
          const lone = holding(claim(2, held, 5));
          expect(stateOf(lone, 2)).toBe(`${held}@5`);
          say(lone, { from: 3, updates: [claim(2, said, incarnation)] });
          return stateOf(lone, 2) === `${said}@${incarnation}` && lone.changes.length === 1;
        });
        // The cell of a claim that says what is held: it must be no news.
        rows.push(`${held} ${said}: ${cells.map((taken) => (taken ? 'taken' : '-')).join(' ')}`);
      }
    }
    expect(rows).toEqual([
      // held, claim: at a lower, the same, a higher incarnation
      'alive alive: - - taken',
      'alive suspect: - taken taken',
      'alive dead: - taken taken',
      'alive left: - taken taken',
      'suspect alive: - - taken',
      'suspect suspect: - - taken',
      'suspect dead: - taken taken',
      'suspect left: - taken taken',
      'dead alive: - - taken',
      'dead suspect: - - taken',
      'dead dead: - - taken',
      'dead left: - taken taken',
      'left alive: - - taken',
      'left suspect: - - taken',
      'left dead: - - taken',
      'left left: - - taken',
    ]);
  });

  test('the order in which claims arrive, and how often, makes no difference', () => {
    const claims = fc.array(
      fc.record({ state: fc.constantFrom(...STATES), incarnation: fc.integer({ min: 1, max: 4 }) }),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(claims, fc.array(fc.nat(5), { maxLength: 8 }), (said, again) => {
        const updates = said.map(({ state, incarnation }) => claim(2, state, incarnation));
        const repeated = [...updates].reverse();
        for (const at of again) repeated.push(updates[at % updates.length]!);
        const left = holding(claim(2, 'alive', 1));
        const right = holding(claim(2, 'alive', 1));
        say(left, { from: 3, updates });
        say(right, { from: 3, updates: repeated });
        expect(stateOf(right, 2)).toBe(stateOf(left, 2));
      }),
      { seed: 2, numRuns: 200 },
    );
  });

  test('S09: a dead with a lower incarnation than held is ignored', () => {
    const lone = holding(claim(2, 'alive', 5));
    say(lone, { from: 3, updates: [claim(2, 'dead', 4)] });
    expect(stateOf(lone, 2)).toBe('alive@5');
  });

  test('S10: an alive replayed at the incarnation of the death changes nothing', () => {
    const lone = holding(claim(2, 'dead', 5));
    say(lone, { from: 3, updates: [claim(2, 'alive', 5)] });
    expect(stateOf(lone, 2)).toBe('dead@5');
  });
});

describe('the unknown', () => {
  test('G20: an accusation, a death or a leave of somebody unknown adds nobody', () => {
    const lone = newLone(configOf(1, 2));
    feed(lone, { kind: 'tick' });
    for (const state of ['suspect', 'dead', 'left'] as const) {
      say(lone, { from: 2, updates: [claim(9, state, 3)] });
      expect(stateOf(lone, 9)).toBe('unknown');
    }
    say(lone, { from: 2, updates: [claim(9, 'alive', 0)] });
    expect(stateOf(lone, 9)).toBe('unknown');
    say(lone, { from: 2, updates: [claim(9, 'alive', 3)] });
    expect(stateOf(lone, 9)).toBe('alive@3');
  });

  test('a full table refuses the living and gives up its oldest tombstone', () => {
    const lone = newLone(configOf(1, 2, { membersMax: 4 }));
    feed(lone, { kind: 'tick' });
    say(lone, { from: 2, updates: [3, 4, 5, 6].map((id) => claim(id, 'alive', 1)) });
    expect([stateOf(lone, 5), stateOf(lone, 6)]).toEqual(['alive@1', 'unknown']);
    expect(lone.state.counters.tableFull).toBe(1);
    say(lone, { from: 2, updates: [claim(4, 'dead', 1)] });
    lone.now += 1;
    say(lone, { from: 2, updates: [claim(3, 'left', 1)] });
    say(lone, { from: 2, updates: [claim(6, 'alive', 1)] });
    expect([stateOf(lone, 3), stateOf(lone, 4)]).toEqual(['left@1', 'unknown']);
    expect(stateOf(lone, 6)).toBe('alive@1');
  });
});

describe('tombstones (S27)', () => {
  test('old gossip cannot re-add a dead member while its tombstone stands', () => {
    const lone = newLone(configOf(1, 3, { forgetAfterMs: 10_000 }));
    runAlone(lone, 100);
    say(lone, { from: 2, updates: [claim(3, 'alive', 5)] });
    say(lone, { from: 2, updates: [claim(3, 'dead', 5)] });
    runAlone(lone, 10_000);
    say(lone, { from: 2, updates: [claim(3, 'alive', 5)] });
    expect(stateOf(lone, 3)).toBe('dead@5');
  });

  test('G09: dead and left alike are forgotten when their time is over', () => {
    const lone = newLone(configOf(1, 4, { forgetAfterMs: 10_000 }));
    runAlone(lone, 100);
    say(lone, { from: 2, updates: [claim(3, 'dead', 5), claim(4, 'left', 5)] });
    const forgotten: string[] = [];
    while (lone.now < 13_000) {
      runAlone(lone, lone.now + 100);
      for (const { id, state } of lone.changes) if (state === 'forgotten') forgotten.push(`${id}`);
    }
    expect([stateOf(lone, 3), stateOf(lone, 4)]).toEqual(['unknown', 'unknown']);
    expect(lone.state.news.size).toBeLessThanOrEqual(1);
    expect(new Set(forgotten)).toEqual(new Set(['3', '4']));
  });
});

describe('the address of an id (S13)', () => {
  const elsewhere = '10.9.9.9:1';

  test('is not overwritten while its member lives, whatever the incarnation', () => {
    for (const state of ['alive', 'suspect'] as const) {
      const lone = holding(claim(2, state, 5));
      say(lone, { from: 3, updates: [claim(2, 'alive', 9, elsewhere)] });
      say(lone, { from: 2, kind: 'ping', sender: claim(2, 'alive', 9, elsewhere) });
      expect(lone.state.members.get(claim(2, 'alive', 0).id)?.address).toBe('10.0.0.2:7946');
      expect(lone.state.counters.addressConflicts).toBe(2);
      expect(lone.sent).toEqual([]);
    }
  });

  test('may be reclaimed when its member has been dead for the grace time', () => {
    const lone = holding(claim(2, 'dead', 5));
    lone.now = 29_999;
    say(lone, { from: 3, updates: [claim(2, 'alive', 6, elsewhere)] });
    expect(stateOf(lone, 2)).toBe('dead@5');
    lone.now = 30_000;
    say(lone, { from: 3, updates: [claim(2, 'alive', 6, elsewhere)] });
    expect(stateOf(lone, 2)).toBe('alive@6');
    expect(lone.state.members.get(claim(2, 'alive', 0).id)?.address).toBe(elsewhere);
  });

  test('G10: who left may come back from elsewhere at once', () => {
    const lone = holding(claim(2, 'left', 5));
    say(lone, { from: 2, kind: 'ping', sender: claim(2, 'alive', 1, elsewhere) });
    expect(lone.sent[0]?.updates).toContainEqual(claim(2, 'left', 5));
    say(lone, { from: 2, kind: 'ping', sender: claim(2, 'alive', 6, elsewhere) });
    expect(stateOf(lone, 2)).toBe('alive@6');
  });

  test('that a list of addresses gave is replaced by the word of the member', () => {
    const lone = newLone(configOf(1, 2));
    feed(lone, { kind: 'tick' });
    say(lone, { from: 2, kind: 'ping', sender: claim(2, 'alive', 1, elsewhere) });
    expect(lone.state.members.get(claim(2, 'alive', 0).id)?.address).toBe(elsewhere);
  });
});
