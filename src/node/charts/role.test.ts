import { describe, expect, test } from 'vitest';
import { getSimplePaths } from 'xstate/graph';
import { CHECKERS } from '../../base/assert.ts';
import { ROLE_TRANSITIONS } from '../../core/raft/roles.ts';
import type { Role } from '../../core/raft/state.ts';
import { arrowsOf } from './arrows.ts';
import { checkRoleStep, ROLE_REASONS, type RoleAt, roleChart } from './role.ts';

const roleOf = (path: string): Role => path.split('.')[0] as Role;
const at = (path: string, term: number): RoleAt => ({ path, term });

const pathOf = (value: unknown): string =>
  typeof value === 'string' ? value : Object.entries(value as object)[0]!.join('.');

/** The states of a walk with the terms that it costs at least. */
function seenOn(values: readonly unknown[]): readonly RoleAt[] {
  let term = 7;
  return values.map((value) => {
    const path = pathOf(value);
    if (path === 'candidate') term++;
    return at(path, term);
  });
}

const walks = getSimplePaths(roleChart).map(({ steps }) =>
  seenOn(steps.map(({ state }) => (state as { value: unknown }).value)),
);

describe('the role chart', () => {
  test('has the arrows of the table that the machine obeys, and no other between roles', () => {
    const drawn = arrowsOf(roleChart)
      .filter(({ event }) => !event.startsWith('seat-'))
      .map(({ source, target }) => `${roleOf(source)} ${target}`);
    const table = Object.entries(ROLE_TRANSITIONS).flatMap(([source, targets]) =>
      targets.map((target) => `${source} ${target}`),
    );
    expect(drawn.sort()).toEqual(table.sort());
  });

  test('tells a reason for each change of the table, and for no other', () => {
    for (const [source, targets] of Object.entries(ROLE_TRANSITIONS)) {
      const reasons = Object.keys(ROLE_REASONS[source as Role]);
      expect(reasons.sort()).toEqual([...targets].sort());
    }
  });

  test('lets nobody campaign who does not vote', () => {
    const campaigns = arrowsOf(roleChart).filter(
      ({ source, target }) => source.startsWith('follower') && !target.startsWith('follower'),
    );
    expect(new Set(campaigns.map(({ source }) => source))).toEqual(new Set(['follower.voter']));
  });
});

describe('the judge of roles', () => {
  test('accepts every walk, step by step and with steps left out', () => {
    let accepted = 0;
    for (const walk of walks) {
      for (const [place, after] of walk.entries()) {
        for (const before of walk.slice(0, place + 1)) {
          checkRoleStep(before, after);
          accepted++;
        }
      }
    }
    expect(accepted).toBeGreaterThan(50);
  });

  test('accepts a follower of any seat in whatever later term', () => {
    for (const seat of ['voter', 'learner', 'outsider']) {
      checkRoleStep(at(`follower.${seat}`, 3), at(`follower.${seat}`, 9));
      checkRoleStep(at('leader', 3), at(`follower.${seat}`, 4));
    }
  });

  test.each([
    ['a leader without an election', at('follower.voter', 3), at('leader', 3)],
    ['a leader by pre-votes', at('pre-candidate', 3), at('leader', 3)],
    ['a candidate in the term it had', at('follower.voter', 3), at('candidate', 3)],
    ['a candidate by pre-votes in the term it had', at('pre-candidate', 3), at('candidate', 3)],
    ['a second candidacy in the term of the first', at('leader', 3), at('candidate', 3)],
    ['a learner that campaigns', at('follower.voter', 3), at('candidate.learner', 4)],
    ['an outsider that asks', at('follower.outsider', 3), at('pre-candidate.outsider', 3)],
    ['a term that falls', at('leader', 4), at('follower.voter', 3)],
  ])('refuses %s', (_, before, after) => {
    const checker = after.term < before.term ? 'monotonic' : 'election-safety';
    expect(CHECKERS).toContain(checker);
    expect(() => checkRoleStep(before, after)).toThrow(checker);
  });
});
