/**
 * Raft's roles as a chart (thesis figure 3.3), made from the very table that the machine obeys, and
 * a judge that holds what was seen of a node from outside against it.
 *
 * 1. A follower has a seat: it votes, learns, or is no member. Only one that votes campaigns. Who
 *    is removed keeps the seat until that is known to be committed, and a leader leads (§4.2.2).
 * 2. A turn may take several arrows at once. What is judged is whether any way through the chart
 *    leads from what was seen to what is seen, and costs the terms that passed: a candidate enters
 *    a new term, a follower may, and nobody else does.
 *
 * The chart is not run. The machine asserts each change by the table; that it also tells the
 * truth about terms and seats shows only to somebody who looks on.
 */
import { type AnyStateMachine, createMachine } from 'xstate';
import { assert } from '../../base/assert.ts';
import { includesMember } from '../../core/members.ts';
import { isVoteNeeded } from '../../core/raft/configurations.ts';
import { ROLE_TRANSITIONS } from '../../core/raft/roles.ts';
import { currentConfiguration, type RaftState, type Role } from '../../core/raft/state.ts';
import { type Arrow, arrowsOf, pathOfState, statesOf } from './arrows.ts';

/** Why each change of the table happens, for a reader. */
export const ROLE_REASONS: Readonly<Record<Role, Readonly<Partial<Record<Role, string>>>>> = {
  follower: {
    'pre-candidate': 'no leader was heard for an election timeout',
    candidate: 'the leader hands over, or a cluster is founded',
  },
  'pre-candidate': {
    follower: 'a leader or a higher term is heard, or no majority would vote for it',
    candidate: 'a majority would vote for it',
    'pre-candidate': 'another election timeout has passed',
  },
  candidate: {
    follower: 'a leader or a higher term is heard, or no majority votes for it',
    leader: 'a majority votes for it, itself by a vote that its disk holds',
    'pre-candidate': 'another election timeout has passed',
  },
  leader: {
    follower: 'a higher term is heard, a quorum is not, or it was removed',
  },
};

const SEATS = {
  voter: 'its vote counts, or may yet: its removal is not known to be committed',
  learner: 'it gets the log and does not count',
  outsider: 'removed, or not taken in yet',
} as const;

export type Seat = keyof typeof SEATS;

const ROLES = Object.keys(ROLE_TRANSITIONS) as readonly Role[];

/** An arrow's event is the role that is taken on. */
function arrowsFrom(role: Role) {
  return Object.fromEntries(
    ROLE_TRANSITIONS[role].map((target) => {
      const description = ROLE_REASONS[role][target] ?? '';
      return [target, { target: `#role.${target}`, description }];
    }),
  );
}

/** A follower's seat changes with the configuration in force. */
function seatState(seat: Seat) {
  const others = Object.keys(SEATS).filter((other) => other !== seat);
  const moves = others.map((other) => [
    `seat-${other}`,
    { target: other, description: 'another configuration is in force, or committed' },
  ]);
  const campaigns = seat === 'voter' ? arrowsFrom('follower') : {};
  return { description: SEATS[seat], on: { ...campaigns, ...Object.fromEntries(moves) } };
}

const followerState = {
  initial: 'voter',
  states: {
    voter: seatState('voter'),
    learner: seatState('learner'),
    outsider: seatState('outsider'),
  },
};

export const roleChart: AnyStateMachine = createMachine({
  id: 'role',
  initial: 'follower',
  states: Object.fromEntries(
    ROLES.map((role) => [role, role === 'follower' ? followerState : { on: arrowsFrom(role) }]),
  ),
});

/** What can be seen of one group's Raft between two turns. */
export interface RoleAt {
  /** The state of the chart. */
  readonly path: string;
  readonly term: number;
}

export function roleAt(raft: RaftState): RoleAt {
  const { role, currentTerm: term } = raft;
  const seat = seatOf(raft);
  // A leader's seat is free; a campaigner's is part of its name, and only voters are in the chart.
  const isPlain = role === 'leader' || (role !== 'follower' && seat === 'voter');
  return { path: isPlain ? role : `${role}.${seat}`, term };
}

export function seatOf(raft: RaftState): Seat {
  if (isVoteNeeded(raft)) return 'voter';
  const { learners } = currentConfiguration(raft);
  return includesMember(learners, raft.config.self) ? 'learner' : 'outsider';
}

/** Whether the term may stay, or rise, when a role is taken on or kept. */
const TERMS: Readonly<Record<Role, { readonly mayStay: boolean; readonly mayRise: boolean }>> = {
  follower: { mayStay: true, mayRise: true },
  'pre-candidate': { mayStay: true, mayRise: false },
  candidate: { mayStay: false, mayRise: true },
  leader: { mayStay: true, mayRise: false },
};

/** Throws if no way through the chart leads from `before` to `after`. */
export function checkRoleStep(before: RoleAt, after: RoleAt): void {
  assert(after.term >= before.term, 'monotonic', 'the term fell');
  const reachable = REACHABLE.get(before.path);
  assert(reachable !== undefined, 'election-safety', `no role: ${before.path}`);
  const hasRisen = after.term > before.term;
  if (reachable.has(keyOf(after.path, hasRisen))) return;
  const way = `${before.path} → ${after.path}, ${hasRisen ? 'in a later term' : 'in one term'}`;
  assert(false, 'election-safety', `no way through the roles: ${way}`);
}

const keyOf = (path: string, hasRisen: boolean): string => `${path} ${hasRisen}`;

/** For each state, what can be reached from it, with and without a rise of the term. */
const REACHABLE: ReadonlyMap<string, ReadonlySet<string>> = reachableFromEach();

function reachableFromEach(): ReadonlyMap<string, ReadonlySet<string>> {
  const leaves = statesOf(roleChart).filter((state) => state.type === 'atomic');
  const arrows = arrowsOf(roleChart);
  return new Map(
    leaves.map((leaf) => [pathOfState(leaf), reachableFrom(pathOfState(leaf), arrows)]),
  );
}

function reachableFrom(start: string, arrows: readonly Arrow[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const visit = (path: string, hasRisen: boolean): void => {
    const key = keyOf(path, hasRisen);
    if (seen.has(key)) return;
    seen.add(key);
    if (roleOf(path) === 'follower') visit(path, true);
    for (const { source, target } of arrows) {
      if (source !== path) continue;
      const reached = target === 'follower' ? 'follower.voter' : target;
      const { mayStay, mayRise } = TERMS[roleOf(reached)];
      if (mayStay) visit(reached, hasRisen);
      if (mayRise) visit(reached, true);
    }
  };
  visit(start, false);
  return seen;
}

function roleOf(path: string): Role {
  return path.split('.')[0] as Role;
}
