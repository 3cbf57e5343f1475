import { expect, test } from 'vitest';
import type { LogIndex, Millis, Term } from '../../../src/base/units.ts';
import type { RaftEvent } from '../../../src/core/raft/event.ts';
import type { Message } from '../../../src/core/raft/message.ts';
import { RaftOut } from '../../../src/core/raft/out.ts';
import type { RaftState } from '../../../src/core/raft/state.ts';
import { raft as machine } from '../../../src/core/raft/step.ts';
import { DEFAULTS, madeEntry, memberOf } from '../../../src/core/raft/testing/fixture.ts';
import { StepSpec } from './spec.ts';
import { TimeoutDraws } from './timers.ts';

const VOTERS = [1, 2, 3].map((id) => memberOf(id));
const [SELF, OTHER] = [VOTERS[0]!, VOTERS[1]!];

/** Node 1 of three in term 2, with entries 2 and 3 behind its base, and its judge. */
function bench(spoil: (raft: RaftState, out: RaftOut) => void = () => {}) {
  const raft = machine.init({
    ...DEFAULTS,
    self: SELF,
    seed: [1, 2, 3, 4],
    hardState: { term: 2 as Term, votedFor: null },
    snapshotIndex: 1 as LogIndex,
    snapshotTerm: 1 as Term,
    snapshotStamp: 0,
    configuration: { voters: VOTERS, outgoing: [], learners: [] },
    entries: [madeEntry(2, 1), madeEntry(3, 2)],
  });
  let now = 1_000;
  const spec = new StepSpec(new TimeoutDraws(), () => now);
  spec.began(raft);
  const out = new RaftOut();
  const step = (event: RaftEvent, spanMs = 0): RaftOut => {
    now += spanMs;
    out.clear();
    machine.step(raft, event, now as Millis, out);
    spoil(raft, out);
    spec.stepped(raft, event, out);
    return out;
  };
  step({ kind: 'tick', wall: 0 });
  return { raft, step };
}

const heard = (message: Partial<Message>): RaftEvent => ({
  kind: 'message',
  message: { from: OTHER, to: SELF, ...message } as Message,
  wall: 0,
});

const append = (previousIndex: number, entries: Uint8Array[], commitIndex = 0): RaftEvent =>
  heard({
    ...{ type: 'append', term: 3 as Term, round: 0, clock: 0, entries },
    previousIndex: previousIndex as LogIndex,
    previousTerm: (previousIndex === 2 ? 1 : 2) as Term,
    commitIndex: commitIndex as LogIndex,
  } as Partial<Message>);

const vote = (lastIndex: number): RaftEvent =>
  heard({
    ...{ type: 'vote', term: 3 as Term, lastTerm: 2 as Term, isTransfer: false },
    lastIndex: lastIndex as LogIndex,
  } as Partial<Message>);

test('what a machine does by the thesis is let pass', () => {
  const { raft, step } = bench();
  step(append(3, [madeEntry(4, 3)], 3));
  step(append(3, [madeEntry(4, 3)], 4));
  step({ kind: 'synced', ticket: raft.lastTicket, index: 4 as LogIndex, term: 3 as Term });
  expect(raft.appliedIndex).toBe(4);
  step({ kind: 'tick', wall: 0 }, 500);
  expect(raft.role).toBe('pre-candidate');
});

test('a vote that is kept, and is denied, is a wrong step', () => {
  const { step } = bench((_, out) => {
    const reply = out.sendAfter[0]?.message;
    if (reply?.type === 'vote-reply') Object.assign(reply, { granted: false });
  });
  expect(() => step(vote(3))).toThrow('votes in term 3, and nobody asked');
});

test('so is a vote for a log that is behind', () => {
  const { step } = bench((_, out) => {
    const reply = out.sendAfter[0]?.message;
    if (reply?.type === 'vote-reply') Object.assign(reply, { granted: true });
  });
  expect(() => step(vote(2))).toThrow('not due is given');
});

test('a term that no record tells of is in memory alone', () => {
  const { step } = bench((raft) => {
    if (raft.currentTerm === 3) raft.currentTerm = 4 as Term;
  });
  expect(() => step(append(3, []))).toThrow('term 4 is in memory alone');
});

test('entries may be cut off where they conflict, and nowhere else', () => {
  const honest = bench();
  honest.step(append(2, [madeEntry(3, 3)]));
  expect(honest.raft.log.entries).toHaveLength(2);
  const { step } = bench((raft, out) => {
    if (raft.currentTerm < 3) return;
    const { group } = raft.config;
    out.records.push({ kind: 'truncate', group, from: 3 as LogIndex, term: 3 as Term });
    raft.log.entries.length = 1;
    raft.durableIndex = 2 as LogIndex;
  });
  expect(() => step(append(2, []))).toThrow('a log ends at 2, not at 3');
});

test('a commit that is told and forgotten is a wrong step, and so is one that nobody told', () => {
  const late = bench((raft) => {
    raft.commitIndex = 1 as LogIndex;
    raft.appliedIndex = 1 as LogIndex;
  });
  expect(() => late.step(append(3, [], 3))).toThrow('told that 3 is committed');
  const early = bench((raft) => {
    if (raft.currentTerm === 3) raft.commitIndex = 3 as LogIndex;
  });
  expect(() => early.step(append(3, [], 2))).toThrow('commits 3 of 2');
});

test('a pre-vote changes nothing, whatever is answered', () => {
  const asked = { type: 'pre-vote', term: 2, askedTerm: 3, lastIndex: 3, lastTerm: 2 };
  const { step } = bench((raft, out) => {
    if (out.sendNow[0]?.type === 'pre-vote-reply') raft.leader = OTHER.id;
  });
  expect(() => step(heard(asked as unknown as Partial<Message>))).toThrow('is not what it was');
});

test('a timeout outside its bounds, or that is always the same, is found out', () => {
  const short = bench((raft) => {
    if (raft.currentTerm === 3) raft.electionDeadline = 1_050 as Millis;
  });
  expect(() => short.step(append(3, []))).toThrow('waits 50 ms');
  let at = 1_000;
  const alike = bench((raft) => {
    if (raft.currentTerm === 3) raft.electionDeadline = (at + 150) as Millis;
  });
  expect(() => {
    for (let n = 0; n < 9; n++) {
      at++;
      alike.step(append(3, []), 1);
    }
  }).toThrow('always waits 150 ms');
});
