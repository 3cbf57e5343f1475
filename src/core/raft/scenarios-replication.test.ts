/** Replication, reads and flow control: scenarios by their ids in the catalogue. */
import { afterEach, describe, expect, test } from 'vitest';
import { type LogIndex, term } from '../../base/units.ts';
import type { AppendReply } from './message.ts';
import { ELECTION_TIMEOUT_MS, memberOf } from './testing/fixture.ts';
import { commit, logTerms, progressOf, replyOf, texts } from './testing/look.ts';
import { newStories } from './testing/peace.ts';

const { story, end } = newStories();
afterEach(end);

describe('replication', () => {
  test('E07: the logs of figure 7 equal the leader’s, for less than an append an entry', () => {
    const logs = [
      [1, 1, 1, 4, 4, 5, 5, 6, 6, 6],
      [1, 1, 1, 4, 4, 5, 5, 6, 6],
      [1, 1, 1, 4],
      [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
      [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
      [1, 1, 1, 4, 4, 4, 4],
      [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
    ];
    const c = story({ nodes: 7, logs });
    c.elect(1);
    c.elect(1);
    expect(c.state(1).role).toBe('leader');
    const before = c.network.sent.get('append')!;
    commit(c, 1, 'x');
    c.run(40);
    for (let id = 1; id <= 7; id++) expect(logTerms(c, id)).toEqual([...logs[0]!, 8, 8]);
    expect(before).toBeLessThan(6 + 1 + 6 + 2 + 3 + 4 + 8);
  });

  test.each([
    [[1, 1, 1, 1, 1, 5, 5, 5], [1, 1, 2, 2, 2, 3, 3, 3, 3], 2],
    [[1, 1, 1, 4, 4, 4], [1, 1, 1, 2, 2, 2, 2], 1],
    [[1, 1, 1, 1, 1, 1, 1, 1, 1], [1], 1],
    [[1, 3, 3, 3, 3, 3, 3, 3], [1, 2, 2, 2, 2, 2, 2, 2], 1],
    [[1, 2, 2, 2, 2, 2, 2, 4], [1, 3, 3, 3, 3, 3, 3, 3], 2],
  ])('E29: leader %j, follower %j: the match point after %i rejections', (own, other, count) => {
    const c = story({ nodes: 3, logs: [own, own, other] });
    let rejections = 0;
    c.elapse(ELECTION_TIMEOUT_MS);
    c.campaign(1);
    for (let parcel = c.network.next(); parcel !== null; parcel = c.network.next()) {
      if (parcel.type === 'append-reply' && !parcel.accepted) rejections++;
      c.arrive(parcel);
    }
    expect(c.state(1).role).toBe('leader');
    expect(logTerms(c, 3)).toEqual(logTerms(c, 1));
    expect(rejections).toBe(count);
  });

  test('E36: proposals beyond the bound are refused until others commit; empty ones pass', () => {
    const c = story({ nodes: 3, config: { uncommittedBytesMax: 300 } });
    c.elect(1);
    c.isolate(1);
    let accepted = 0;
    while (c.propose(1, `x${accepted}`).kind === 'accepted') accepted++;
    expect(accepted).toBe(4);
    expect(c.propose(1, 'x')).toEqual({ kind: 'refused', reason: 'overloaded' });
    const empty = { kind: 'propose', entryKind: 0, count: 0, wall: 1 } as const;
    expect(c.ask(1, { ...empty, bytes: new Uint8Array(48) }).kind).toBe('accepted');
    c.heal();
    c.run(60);
    expect(c.state(1).leading!.uncommittedBytes).toBe(0);
    expect(c.propose(1, 'x').kind).toBe('accepted');
  });

  test('E36: one entry larger than the bound passes when nothing else waits', () => {
    const c = story({ nodes: 3, config: { uncommittedBytesMax: 100 } });
    c.elect(1);
    commit(c, 1, 'x'.repeat(500));
    expect(texts(c, 1)).toEqual(['x'.repeat(500)]);
  });

  test('I37: a full window pauses one follower and nobody else, and an answer resumes it', () => {
    const c = story({ nodes: 3, config: { inflightEntriesMax: 4, appendEntriesMax: 1 } });
    c.elect(1);
    c.run(40);
    c.hold('append-reply', { from: 3 });
    for (let n = 0; n < 10; n++) commit(c, 1, `x${n}`);
    const sent = (): number => progressOf(c, 1, 3).nextIndex;
    expect(sent()).toBe(3 + 1 + 4);
    expect(progressOf(c, 1, 2).matchIndex).toBe(13);
    c.release();
    c.deliver();
    expect(sent()).toBe(14);
    expect(progressOf(c, 1, 3).inflightBytes).toBe(0);
  });

  test('I37: what was in flight and then compacted does not fill the window for ever (A34)', () => {
    const c = story({ nodes: 3, config: { inflightBytesMax: 400 } });
    c.elect(1);
    c.run(40);
    for (let round = 0; round < 8; round++) {
      c.hold('append-reply', { from: 3 });
      for (let n = 0; n < 3; n++) commit(c, 1, 'x');
      c.compact(1);
      c.release();
      c.deliver();
      expect(progressOf(c, 1, 3).inflightBytes).toBe(0);
      expect(progressOf(c, 1, 3).mode).toBe('replicate');
    }
    c.run(40);
    expect(c.state(3).commitIndex).toBe(c.state(1).commitIndex);
  });

  test('A34: a rejection releases the window', () => {
    const c = story({ nodes: 3, config: { inflightBytesMax: 200 } });
    c.elect(1);
    c.run(40);
    for (let round = 0; round < 5; round++) {
      c.cut(1, 3);
      for (let n = 0; n < 4; n++) commit(c, 1, 'x');
      c.heal();
      c.run(40);
      expect(progressOf(c, 1, 3).matchIndex).toBe(c.state(1).commitIndex);
    }
  });

  test('A35: an append that is lost without a word is sent again after the next heartbeat', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.run(40);
    c.propose(1, 'x');
    c.discard('append', { from: 1, to: 3 });
    c.deliver();
    c.run(40);
    expect(texts(c, 3)).toEqual(['x']);
  });

  test('O72: an empty append behind the end of the log is a conflict, not a success', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    const append = {
      type: 'append',
      from: memberOf(1),
      to: memberOf(3),
      term: term(1),
      previousIndex: 9 as LogIndex,
      previousTerm: term(1),
      commitIndex: 9 as LogIndex,
      round: 0,
      clock: 0,
      entries: [],
    } as const;
    c.arrive(append);
    const reply = c.network.queue.at(-1) as AppendReply;
    expect(reply).toMatchObject({ accepted: false, rejectedIndex: 9, hintIndex: 3 });
    expect(c.state(3).commitIndex).toBe(2);
  });

  test('A22: a rejection that is older than what is known changes nothing', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    for (const text of ['a', 'b', 'c']) commit(c, 1, text);
    const before = { ...progressOf(c, 1, 2) };
    c.arrive(replyOf(c, { accepted: false, rejectedIndex: 4 as LogIndex }));
    expect(progressOf(c, 1, 2)).toEqual({ ...before, clockOffset: expect.any(Number) });
  });

  test('A18, A19: late acknowledgements never lower a match, nor do rejections raise it', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    for (const text of ['a', 'b', 'c']) commit(c, 1, text);
    c.arrive(replyOf(c, { matchIndex: 4 as LogIndex }));
    expect(progressOf(c, 1, 2).matchIndex).toBe(6);
    c.isolate(1);
    c.propose(1, 'd');
    const rejection = { accepted: false, rejectedIndex: 7 as LogIndex, matchIndex: 7 as LogIndex };
    c.arrive(replyOf(c, rejection));
    expect(progressOf(c, 1, 2).matchIndex).toBe(6);
    expect(c.state(1).commitIndex).toBe(6);
  });

  test('A23, A24: an acknowledgement of a later term, or to a follower, commits nothing', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.isolate(1);
    c.propose(1, 'a');
    c.arrive(replyOf(c, { matchIndex: 4 as LogIndex, term: term(5) }));
    expect([c.state(1).role, c.state(1).commitIndex]).toEqual(['follower', 3]);
    c.arrive(replyOf(c, { matchIndex: 4 as LogIndex, term: term(5) }));
    expect(c.state(1).commitIndex).toBe(3);
  });

  test('an acknowledgement of an earlier term of the same leader counts for nothing', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.elect(2);
    c.elect(1);
    c.isolate(1);
    c.propose(1, 'a');
    c.arrive(replyOf(c, { matchIndex: 6 as LogIndex, term: term(1) }));
    expect(c.state(1).commitIndex).toBe(5);
  });

  test('A17: a follower with a longer, divergent tail acknowledges only what was compared', () => {
    const c = story({ nodes: 3, logs: [[1], [1], [1, 2, 2]] });
    c.hold('append');
    c.elect(1);
    c.elect(1);
    c.release();
    c.network.queue = c.network.queue.filter(({ to }) => to.id === 3);
    const term3 = c.state(1).currentTerm;
    const heartbeat = {
      type: 'append',
      from: memberOf(1),
      to: memberOf(3),
      term: term3,
      previousIndex: 3 as LogIndex,
      previousTerm: term(1),
      commitIndex: 5 as LogIndex,
      round: 0,
      clock: 0,
      entries: [],
    } as const;
    c.network.queue = [];
    c.arrive(heartbeat);
    expect(c.network.queue.at(-1)).toMatchObject({ accepted: true, matchIndex: 3 });
    // A10, A40: nor does it commit more than that.
    expect(c.state(3).commitIndex).toBe(3);
    expect(logTerms(c, 3)).toEqual([1, 2, 2]);
  });

  test('A20: an older leaderCommit does not lower the commit index', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.hold('append', { from: 1, to: 3 });
    c.tick(1, 2);
    const [old] = c.network.heldBack;
    c.release();
    for (const text of ['a', 'b']) commit(c, 1, text);
    c.run(40);
    expect(c.state(3).commitIndex).toBe(5);
    c.arrive(old!);
    expect(c.state(3).commitIndex).toBe(5);
  });

  test('A30: a completion for an entry that was replaced makes the new one no more durable', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.run(40);
    c.autoSync = false;
    c.cut(1, 2);
    c.propose(1, 'old');
    c.deliver();
    expect(c.machine(3).disk.pending.length).toBe(1);
    c.crash(1);
    c.restart(1);
    c.heal();
    c.elapse(ELECTION_TIMEOUT_MS);
    c.campaign(2);
    c.deliver();
    for (const id of [2, 1, 2]) {
      c.sync(id);
      c.deliver();
    }
    expect(c.state(2).role).toBe('leader');
    expect(logTerms(c, 3)).toEqual([1, 2]);
    c.crash(1);
    c.sync(3);
    expect(c.state(3).durableIndex).toBe(3);
    c.deliver();
    expect(c.state(2).commitIndex).toBe(3);
    c.syncAll(3);
    c.deliver();
    expect(c.state(2).commitIndex).toBe(4);
  });

  test('A02: a leader’s own entry counts when its disk holds it', () => {
    const c = story({ nodes: 1, autoSync: false });
    c.campaign(1);
    expect(c.state(1).role).toBe('candidate');
    c.sync(1);
    expect(c.state(1).role).toBe('leader');
    expect(c.state(1).commitIndex).toBe(2);
    c.sync(1);
    expect(c.state(1).commitIndex).toBe(3);
  });
});
