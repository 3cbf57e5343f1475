/**
 * The decisions of Raft that are tables: every row is enumerated and compared with a small function
 * written here from the thesis, without a look at the product.
 */
import { describe, expect, test } from 'vitest';
import { type LogIndex, type NodeId, term as termOf } from '../../base/units.ts';
import { entryTerm } from '../entry.ts';
import type { Configuration, Member } from '../types.ts';
import { lastIndex } from './log.ts';
import type { Append, AppendReply, VoteReply } from './message.ts';
import { RaftOut } from './out.ts';
import { hasQuorum, isLost, quorumIndex } from './quorum.ts';
import type { RaftState } from './state.ts';
import { raft } from './step.ts';
import { BASE_INDEX, DEFAULTS, madeEntry, memberOf } from './testing/fixture.ts';

const [self, other, third] = [memberOf(1), memberOf(2), memberOf(3)];
const VOTERS: Configuration = { voters: [self, other, third], outgoing: [], learners: [] };

/** Machine 1 of three, with entries of these terms behind index 2. */
function newMachine(terms: readonly number[], term: number, votedFor: Member | null): RaftState {
  return raft.init({
    ...DEFAULTS,
    self,
    seed: [1],
    hardState: { term: termOf(term), votedFor },
    snapshotIndex: BASE_INDEX as LogIndex,
    snapshotTerm: termOf(0),
    snapshotStamp: 0,
    configuration: VOTERS,
    entries: terms.map((entry, at) => madeEntry(BASE_INDEX + 1 + at, entry)),
  });
}

/** Every log of at most `length` entries whose terms rise through 1…`highest`. */
function logsOf(length: number, highest: number): number[][] {
  const logs: number[][] = [[]];
  for (let at = 0; at < logs.length; at++) {
    const log = logs[at]!;
    if (log.length === length) continue;
    for (let term = log.at(-1) ?? 1; term <= highest; term++) logs.push([...log, term]);
  }
  return logs;
}

/** Steps with one message and everything on disk at once. */
function deliver(state: RaftState, message: Append | Parameters<typeof voteFrom>[0]): RaftOut {
  const out = new RaftOut();
  const isAppend = 'type' in message;
  const sent = isAppend ? message : voteFrom(message);
  raft.step(state, { kind: 'message', message: sent, wall: 1 }, 1000 as never, out);
  raft.check(state);
  return out;
}

const answers = (out: RaftOut) => [...out.sendNow, ...out.sendAfter.map(({ message }) => message)];

function voteFrom(asked: { term: number; index: number; logTerm: number }) {
  return {
    type: 'vote',
    from: other,
    to: self,
    term: termOf(asked.term),
    lastIndex: (BASE_INDEX + asked.index) as LogIndex,
    lastTerm: termOf(asked.logTerm),
    isTransfer: false,
  } as const;
}

describe('E03: the vote rule', () => {
  const TERM = 4;
  const votes = [null, self, other, third];

  test('a vote is granted exactly to the first up-to-date candidate of the highest term', () => {
    let rows = 0;
    for (const terms of logsOf(3, 3)) {
      for (const [index, logTerm, asked] of candidates()) {
        for (const votedFor of votes) {
          const state = newMachine(terms, TERM, votedFor);
          const out = deliver(state, { term: asked, index, logTerm });
          const reply = answers(out)[0] as VoteReply;
          const expected = grants(terms, { index, logTerm, asked, votedFor });
          expect(reply.granted, JSON.stringify({ terms, index, logTerm, asked })).toBe(expected);
          expect(state.currentTerm).toBe(Math.max(asked, TERM));
          rows++;
        }
      }
    }
    expect(rows).toBeGreaterThan(2000);
  });

  /** Index, term of the last entry, term asked for. */
  function candidates(): (readonly [number, number, number])[] {
    const rows: (readonly [number, number, number])[] = [];
    for (const asked of [TERM - 1, TERM, TERM + 1]) {
      for (let index = 0; index <= 4; index++) {
        for (let logTerm = 0; logTerm <= 3; logTerm++) rows.push([index, logTerm, asked]);
      }
    }
    return rows;
  }

  function grants(
    terms: readonly number[],
    row: { index: number; logTerm: number; asked: number; votedFor: Member | null },
  ): boolean {
    if (row.asked < TERM) return false;
    const vote = row.asked > TERM ? null : row.votedFor;
    if (vote !== null) return vote.id === other.id;
    const ownTerm = terms.at(-1) ?? 0;
    if (row.logTerm !== ownTerm) return row.logTerm > ownTerm;
    return row.index >= terms.length;
  }
});

describe('E04: the append rule', () => {
  const TERM = 3;

  test('every append to every small log is taken or rejected as figure 3.1 says', () => {
    let rows = 0;
    for (const terms of logsOf(3, 2)) {
      for (let previous = 0; previous <= 4; previous++) {
        for (let previousTerm = 0; previousTerm <= 2; previousTerm++) {
          for (const entries of logsOf(2, 3)) {
            if ((entries[0] ?? 3) < previousTerm || (previous === 0 && previousTerm > 0)) continue;
            for (const commit of [0, 1, 2, 5]) {
              appendRow({ terms, previous, previousTerm, entries, commit });
              rows++;
            }
          }
        }
      }
    }
    expect(rows).toBeGreaterThan(3000);
  });

  interface Row {
    readonly terms: readonly number[];
    readonly previous: number;
    readonly previousTerm: number;
    readonly entries: readonly number[];
    readonly commit: number;
  }

  function appendRow(row: Row): void {
    const { terms, previous, entries } = row;
    const state = newMachine(terms, TERM, null);
    const out = deliver(state, appendOf(row));
    const expected = outcome(row);
    const held = state.log.entries.map((entry) => entryTerm(entry));
    expect(held, JSON.stringify(row)).toEqual(expected.terms);
    expect(state.commitIndex, JSON.stringify(row)).toBe(BASE_INDEX + expected.commit);
    const reply = answers(out)[0] as AppendReply;
    expect(reply.accepted, JSON.stringify(row)).toBe(expected.isTaken);
    const through = BASE_INDEX + previous + entries.length;
    if (expected.isTaken) expect(reply.matchIndex).toBe(through);
    else expect(reply.rejectedIndex).toBe(BASE_INDEX + previous);
    // What is not on disk yet is not acknowledged yet.
    const isNew = expected.terms.length !== terms.length || held.some((t, at) => t !== terms[at]);
    if (isNew && expected.isTaken) expect(out.sendNow).toEqual([]);
  }

  function appendOf({ previous, previousTerm, entries, commit }: Row): Append {
    return {
      type: 'append',
      from: other,
      to: self,
      term: termOf(TERM),
      previousIndex: (BASE_INDEX + previous) as LogIndex,
      previousTerm: termOf(previousTerm),
      commitIndex: (BASE_INDEX + commit) as LogIndex,
      round: 0,
      clock: 0,
      entries: entries.map((term, at) => madeEntry(BASE_INDEX + previous + 1 + at, term)),
    };
  }

  /** Figure 3.1, receiver rules 2 to 5, in its own words. */
  function outcome({ terms, previous, previousTerm, entries, commit }: Row) {
    const termAtPrevious = previous === 0 ? 0 : (terms[previous - 1] ?? null);
    if (termAtPrevious !== previousTerm) return { isTaken: false, terms: [...terms], commit: 0 };
    let after = [...terms];
    for (const [at, term] of entries.entries()) {
      const place = previous + at;
      if (after[place] === term) continue;
      after = after.slice(0, place);
      after.push(term);
    }
    return { isTaken: true, terms: after, commit: Math.min(commit, previous + entries.length) };
  }

  test('the hint of a rejection lies where the logs may agree', () => {
    for (const terms of logsOf(3, 2)) {
      for (let previous = 1; previous <= 4; previous++) {
        for (let previousTerm = 1; previousTerm <= 2; previousTerm++) {
          if ((terms[previous - 1] ?? null) === previousTerm) continue;
          const state = newMachine(terms, TERM, null);
          const append = appendOf({ terms, previous, previousTerm, entries: [], commit: 0 });
          const reply = answers(deliver(state, append))[0] as AppendReply;
          const below = Math.min(previous, terms.length);
          const fitting = [0, ...terms].findLastIndex((t, at) => at <= below && t <= previousTerm);
          expect(reply.hintIndex - BASE_INDEX).toBe(fitting);
          expect(reply.hintTerm).toBe([0, ...terms][fitting]);
        }
      }
    }
  });
});

describe('E05: the commit rule', () => {
  /** A leader of term 3 with this log, and its no-op behind it. */
  function newLeader(terms: readonly number[]): RaftState {
    const state = newMachine(terms, 2, null);
    const step = (event: Parameters<typeof raft.step>[1], now: number): void =>
      raft.step(state, event, now as never, new RaftOut());
    step({ kind: 'tick', wall: 1 }, 1);
    step({ kind: 'tick', wall: 1 }, 1000);
    const granted = { from: other, to: self, term: termOf(2), granted: true } as const;
    const preVote = { type: 'pre-vote-reply', ...granted, askedTerm: termOf(3) } as const;
    step({ kind: 'message', message: preVote, wall: 1 }, 1000);
    syncAll(state);
    const vote = { type: 'vote-reply', ...granted, term: termOf(3), wall: 1 } as const;
    step({ kind: 'message', message: vote, wall: 1 }, 1000);
    expect(state.role).toBe('leader');
    return state;
  }

  function syncAll(state: RaftState): void {
    const { lastTicket: ticket, log } = state;
    const [index, term] = [lastIndex(log), termOf(0)];
    raft.step(state, { kind: 'synced', ticket, index, term }, 1000 as never, new RaftOut());
  }

  test('committed is what a majority holds durably, if its term is the leader’s', () => {
    let rows = 0;
    for (const terms of logsOf(2, 2)) {
      const last = terms.length + 1;
      for (let left = 0; left <= last; left++) {
        for (let right = 0; right <= last; right++) {
          for (const isDurable of [false, true]) {
            const state = newLeader(terms);
            if (isDurable) syncAll(state);
            acknowledge(state, other, left);
            acknowledge(state, third, right);
            const own = isDurable ? last : terms.length;
            const [, middle] = [own, left, right].sort((a, b) => a - b);
            const isOwn = [...terms, 3][middle! - 1] === 3;
            expect(state.commitIndex - BASE_INDEX).toBe(isOwn ? middle : 0);
            rows++;
          }
        }
      }
    }
    expect(rows).toBeGreaterThan(100);
  });

  function acknowledge(state: RaftState, from: Member, index: number): void {
    const reply = {
      type: 'append-reply',
      from,
      to: self,
      term: termOf(3),
      round: 0,
      accepted: true,
      matchIndex: (BASE_INDEX + index) as LogIndex,
      rejectedIndex: 0 as LogIndex,
      hintIndex: 0 as LogIndex,
      hintTerm: termOf(0),
      durability: 'durable',
      wall: 1,
    } as const;
    raft.step(state, { kind: 'message', message: reply, wall: 1 }, 1000 as never, new RaftOut());
    raft.check(state);
  }
});

describe('E06: the tally', () => {
  type Answer = 'granted' | 'denied' | 'silent';
  const ANSWERS: readonly Answer[] = ['granted', 'denied', 'silent'];

  /** Every way in which `count` voters can answer. */
  function* answersOf(count: number): Generator<Answer[]> {
    for (let row = 0; row < 3 ** count; row++) {
      yield Array.from({ length: count }, (_, at) => ANSWERS[Math.floor(row / 3 ** at) % 3]!);
    }
  }

  const members = (ids: readonly number[]): Member[] =>
    ids.map((id) => ({ ...memberOf(id), id: id as NodeId }));

  /** More than half said yes: won. So many said no that the rest is not more than half: lost. */
  function verdict(answers: readonly Answer[]): 'won' | 'lost' | 'pending' {
    const yes = answers.filter((answer) => answer === 'granted').length;
    const no = answers.filter((answer) => answer === 'denied').length;
    if (yes * 2 > answers.length) return 'won';
    return (answers.length - no) * 2 > answers.length ? 'pending' : 'lost';
  }

  function tally(configuration: Configuration, said: ReadonlyMap<number, Answer>) {
    const says = (answer: Answer) => (member: Member) => said.get(member.id) === answer;
    if (hasQuorum(configuration, says('granted'))) return 'won';
    return isLost(configuration, says('denied')) ? 'lost' : 'pending';
  }

  test.each([1, 2, 3, 4, 5, 6, 7])('%i voters: won, lost or pending', (count) => {
    const ids = Array.from({ length: count }, (_, at) => at + 1);
    const configuration = { voters: members(ids), outgoing: [], learners: members([9]) };
    for (const answers of answersOf(count)) {
      const said = new Map(ids.map((id, at) => [id, answers[at]!]));
      said.set(9, 'granted');
      expect(tally(configuration, said)).toBe(verdict(answers));
    }
  });

  const JOINT = [
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
    [
      [1, 2, 3],
      [1, 2],
    ],
    [
      [1, 2],
      [2, 3, 4],
    ],
    [
      [1, 2, 3, 4],
      [3, 4, 5],
    ],
    [[1], [1, 2, 3]],
    [[1], [2]],
  ] as const;

  test.each(JOINT)('joint %j and %j: both halves must agree', (incoming, outgoing) => {
    const ids = [...new Set<number>([...incoming, ...outgoing])];
    const configuration = {
      voters: members(incoming),
      outgoing: members(outgoing),
      learners: members([9]),
    };
    for (const answers of answersOf(ids.length)) {
      const said = new Map(ids.map((id, at) => [id, answers[at]!]));
      const halves = [incoming, outgoing].map((half) => verdict(half.map((id) => said.get(id)!)));
      const isWon = halves.every((half) => half === 'won');
      const expected = isWon ? 'won' : halves.includes('lost') ? 'lost' : 'pending';
      expect(tally(configuration, said)).toBe(expected);
    }
  });

  test('nobody is no quorum', () => {
    const nobody = { voters: [], outgoing: [], learners: [self] };
    expect(hasQuorum(nobody, () => true)).toBe(false);
    expect(quorumIndex(nobody, () => 9 as LogIndex)).toBe(0);
  });

  test('a quorum has reached the largest index that more than half have reached', () => {
    for (let count = 1; count <= 5; count++) {
      const voters = members(Array.from({ length: count }, (_, at) => at + 1));
      for (let row = 0; row < 4 ** count; row++) {
        const reached = voters.map((_, at) => Math.floor(row / 4 ** at) % 4);
        const isReached = (index: number): boolean =>
          reached.filter((own) => own >= index).length * 2 > count;
        const expected = [3, 2, 1, 0].find(isReached);
        const indexOf = (member: Member): LogIndex => reached[member.id - 1] as LogIndex;
        expect(quorumIndex({ voters, outgoing: [], learners: [self] }, indexOf)).toBe(expected);
      }
    }
  });

  test('in a joint configuration both halves must have reached it', () => {
    const configuration = { voters: members([1, 2, 3]), outgoing: members([3, 4]), learners: [] };
    for (let row = 0; row < 3 ** 4; row++) {
      const reached = [0, 1, 2, 3].map((at) => Math.floor(row / 3 ** at) % 3);
      const half = (ids: readonly number[], index: number): boolean =>
        ids.filter((id) => reached[id - 1]! >= index).length * 2 > ids.length;
      const expected = [2, 1, 0].find((index) => half([1, 2, 3], index) && half([3, 4], index));
      expect(quorumIndex(configuration, (m) => reached[m.id - 1] as LogIndex)).toBe(expected);
    }
  });
});
