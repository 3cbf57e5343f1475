import { describe, expect, test } from 'vitest';
import { getSimplePaths } from 'xstate/graph';
import type { LogIndex, NodeId, StoreId } from '../../base/units.ts';
import type { Configuration, Member } from '../../core/types.ts';
import {
  checkConfigurations,
  checkMembershipStep,
  type MembershipEvent,
  type MembershipState,
  membershipChart,
  membershipOf,
} from './membership.ts';

/** `2b` is node 2 under its second store. */
function member(name: string): Member {
  return { id: Number(name[0]) as NodeId, store: name as StoreId };
}

function configuration(voters: string, outgoing = '', learners = ''): Configuration {
  const list = (names: string) => names.split(' ').filter(Boolean).map(member);
  return { voters: list(voters), outgoing: list(outgoing), learners: list(learners) };
}

const NOBODY = configuration('');
const FOUNDERS = configuration('1a 2a 3a');
const LEARNING = configuration('1a 2a 3a', '', '3b');
const JOINT = configuration('1a 2a 3b', '1a 2a 3a');
const REPLACED = configuration('1a 2a 3b');

/** One event of the chart, as a leader would write it into the log. */
function next({ voters, learners }: Configuration, event: MembershipEvent): Configuration {
  const successor = member(`${voters[0]?.id ?? 1}z`);
  const others = learners.filter(({ id }) => !voters.some((voter) => voter.id === id));
  switch (event.type) {
    case 'form':
      return FOUNDERS;
    case 'learners':
      return { voters, outgoing: [], learners: event.isLearning ? [...others, successor] : others };
    case 'enter':
      return { voters: voters.slice(1), outgoing: voters, learners };
    case 'leave':
      return { voters, outgoing: [], learners };
  }
}

/** What `next` cannot choose: leaving joint keeps the learners that there are. */
function isPossible(from: Configuration, event: MembershipEvent): boolean {
  return event.type !== 'leave' || membershipOf(next(from, event)) === stateAfterLeave(event);
}

const stateAfterLeave = ({ isLearning }: MembershipEvent): MembershipState =>
  isLearning ? 'learning' : 'settled';

const EVENTS: readonly MembershipEvent[] = (
  ['form', 'learners', 'enter', 'leave'] as const
).flatMap((type) => [true, false].map((isLearning) => ({ type, isLearning })));

const walks = getSimplePaths(membershipChart, { events: [...EVENTS] }).map(({ steps }) =>
  steps.filter(({ event }) => event.type in { form: 1, learners: 1, enter: 1, leave: 1 }),
);

describe('the judge of configurations', () => {
  test('accepts every walk through the chart, each state as the chart says', () => {
    let walked = 0;
    for (const steps of walks) {
      let current = NOBODY;
      for (const { event, state } of steps) {
        if (!isPossible(current, event)) break;
        const after = next(current, event);
        checkMembershipStep(current, after);
        expect(membershipOf(after)).toBe(state.value);
        current = after;
        walked++;
      }
    }
    expect(walked).toBeGreaterThan(10);
  });

  test('accepts the replacement of a lost store, from the founding on', () => {
    const walk = [NOBODY, FOUNDERS, FOUNDERS, LEARNING, JOINT, REPLACED];
    expect(walk.map(membershipOf)).toEqual([
      ...['unformed', 'settled', 'settled', 'learning', 'joint', 'settled'],
    ]);
    checkConfigurations(walk.map((each, at) => ({ index: at as LogIndex, configuration: each })));
  });

  test('accepts that another successor learns on while one takes its seat', () => {
    const joint = configuration('1a 2a 3b', '1a 2a 3a', '2b');
    checkMembershipStep(configuration('1a 2a 3a', '', '2b 3b'), joint);
    checkMembershipStep(joint, configuration('1a 2a 3b', '', '2b'));
  });

  test.each([
    ['voters that change directly', FOUNDERS, REPLACED],
    ['a successor that votes without a joint configuration', LEARNING, REPLACED],
    ['a joint configuration upon another', JOINT, configuration('1a 2a', '1a 2a 3b')],
    ['a joint configuration that forgets an old voter', LEARNING, configuration('1a 3b', '1a 2a')],
    ['a way back out of a joint configuration', JOINT, FOUNDERS],
    ['learners that change on the way out', JOINT, configuration('1a 2a 3b', '', '4a')],
    ['the loss of all members', FOUNDERS, NOBODY],
    ['a founding into a joint configuration', NOBODY, JOINT],
  ])('refuses %s', (_, before, after) => {
    expect(() => checkMembershipStep(before, after)).toThrow('election-safety');
  });

  test('refuses configurations out of order', () => {
    const at = (index: number) => ({ index: index as LogIndex, configuration: FOUNDERS });
    expect(() => checkConfigurations([at(2), at(2)])).toThrow('index-order');
  });
});
