import { describe, expect, test } from 'vitest';
import { type Millis, NEVER, type NodeId, type StoreId } from '../../base/units.ts';
import type { Member } from '../types.ts';
import { type FormationEvent, FormationOut, type FormationState, type Status } from './state.ts';
import { formation } from './step.ts';

const ANNOUNCE_MS = 100;

const memberOf = (id: number, life = 1): Member => ({
  id: id as NodeId,
  store: `${id}${life}`.padEnd(32, '0') as StoreId,
});

interface Node {
  readonly member: Member;
  readonly state: FormationState;
  readonly ids: readonly number[];
  formed: Member[];
  seekers: Member[];
}

/** Formation machines that hear each other at once, unless a test keeps them apart. */
class Bench {
  readonly nodes = new Map<number, Node>();
  readonly queue: { from: Member; to: number; status: Status }[] = [];
  readonly deaf = new Set<number>();
  sent = 0;
  now = 0;
  #nonce = 0;

  add(
    id: number,
    ids: readonly number[],
    options: { life?: number; isEmpty?: boolean } = {},
  ): Node {
    const member = memberOf(id, options.life ?? 1);
    const config = {
      self: member,
      ids: ids as NodeId[],
      nonce: ++this.#nonce,
      announceMs: ANNOUNCE_MS,
      isEmpty: options.isEmpty ?? true,
    };
    const node = { member, state: formation.init(config), ids, formed: [], seekers: [] };
    this.nodes.set(id, node);
    return node;
  }

  step(id: number, event: FormationEvent): FormationOut {
    const node = this.nodes.get(id)!;
    const out = new FormationOut();
    formation.step(node.state, event, this.now as Millis, out);
    formation.check(node.state);
    for (const { to, status } of out.statuses) {
      this.sent++;
      this.queue.push({ from: node.member, to, status });
    }
    if (out.form.length > 0) {
      node.formed = out.form;
      this.step(id, { kind: 'filled' });
    }
    node.seekers.push(...out.seekers);
    return out;
  }

  deliver(): void {
    for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift()) {
      const { from, to, status } = next;
      expect(this.sent).toBeLessThan(10_000);
      if (!this.nodes.has(to) || this.deaf.has(to)) continue;
      this.step(to, { kind: 'status', from, status });
    }
  }

  /** Everyone announces once and hears the others. */
  round(): void {
    this.now += ANNOUNCE_MS;
    for (const [id, { state }] of this.nodes) {
      if (this.now >= formation.deadline(state)) this.step(id, { kind: 'tick' });
    }
    this.deliver();
  }

  rounds(count: number): void {
    for (let n = 0; n < count; n++) this.round();
  }

  formed(): number[] {
    return [...this.nodes.values()].filter(({ formed }) => formed.length > 0).map(idOf);
  }
}

const idOf = ({ member }: Node): number => member.id;

describe('an empty node forms a cluster only if every peer says "empty, same list"', () => {
  test('three of three: the lowest id forms it of exactly these members', () => {
    const bench = new Bench();
    for (const id of [1, 2, 3]) bench.add(id, [3, 1, 2]);
    bench.rounds(2);
    expect(bench.formed()).toEqual([1]);
    expect(bench.nodes.get(1)!.formed).toEqual([1, 2, 3].map((id) => memberOf(id)));
  });

  test('the order in which they start does not matter', () => {
    for (const order of [
      [1, 2, 3],
      [3, 2, 1],
      [2, 3, 1],
    ]) {
      const bench = new Bench();
      for (const id of order) {
        bench.add(id, [1, 2, 3]);
        bench.rounds(3);
      }
      bench.rounds(3);
      expect(bench.formed()).toEqual([1]);
    }
  });

  test('one is silent: nobody forms anything, for ever', () => {
    for (const silent of [1, 2, 3]) {
      const bench = new Bench();
      for (const id of [1, 2, 3]) bench.add(id, [1, 2, 3]);
      bench.deaf.add(silent);
      const { member } = bench.nodes.get(silent)!;
      bench.nodes.delete(silent);
      expect(member.id).toBe(silent);
      bench.rounds(50);
      expect(bench.formed()).toEqual([]);
    }
  });

  test('one is not empty: it is a cluster already, or was', () => {
    for (const filled of [1, 2, 3]) {
      const bench = new Bench();
      for (const id of [1, 2, 3]) bench.add(id, [1, 2, 3], { isEmpty: id !== filled });
      bench.rounds(20);
      expect(bench.formed()).toEqual([]);
    }
  });

  test('lists differ: by a member more, a member less, another member', () => {
    for (const other of [
      [1, 2, 3, 4],
      [2, 3],
      [1, 3, 4],
    ]) {
      const bench = new Bench();
      bench.add(1, [1, 2, 3]);
      bench.add(2, [1, 2, 3]);
      bench.add(3, other);
      bench.rounds(20);
      expect(bench.formed()).toEqual([]);
    }
  });

  test('of a list that somebody answers for whom nobody named, that answer is nothing', () => {
    const bench = new Bench();
    bench.add(1, [1, 2]);
    bench.add(9, [1, 2, 9]);
    bench.rounds(5);
    expect(bench.formed()).toEqual([]);
    expect(bench.nodes.get(1)!.state.heard.has(9 as NodeId)).toBe(false);
  });

  test('a node without peers is a cluster of one', () => {
    const bench = new Bench();
    bench.add(7, [7]);
    bench.round();
    expect(bench.nodes.get(7)!.formed).toEqual([memberOf(7)]);
    expect(bench.sent).toBe(0);
  });

  test('a node that holds something forms nothing, alone or not', () => {
    const bench = new Bench();
    bench.add(7, [7], { isEmpty: false });
    bench.rounds(3);
    expect(bench.formed()).toEqual([]);
  });
});

describe('an answer counts for this life only', () => {
  const status = (part: Partial<Status>): Status => ({
    nonce: 50,
    echo: 1,
    isEmpty: true,
    isSeeking: true,
    ids: [1, 2] as NodeId[],
    ...part,
  });

  test('a word said to a former life of ours does not', () => {
    const bench = new Bench();
    bench.add(1, [1, 2]);
    for (const echo of [0, 2, 99]) {
      bench.step(1, { kind: 'status', from: memberOf(2), status: status({ echo }) });
      expect(bench.formed()).toEqual([]);
    }
    bench.step(1, { kind: 'status', from: memberOf(2), status: status({}) });
    expect(bench.formed()).toEqual([1]);
  });

  test('an old one is asked for again', () => {
    const bench = new Bench();
    bench.add(1, [1, 2, 3]);
    const ids = [1, 2, 3] as NodeId[];
    bench.step(1, { kind: 'status', from: memberOf(2), status: status({ ids }) });
    bench.now += 10 * ANNOUNCE_MS;
    bench.step(1, { kind: 'status', from: memberOf(3), status: status({ ids }) });
    expect(bench.formed()).toEqual([]);
    bench.step(1, { kind: 'status', from: memberOf(2), status: status({ ids }) });
    expect(bench.formed()).toEqual([1]);
  });

  test('the newest word of a peer counts: its store now, and whether it is empty now', () => {
    const bench = new Bench();
    bench.add(1, [1, 2, 3]);
    const ids = [1, 2, 3] as NodeId[];
    bench.step(1, { kind: 'status', from: memberOf(2), status: status({ ids }) });
    bench.step(1, { kind: 'status', from: memberOf(2), status: status({ ids, isEmpty: false }) });
    bench.step(1, { kind: 'status', from: memberOf(3), status: status({ ids }) });
    expect(bench.formed()).toEqual([]);
    bench.step(1, { kind: 'status', from: memberOf(2, 2), status: status({ ids }) });
    expect(bench.nodes.get(1)!.formed).toEqual([memberOf(1), memberOf(2, 2), memberOf(3)]);
  });

  test('a peer that restarted is heard anew', () => {
    const bench = new Bench();
    for (const id of [1, 2, 3]) bench.add(id, [1, 2, 3]);
    bench.deaf.add(1);
    bench.rounds(2);
    bench.add(3, [1, 2, 3]);
    bench.deaf.clear();
    bench.rounds(3);
    expect(bench.formed()).toEqual([1]);
  });

  test('one’s own words that come back are nothing', () => {
    const bench = new Bench();
    bench.add(1, [1, 2]);
    bench.step(1, { kind: 'status', from: memberOf(1), status: status({}) });
    expect(bench.nodes.get(1)!.state.heard.size).toBe(0);
  });
});

describe('talk', () => {
  test('two empty nodes that know each other do not answer answers for ever', () => {
    const bench = new Bench();
    bench.add(1, [1, 2, 3]);
    bench.add(2, [1, 2, 3]);
    bench.rounds(20);
    // Two announcements a round and node, and at most one answer each until they know each other.
    expect(bench.sent).toBeLessThanOrEqual(20 * 2 * 2 + 4);
  });

  test('a member answers any empty node that asks, and says that it is not empty', () => {
    const bench = new Bench();
    bench.add(1, [1, 2], { isEmpty: false });
    const asked = { nonce: 77, echo: 0, isEmpty: true, isSeeking: true, ids: [9] as NodeId[] };
    const out = bench.step(1, { kind: 'status', from: memberOf(9), status: asked });
    expect(out.statuses).toMatchObject([{ to: 9, status: { echo: 77, isEmpty: false } }]);
    expect(out.seekers).toEqual([memberOf(9)]);
  });

  test('a node falls silent when it has a seat, and speaks again when it has lost it', () => {
    const bench = new Bench();
    bench.add(2, [1, 2]);
    const { state } = bench.nodes.get(2)!;
    bench.rounds(2);
    bench.step(2, { kind: 'filled' });
    expect(formation.deadline(state)).toBeLessThan(NEVER);
    bench.step(2, { kind: 'seat', isSeated: true });
    expect(formation.deadline(state)).toBe(NEVER);
    const before = bench.sent;
    bench.rounds(3);
    expect(bench.sent).toBe(before);
    bench.step(2, { kind: 'seat', isSeated: false });
    bench.rounds(1);
    expect(bench.sent).toBe(before + 1);
    expect(state.isEmpty).toBe(false);
  });

  test('who lost its disk is heard as a seeker, and never forms a second cluster', () => {
    const bench = new Bench();
    for (const id of [2, 3]) {
      bench.add(id, [1, 2, 3], { isEmpty: false });
      bench.step(id, { kind: 'seat', isSeated: true });
    }
    bench.add(1, [1, 2, 3], { life: 2 });
    bench.rounds(30);
    expect(bench.formed()).toEqual([]);
    expect(bench.nodes.get(2)!.seekers[0]).toEqual(memberOf(1, 2));
  });

  test('a word once said is not taken back: after "filled" a node is never empty again', () => {
    const bench = new Bench();
    bench.add(2, [1, 2]);
    bench.step(2, { kind: 'filled' });
    bench.add(1, [1, 2]);
    bench.rounds(10);
    expect(bench.formed()).toEqual([]);
  });
});

describe('any order of losses', () => {
  test('at most one node ever forms, and only the lowest', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const bench = new Bench();
      let word = seed;
      const below = (bound: number): number => {
        word = (Math.imul(word, 1_103_515_245) + 12_345) >>> 0;
        return (word >>> 8) % bound;
      };
      for (const id of [1, 2, 3]) bench.add(id, [1, 2, 3]);
      for (let n = 0; n < 60; n++) {
        bench.now += below(ANNOUNCE_MS);
        const id = 1 + below(3);
        bench.step(id, { kind: 'tick' });
        const lost = bench.queue.splice(0, below(3));
        if (below(2) === 0) bench.queue.push(...lost.reverse());
        if (below(20) === 0 && bench.nodes.get(id)!.state.isEmpty) bench.add(id, [1, 2, 3]);
        const next = bench.queue.shift();
        if (next !== undefined) bench.step(next.to, { kind: 'status', ...next });
      }
      for (const id of bench.formed()) expect(id).toBe(1);
      bench.rounds(5);
      expect(bench.nodes.get(1)!.formed.length).toBe(3);
    }
  });
});
