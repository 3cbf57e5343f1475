/** Votes, terms and what must be on disk before they are told (thesis 3.4, 3.6.1, 3.8, 9.6). */
import { afterEach, describe, expect, test } from 'vitest';
import { term } from '../../base/units.ts';
import type { Vote, VoteReply } from './message.ts';
import { RaftOut } from './out.ts';
import { ROLE_TRANSITIONS } from './roles.ts';
import { raft } from './step.ts';
import type { Cluster } from './testing/cluster.ts';
import { ELECTION_TIMEOUT_MS, memberOf } from './testing/fixture.ts';
import { roles, settle, terms } from './testing/look.ts';
import { newStories } from './testing/peace.ts';

const { story, end } = newStories();
afterEach(end);

const ANY = { type: null, from: null, to: null };

function voteOf(part: Partial<Vote>): Vote {
  return {
    type: 'vote',
    from: memberOf(2),
    to: memberOf(1),
    term: term(5),
    lastIndex: 2 as never,
    lastTerm: term(0),
    isTransfer: false,
    ...part,
  };
}

/** Machine `id` hears that somewhere there was a later term. */
function hearOf(c: Cluster, id: number, later: number): void {
  const denial = { granted: false, wall: 1, from: memberOf(3), to: memberOf(id) } as const;
  c.arrive({ type: 'vote-reply', ...denial, term: term(later) });
}

const repliesIn = (c: Cluster): VoteReply[] =>
  c.network.queue.filter((parcel): parcel is VoteReply => parcel.type === 'vote-reply');

describe('a vote', () => {
  test('E01: is told when it is durable, and not before', () => {
    const c = story({ nodes: 3, autoSync: false });
    c.arrive(voteOf({}));
    expect(repliesIn(c)).toEqual([]);
    c.sync(1);
    expect(repliesIn(c)).toMatchObject([{ granted: true, term: 5 }]);
  });

  test('E01: that the disk lost was never told; another candidate may have it', () => {
    const c = story({ nodes: 3, autoSync: false });
    c.arrive(voteOf({}));
    c.crash(1);
    c.restart(1);
    expect(repliesIn(c)).toEqual([]);
    c.arrive(voteOf({ from: memberOf(3) }));
    c.sync(1);
    expect(repliesIn(c)).toMatchObject([{ granted: true, to: memberOf(3) }]);
  });

  test('is given once in a term, across restarts', () => {
    const c = story({ nodes: 3 });
    c.arrive(voteOf({}));
    c.crash(1);
    c.restart(1);
    c.arrive(voteOf({ from: memberOf(3) }));
    expect(repliesIn(c).map(({ granted }) => granted)).toEqual([true, false]);
  });

  test('E28: is told again to the same candidate of the same term', () => {
    const c = story({ nodes: 3 });
    c.arrive(voteOf({}));
    c.arrive(voteOf({}));
    expect(repliesIn(c).map(({ granted }) => granted)).toEqual([true, true]);
  });

  test('is not given to another store of the same node', () => {
    const c = story({ nodes: 3 });
    c.arrive(voteOf({}));
    c.arrive(voteOf({ from: memberOf(2, 2) }));
    expect(repliesIn(c).map(({ granted }) => granted)).toEqual([true, false]);
  });

  test('E08: goes to the later last term, however short its log', () => {
    const c = story({ nodes: 3, logs: [[1, 1, 1, 1], [2], [1]] });
    c.arrive(voteOf({ lastIndex: 3 as never, lastTerm: term(2) }));
    expect(repliesIn(c).at(-1)!.granted).toBe(true);
    const d = story({ nodes: 3, logs: [[2], [1, 1, 1, 1], [1]] });
    d.arrive(voteOf({ lastIndex: 6 as never, lastTerm: term(1) }));
    expect(repliesIn(d).at(-1)!.granted).toBe(false);
  });

  test('is never given in a term whose leader is known', () => {
    const c = story({ nodes: 3 });
    c.drop('vote', { from: 1, to: 3 });
    c.elect(1);
    expect(c.state(3)).toMatchObject({ leader: 1, votedFor: null });
    c.arrive(voteOf({ to: memberOf(3), term: term(1), lastIndex: 9 as never, lastTerm: term(1) }));
    expect(repliesIn(c).at(-1)).toMatchObject({ granted: false });
  });

  test('is asked for again when requests or answers were lost', () => {
    const c = story({ nodes: 3 });
    c.force(1);
    c.network.discard(ANY);
    c.tick(1, 4);
    c.deliver();
    expect(c.state(1)).toMatchObject({ role: 'leader', currentTerm: 1 });
  });
});

describe('a candidate', () => {
  test('counts its own vote when the disk holds it', () => {
    const c = story({ nodes: 1, autoSync: false });
    c.campaign(1);
    expect(c.state(1)).toMatchObject({ role: 'candidate', currentTerm: 1 });
    expect(c.state(1).candidate!.granted).toEqual([]);
    c.sync(1);
    expect(c.state(1).role).toBe('leader');
  });

  test('asks nobody before its own vote is durable', () => {
    const c = story({ nodes: 3, autoSync: false });
    c.force(1);
    expect(c.network.queue).toEqual([]);
    c.sync(1);
    expect(c.network.queue.map(({ type }) => type)).toEqual(['vote', 'vote']);
  });

  const grant = (from: number, granted = true): VoteReply => ({
    type: 'vote-reply',
    from: memberOf(from),
    to: memberOf(1),
    term: term(1),
    granted,
    wall: 1,
  });

  test('E07: counts voters, not answers', () => {
    const c = story({ nodes: 5 });
    c.force(1);
    for (let n = 0; n < 4; n++) c.arrive(grant(2));
    expect(c.state(1).role).toBe('candidate');
    c.arrive(grant(3));
    expect(c.state(1).role).toBe('leader');
  });

  test('counts no learner, no stranger, and no other store of a voter', () => {
    const c = story({ nodes: 5, voters: [1, 2, 3], learners: [4] });
    c.force(1);
    for (const from of [4, 5]) c.arrive(grant(from));
    c.arrive({ ...grant(2), from: memberOf(2, 2) });
    expect(c.state(1).role).toBe('candidate');
  });

  test('E05: hears no grants when it is not a candidate any more', () => {
    const c = story({ nodes: 5 });
    c.force(1);
    c.network.discard(ANY);
    hearOf(c, 1, 2);
    expect(c.state(1).role).toBe('follower');
    for (const from of [2, 3, 4]) c.arrive({ ...grant(from), term: c.state(1).currentTerm });
    expect(c.state(1)).toMatchObject({ role: 'follower', leading: null });
  });

  test('E05: a leader that hears late grants stays the leader that it is', () => {
    const c = story({ nodes: 5 });
    c.elect(1);
    const { leading } = c.state(1);
    c.arrive(grant(4));
    expect(c.state(1).leading).toBe(leading);
    expect(c.state(1).log.entries.length).toBe(1);
  });

  test('ignores grants of an earlier term', () => {
    const c = story({ nodes: 3 });
    hearOf(c, 1, 1);
    c.force(1);
    expect(c.state(1)).toMatchObject({ role: 'candidate', currentTerm: 2 });
    for (const from of [2, 3]) c.arrive(grant(from));
    expect(c.state(1).role).toBe('candidate');
    c.arrive({ ...grant(2), term: term(2) });
    expect(c.state(1).role).toBe('leader');
  });

  test('gives up when the denials leave no majority', () => {
    const c = story({ nodes: 3 });
    c.force(1);
    c.arrive(grant(2, false));
    expect(c.state(1).role).toBe('candidate');
    c.arrive(grant(3, false));
    expect(c.state(1).role).toBe('follower');
  });

  test('E06: follows a higher term that an answer names', () => {
    const c = story({ nodes: 3 });
    c.force(1);
    c.arrive({ ...grant(2, false), term: term(7) });
    expect([c.state(1).role, c.state(1).currentTerm]).toEqual(['follower', 7]);
  });
});

describe('a pre-vote', () => {
  test('changes no term, no vote, no timer and no disk (§9.6, E21)', () => {
    const c = story({ nodes: 3 });
    c.campaign(1);
    const before = { ...c.state(2) };
    const { pending } = c.machine(2).disk;
    c.discard('pre-vote', { from: 1, to: 3 });
    c.deliverOne();
    const after = c.state(2);
    expect(after.electionDeadline).toBe(before.electionDeadline);
    expect(after.lastLeaderContact).toBe(before.lastLeaderContact);
    expect([after.currentTerm, after.votedFor, after.role]).toEqual([0, null, 'follower']);
    expect(pending).toEqual([]);
    expect(c.network.queue).toMatchObject([
      { type: 'pre-vote-reply', granted: true, askedTerm: 1 },
    ]);
  });

  test('E20: is granted for the term asked for, whatever the term of the voter', () => {
    const c = story({ nodes: 3 });
    const asked = { ...voteOf({ term: term(4) }), type: 'pre-vote', askedTerm: term(5) } as const;
    c.arrive(asked);
    expect(c.network.queue.at(-1)).toMatchObject({ askedTerm: 5, term: 0, granted: true });
    expect(c.state(1).currentTerm).toBe(0);
  });

  test('E20: of mixed terms after a partition still elects', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.isolate(2);
    hearOf(c, 2, 4);
    c.crash(1);
    c.heal();
    expect(terms(c)).toEqual([-1, 4, 1]);
    settle(c);
  });

  test('E22: of the node that was the leader is granted: it has lost its office', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.run(40);
    c.crash(1);
    c.restart(1);
    c.campaign(1);
    c.deliver();
    expect(c.state(1)).toMatchObject({ role: 'leader', currentTerm: 2 });
  });

  test('E23: refused in a later term tells that term', () => {
    const c = story({ nodes: 3 });
    c.crash(3);
    hearOf(c, 2, 3);
    c.campaign(1);
    c.deliver();
    expect(c.state(1)).toMatchObject({ currentTerm: 3, role: 'follower' });
    c.elapse(ELECTION_TIMEOUT_MS);
    c.campaign(1);
    c.deliver();
    expect(c.state(1)).toMatchObject({ currentTerm: 4, role: 'leader' });
  });

  test('answered for an earlier attempt counts for none', () => {
    const c = story({ nodes: 3 });
    c.campaign(1);
    c.network.discard(ANY);
    const reply = { from: memberOf(2), to: memberOf(1), term: term(0), granted: true } as const;
    for (const asked of [0, 2]) {
      c.arrive({ type: 'pre-vote-reply', ...reply, askedTerm: term(asked) });
      expect(c.state(1).role).toBe('pre-candidate');
    }
    c.arrive({ type: 'pre-vote-reply', ...reply, askedTerm: term(1) });
    expect(c.state(1).role).toBe('candidate');
  });
});

describe('roles', () => {
  test('a message for another store of this node is not for us', () => {
    const c = story({ nodes: 3 });
    const message = { ...voteOf({ to: memberOf(1, 2) }) };
    const out = new RaftOut();
    raft.step(c.state(1), { kind: 'message', message, wall: 1 }, 1 as never, out);
    expect([c.state(1).currentTerm, out]).toEqual([0, new RaftOut()]);
  });

  test('a restarted leader is a follower that knows no leader (E26)', () => {
    const c = story({ nodes: 1 });
    c.elect(1);
    expect(roles(c)).toEqual(['leader']);
    c.crash(1);
    c.restart(1);
    expect(c.state(1)).toMatchObject({ role: 'follower', leader: 0, commitIndex: 2 });
  });

  test('the table of transitions names every role and never leads from follower to leader', () => {
    const names = ['follower', 'pre-candidate', 'candidate', 'leader'] as const;
    expect(Object.keys(ROLE_TRANSITIONS).sort()).toEqual([...names].sort());
    expect(ROLE_TRANSITIONS.follower).not.toContain('leader');
    expect(ROLE_TRANSITIONS['pre-candidate']).not.toContain('leader');
    expect(ROLE_TRANSITIONS.leader).toEqual(['follower']);
  });

  test('two leaders in one term stop the machine that sees it', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.tick(1, 2);
    const append = c.network.queue.find(({ type }) => type === 'append')!;
    const message = { ...append, from: memberOf(2), to: memberOf(1) } as never;
    const step = () =>
      raft.step(c.state(1), { kind: 'message', message, wall: 1 }, 1 as never, new RaftOut());
    expect(step).toThrow('two leaders in one term');
  });

  test('election timeouts differ between nodes and from one to the next (E14)', () => {
    const c = story({ nodes: 5 });
    const deadlines = (): number[] =>
      c.machines.map(({ state, now }) => state!.electionDeadline - now);
    const first = deadlines();
    for (const id of [1, 2, 3, 4, 5]) c.crash(id);
    for (const id of [1, 2, 3, 4, 5]) c.machine(id).now += 1;
    for (const id of [1, 2, 3, 4, 5]) c.restart(id);
    const all = [...first, ...deadlines()];
    expect(new Set(all).size).toBeGreaterThan(5);
    for (const deadline of all) {
      expect(deadline).toBeGreaterThanOrEqual(ELECTION_TIMEOUT_MS);
      expect(deadline).toBeLessThan(2 * ELECTION_TIMEOUT_MS);
    }
  });
});
