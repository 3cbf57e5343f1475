/** Whole runs on a virtual clock: scenarios by their ids in the catalogue. */
import { afterEach, describe, expect, test } from 'vitest';
import type { Cluster } from './testing/cluster.ts';
import { ELECTION_TIMEOUT_MS } from './testing/fixture.ts';
import { commit, logTerms, settle, terms, texts } from './testing/look.ts';
import { newStories } from './testing/peace.ts';

const { story, end } = newStories();
afterEach(end);

describe('leaders come and go', () => {
  test('M47: three nodes elect one leader, and keep it', () => {
    const c = story({ nodes: 3 });
    const leader = settle(c);
    const [at] = terms(c);
    c.run(2 * 2 * ELECTION_TIMEOUT_MS);
    expect(c.leaders()).toEqual([leader]);
    expect(terms(c)).toEqual([at, at, at]);
  });

  test('M48: a leader that is cut off is replaced, and follows when it is back', () => {
    const c = story({ nodes: 3 });
    const first = settle(c);
    c.isolate(first);
    const isReplaced = (): boolean => c.leader() !== first && c.leader() > 0;
    expect(c.runUntil(isReplaced, 2000)).toBe(true);
    const second = c.leader();
    c.heal();
    c.run(500);
    expect(c.leaders()).toEqual([second]);
    c.isolate(second);
    c.isolate((second % 3) + 1);
    c.run(1000);
    expect(c.leaders()).toEqual([]);
    c.heal();
    settle(c);
  });

  test('M49: seven nodes, nine rounds with three of them cut off: always one leader', () => {
    const c = story({ nodes: 7 });
    settle(c);
    for (let round = 0; round < 9; round++) {
      const cut = [0, 1, 2].map((n) => ((round * 3 + n * 2) % 7) + 1);
      for (const id of cut) c.isolate(id);
      c.run(1000);
      const rest = c.leaders().filter((id) => !cut.includes(id));
      expect(rest.length).toBe(1);
      c.heal();
      c.run(300);
    }
    settle(c);
  });

  test('H64: both of two nodes forget the leader within two leases', () => {
    const c = story({ nodes: 2 });
    c.elect(1);
    c.run(40);
    c.cut(1, 2);
    c.run(2 * 2 * ELECTION_TIMEOUT_MS);
    expect(c.leaders()).toEqual([]);
    expect(c.machines.map(({ state }) => state!.leader)).toEqual([0, 0]);
  });

  test('H65: with one of three followers cut off the leader is still confirmed', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.isolate(3);
    const read = c.read(1, 1);
    c.deliver();
    expect(read.status).toBe('answered');
  });

  test('H66: a follower that restarts quickly brings no election', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.run(100);
    c.crash(3);
    c.run(50);
    c.restart(3);
    c.run(1000);
    expect(c.leaders()).toEqual([1]);
    expect(terms(c)).toEqual([1, 1, 1]);
  });

  test('H67: one of five alone for ten timeouts changes neither term nor leader', () => {
    const c = story({ nodes: 5 });
    c.elect(1);
    c.run(100);
    c.isolate(5);
    c.run(10 * ELECTION_TIMEOUT_MS);
    c.heal();
    c.run(500);
    expect(c.leaders()).toEqual([1]);
    expect(terms(c)).toEqual([1, 1, 1, 1, 1]);
  });

  test('N80: a minority that gets no appends changes nothing for the rest', () => {
    const c = story({ nodes: 5 });
    c.elect(1);
    c.drop('append', { to: 4 });
    c.drop('append', { to: 5 });
    for (let n = 0; n < 20; n++) {
      c.propose(1, `x${n}`);
      c.run(50);
    }
    expect(c.leaders()).toEqual([1]);
    expect(c.machine(1).applied.at(-1)!.text).toBe('x19');
    expect(terms(c)).toEqual([1, 1, 1, 1, 1]);
  });
});

/** Proposes at whoever leads until it is committed there. */
function write(c: Cluster, text: string): number {
  const leader = settle(c);
  const outcome = c.propose(leader, text);
  expect(outcome.kind).toBe('accepted');
  const index = outcome.kind === 'accepted' ? outcome.index : 0;
  expect(c.runUntil(() => c.state(leader).commitIndex >= index, 2000)).toBe(true);
  return leader;
}

/** Everyone who is up has applied the same commands, in the end. */
function agree(c: Cluster): string[] {
  c.heal();
  for (const { id, state } of c.machines) if (state === null) c.restart(id);
  const leader = settle(c);
  c.run(500);
  const told = texts(c, leader);
  for (const { id } of c.machines) expect(texts(c, id)).toEqual(told);
  return told;
}

describe('agreement', () => {
  test('M50: ten entries of 5,000 bytes cost little more than three times their bytes', () => {
    const c = story({ nodes: 3, config: { appendBytesMax: 1 << 16 } });
    c.elect(1);
    c.network.bytesSent = 0;
    for (let n = 0; n < 10; n++) {
      commit(c, 1, 'x'.repeat(5000));
      c.run(20);
    }
    expect(c.network.bytesSent).toBeLessThan(3 * 50_000 + 50_000);
  });

  test('M51: elections, entries and idle seconds cost few messages', () => {
    const c = story({ nodes: 3, config: { electionTimeoutMs: 250, heartbeatMs: 50 } });
    const requests = (): number =>
      ['pre-vote', 'vote', 'append'].reduce(
        (sum, type) => sum + (c.network.sent.get(type) ?? 0),
        0,
      );
    const leader = settle(c);
    expect(requests()).toBeLessThanOrEqual(30);
    const before = requests();
    for (let n = 0; n < 10; n++) commit(c, leader, `x${n}`);
    expect(requests() - before).toBeLessThanOrEqual(42);
    const idle = requests();
    c.run(1000);
    expect(requests() - idle).toBeLessThanOrEqual(60);
  });

  test('M52: without a quorum an index is given out and never committed', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.isolate(2);
    commit(c, 1, 'a');
    expect(texts(c, 1)).toEqual(['a']);
    c.isolate(3);
    const outcome = c.propose(1, 'b');
    expect(outcome).toMatchObject({ kind: 'accepted', index: 5 });
    c.run(2000);
    for (const { state } of c.machines) expect(state!.commitIndex).toBeLessThan(5);
  });

  test('M53: what a minority took is kept or replaced, and the cluster goes on', () => {
    const c = story({ nodes: 5 });
    c.elect(1);
    commit(c, 1, 'a');
    for (const id of [3, 4, 5]) c.cut(1, id);
    for (const id of [3, 4, 5]) c.cut(2, id);
    c.propose(1, 'b');
    c.run(2 * 2 * ELECTION_TIMEOUT_MS);
    expect(c.state(1).commitIndex).toBe(4);
    c.heal();
    c.run(500);
    write(c, 'c');
    const told = agree(c);
    expect(told.filter((text) => text !== 'b')).toEqual(['a', 'c']);
  });

  test('M54: the private entries of a leader that was cut off vanish', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    commit(c, 1, 'a');
    c.isolate(1);
    for (const text of ['p', 'q', 'r']) c.propose(1, text);
    c.elapse(ELECTION_TIMEOUT_MS, [2, 3]);
    c.campaign(2);
    c.deliver();
    commit(c, 2, 'b');
    c.heal();
    c.isolate(2);
    c.run(1000);
    write(c, 'c');
    expect(agree(c)).toEqual(['a', 'b', 'c']);
    expect(logTerms(c, 1)).toEqual(logTerms(c, 2));
  });

  const CRASHES = [
    ['everyone', 3],
    ['the leader', 3],
    ['a follower', 3],
    ['everyone', 5],
    ['the leader', 5],
    ['two followers', 5],
  ] as const;

  test.each(CRASHES)(
    'M56: %s of %i crash between commits, five times: nothing is lost',
    (who, n) => {
      const c = story({ nodes: n });
      const told: string[] = [];
      for (let round = 0; round < 5; round++) {
        const text = `x${round}`;
        const leader = write(c, text);
        told.push(text);
        const followers = c.machines.map(({ id }) => id).filter((id) => id !== leader);
        const victims =
          who === 'everyone'
            ? [leader, ...followers]
            : who === 'the leader'
              ? [leader]
              : followers.slice(0, who === 'a follower' ? 1 : 2);
        for (const id of victims) c.crash(id);
        if (victims.length * 2 < n) told.push(`${text}+`);
        if (victims.length * 2 < n) write(c, `${text}+`);
        for (const id of victims) c.restart(id);
      }
      expect(agree(c)).toEqual(told);
      expect(c.machines.every(({ disk }) => disk.hardState.term > 0)).toBe(true);
    },
  );

  const VICTIMS = [
    ['cut', 0],
    ['crash', 0],
    ['cut', 1],
    ['crash', 1],
  ] as const;

  test.each(VICTIMS)(
    'M60: a victim (%s, every %i+2nd append lost) catches up by snapshots',
    (how, loss) => {
      const c = story({ nodes: 3 });
      const told: string[] = [];
      for (let round = 0; round < 30; round++) {
        const leader = settle(c);
        const victim = ((leader + (round % 2)) % 3) + 1;
        if (how === 'cut') c.isolate(victim);
        else c.crash(victim);
        for (let n = 0; n < 5 + (round % 3) * 5; n++) {
          const text = `${round}-${n}`;
          write(c, text);
          told.push(text);
          if (loss > 0 && n % (loss + 2) === 0) c.discard('append');
          for (const { id, state } of c.machines) {
            if (state !== null && state.log.bytes > 800) c.compact(id);
          }
        }
        c.heal();
        if (c.machine(victim).state === null) c.restart(victim);
        c.run(200);
        for (const { state } of c.machines) expect(state!.log.bytes).toBeLessThan(2000);
      }
      expect(agree(c)).toEqual(told);
      expect(c.network.sent.get('snapshot')).toBeGreaterThan(5);
    },
  );

  test('O75: a leader of the past, restarted alone, commits nothing', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    commit(c, 1, 'a');
    for (const id of [1, 2, 3]) c.crash(id);
    c.restart(1);
    c.run(2000);
    expect(c.state(1).commitIndex).toBe(2);
    expect(c.leaders()).toEqual([]);
    expect(terms(c)[0]).toBe(1);
  });
});
