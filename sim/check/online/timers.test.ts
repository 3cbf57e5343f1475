import { expect, test } from 'vitest';
import type { RaftState } from '../../../src/core/raft/state.ts';
import { TimerCheck } from './timers.ts';

function bench() {
  const raft = {
    config: { self: { id: 1, store: 's1' } },
    role: 'follower',
    currentTerm: 3,
    lastLeaderContact: 100,
    electionDeadline: 400,
    votedFor: null as object | null,
  };
  const timers = new TimerCheck();
  const turn = (now: number): void => timers.afterTurn(raft as unknown as RaftState, now);
  turn(100);
  return { raft, turn };
}

test('a follower that nobody spoke to lets its timer run out', () => {
  const { raft, turn } = bench();
  raft.electionDeadline = 500;
  expect(() => turn(200)).toThrow('heard from no leader');
});

test('its leader’s word, a vote and a timeout that has passed begin it anew', () => {
  const { raft, turn } = bench();
  raft.electionDeadline = 500;
  raft.lastLeaderContact = 200;
  turn(200);
  raft.electionDeadline = 800;
  turn(500);
  raft.electionDeadline = 900;
  raft.votedFor = { id: 2, store: 's2' };
  turn(600);
});
