/**
 * A group's configurations, one after the other as its log has them (thesis chapter 4), and the
 * judge of what may follow what. Replacing a lost store is a walk through it:
 *
 *   settled → learning → joint → settled
 *
 * 1. Voters change by way of a joint configuration alone, and what is left is what was in force.
 * 2. A joint configuration is left as it was entered: the new voters stay, the learners too.
 * 3. Learners come and go directly; they decide nothing.
 *
 * The chart is not run, for nobody holds its state: the log does, and whoever leads next goes on
 * from there (replacement.ts). So every node's log is judged, whole, by what stands in it.
 */
import { setup } from 'xstate';
import { assert } from '../../base/assert.ts';
import { isJoint, sameMember } from '../../core/members.ts';
import type { ConfigurationAt } from '../../core/raft/state.ts';
import type { Configuration, Member } from '../../core/types.ts';
import { arrowsOf } from './arrows.ts';

export type MembershipState = 'unformed' | 'settled' | 'learning' | 'joint';

/** `isLearning`: after it, a lost voter's successor learns. */
export interface MembershipEvent {
  readonly type: 'form' | 'learners' | 'enter' | 'leave';
  readonly isLearning: boolean;
}

const toLearning = { guard: 'isLearning', target: 'learning' } as const;
const enters = 'voters change, by hand or because a successor has caught up';
const silent = 'a voter has long been silent, and its successor is taken as a learner';
const others = 'other learners come or go, or the founders confirm that all hold entry 1';

export const membershipChart = setup({
  types: { events: {} as MembershipEvent },
  guards: { isLearning: ({ event }) => event.isLearning },
}).createMachine({
  id: 'membership',
  initial: 'unformed',
  states: {
    unformed: {
      description: 'the log names nobody',
      on: { form: { target: 'settled', description: 'entry 1 names the founders' } },
    },
    settled: {
      description: 'one majority decides',
      on: {
        learners: [
          { ...toLearning, description: silent },
          { target: 'settled', description: others },
        ],
        enter: { target: 'joint', description: enters },
      },
    },
    learning: {
      description: 'one majority decides; a learner has the id of a voter',
      on: {
        learners: [
          { ...toLearning, description: 'learners come or go, a successor is among them' },
          { target: 'settled', description: 'no learner is a successor any more' },
        ],
        enter: { target: 'joint', description: enters },
      },
    },
    joint: {
      description: 'two majorities decide, of the old voters and of the new ones',
      on: {
        leave: [
          { ...toLearning, description: 'committed; another successor still learns' },
          { target: 'settled', description: 'committed; the old voters have no say any more' },
        ],
      },
    },
  } satisfies Record<MembershipState, object>,
});

export function membershipOf(configuration: Configuration): MembershipState {
  if (configuration.voters.length === 0) return 'unformed';
  if (isJoint(configuration)) return 'joint';
  return hasSuccessor(configuration) ? 'learning' : 'settled';
}

/** A learner is no voter, so whoever shares a voter's id has another store. */
function hasSuccessor({ voters, learners }: Configuration): boolean {
  return learners.some(({ id }) => voters.some((voter) => voter.id === id));
}

/** Throws if a configuration in a log may not follow the one before it. */
export function checkConfigurations(configurations: readonly ConfigurationAt[]): void {
  for (let at = 1; at < configurations.length; at++) {
    const before = configurations[at - 1]!;
    const after = configurations[at]!;
    assert(before.index < after.index, 'index-order', 'configurations out of order');
    checkMembershipStep(before.configuration, after.configuration);
  }
}

export function checkMembershipStep(before: Configuration, after: Configuration): void {
  const source = membershipOf(before);
  const target = membershipOf(after);
  const event = eventOf(source, target);
  const isDrawn = LEGAL.has(`${source} ${event} ${target}`);
  assert(isDrawn, 'election-safety', `no such change of members: ${source} → ${target}`);
  checkMembers(event, before, after);
}

const LEGAL: ReadonlySet<string> = new Set(
  arrowsOf(membershipChart).map(({ source, event, target }) => `${source} ${event} ${target}`),
);

function eventOf(source: MembershipState, target: MembershipState): MembershipEvent['type'] {
  if (source === 'unformed') return 'form';
  if (source === 'joint') return 'leave';
  return target === 'joint' ? 'enter' : 'learners';
}

function checkMembers(
  event: MembershipEvent['type'],
  before: Configuration,
  after: Configuration,
): void {
  if (event === 'form') return;
  if (event === 'enter') {
    assert(
      sameMembers(after.outgoing, before.voters),
      'election-safety',
      'old voters were left out',
    );
    return;
  }
  assert(sameMembers(after.voters, before.voters), 'election-safety', 'voters changed directly');
  const mayLearnersChange = event === 'learners' || sameMembers(after.learners, before.learners);
  assert(mayLearnersChange, 'election-safety', 'learners changed while leaving');
}

function sameMembers(left: readonly Member[], right: readonly Member[]): boolean {
  return left.length === right.length && left.every((member, at) => sameMember(member, right[at]!));
}
