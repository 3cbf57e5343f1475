import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { toHex } from '../../base/bytes.ts';
import { logIndex, millis, nodeId, type StoreId } from '../../base/units.ts';
import type { Configuration, Member } from '../types.ts';
import { decodeChain, encodeChain, HASH_TYPE } from './codec.ts';
import { type ChainAt, type HashesEvent, type HashesOut, newHashesOut } from './state.ts';
import { hashes } from './step.ts';

const member = (id: number): Member => ({
  id: nodeId(id),
  store: `${id}`.repeat(32) as StoreId,
});
const at = (index: number, low: number): ChainAt => ({ index: logIndex(index), low, high: 0 });
const voting = (...ids: number[]): Configuration => ({
  voters: ids.map(member),
  outgoing: [],
  learners: [],
});

/** Node 1, leading or following. */
class Bench {
  readonly state = hashes.init({ self: member(1), askMs: 100 });
  now = 0;
  configuration: Configuration;

  constructor(configuration: Configuration = voting(1, 2, 3)) {
    this.configuration = configuration;
  }

  step(event: HashesEvent): HashesOut {
    const out = newHashesOut();
    hashes.step(this.state, event, millis(this.now), out);
    hashes.check(this.state);
    return out;
  }

  ask(applied: ChainAt | null): HashesOut {
    this.now += 100;
    return this.step({ kind: 'tick', applied, configuration: this.configuration });
  }

  hear(type: number, from: number, chain: ChainAt, applied: ChainAt | null = null): HashesOut {
    const { configuration } = this;
    return this.step({ kind: 'message', type, from: member(from), chain, applied, configuration });
  }

  answer(from: number, chain: ChainAt): HashesOut {
    return this.hear(HASH_TYPE.ANSWER, from, chain);
  }
}

const told = ({ messages }: HashesOut): string[] =>
  messages.map(({ to, type, chain }) => `${type} to ${to.id}: ${chain.low} at ${chain.index}`);

describe('a leader', () => {
  test('asks every member about what it has applied, and about nothing twice', () => {
    const bench = new Bench();
    expect(told(bench.ask(at(7, 5)))).toEqual(['1 to 2: 5 at 7', '1 to 3: 5 at 7']);
    expect(bench.ask(at(7, 5)).messages).toEqual([]);
    expect(bench.ask(at(8, 6)).messages.length).toBe(2);
  });

  test('does not ask while its chain is no witness', () => {
    expect(new Bench().ask(null).messages).toEqual([]);
  });

  test('hears nothing against those who agree', () => {
    const bench = new Bench();
    bench.ask(at(7, 5));
    for (const id of [2, 3]) {
      const out = bench.answer(id, at(7, 5));
      expect([out.messages, out.minority, out.mismatches]).toEqual([[], null, 0]);
    }
  });

  test('tells who is in the minority, but not before there is a majority', () => {
    const bench = new Bench();
    bench.ask(at(7, 5));
    expect(bench.answer(2, at(7, 9)).messages).toEqual([]);
    expect(told(bench.answer(3, at(7, 5)))).toEqual(['3 to 2: 5 at 7']);
  });

  test('yields to a majority that has another state than its own', () => {
    const bench = new Bench();
    bench.ask(at(7, 5));
    expect(bench.answer(2, at(7, 9)).minority).toBe(null);
    const out = bench.answer(3, at(7, 9));
    expect(out.minority).toEqual(at(7, 9));
    expect(out.mismatches).toBe(1);
  });

  test('takes two of five for no majority, whoever is silent', () => {
    const bench = new Bench(voting(1, 2, 3, 4, 5));
    bench.ask(at(7, 5));
    bench.answer(2, at(7, 5));
    expect(bench.answer(3, at(7, 9)).messages).toEqual([]);
    expect(bench.state.tiedIndex).toBe(0);
  });

  test('needs both majorities of a joint configuration', () => {
    const bench = new Bench({ ...voting(1, 2, 3), outgoing: [4, 5, 6].map(member) });
    bench.ask(at(7, 5));
    expect(bench.answer(4, at(7, 9)).messages).toEqual([]);
    expect(bench.answer(2, at(7, 5)).messages).toEqual([]);
    expect(bench.answer(5, at(7, 5)).messages).toEqual([]);
    expect(told(bench.answer(6, at(7, 5)))).toEqual(['3 to 4: 5 at 7']);
  });

  test('counts a tie once, and until a majority is found', () => {
    const bench = new Bench(voting(1, 2));
    bench.ask(at(7, 5));
    expect(bench.answer(2, at(7, 9)).mismatches).toBe(1);
    expect(bench.state.tiedIndex).toBe(7);
    expect(bench.answer(2, at(7, 9)).mismatches).toBe(0);
    bench.ask(at(8, 6));
    expect(bench.state.tiedIndex).toBe(7);
    bench.answer(2, at(8, 6));
    expect(bench.state.tiedIndex).toBe(0);
  });

  test('counts nobody twice, and no answer to an older question', () => {
    const bench = new Bench(voting(1, 2, 3, 4, 5));
    bench.ask(at(7, 5));
    bench.answer(2, at(7, 9));
    bench.answer(2, at(7, 9));
    bench.answer(3, at(6, 9));
    expect(bench.state.inquest!.testimonies.length).toBe(2);
  });

  test('deposed forgets what it asked', () => {
    const bench = new Bench(voting(1, 2));
    bench.ask(at(7, 5));
    bench.answer(2, at(7, 9));
    bench.step({ kind: 'deposed' });
    expect(bench.state.tiedIndex).toBe(0);
    expect(bench.answer(2, at(7, 9)).mismatches).toBe(0);
  });
});

describe('a replica', () => {
  test('answers at once where it stands at the index', () => {
    const out = new Bench().hear(HASH_TYPE.CHAIN, 2, at(7, 5), at(7, 9));
    expect(told(out)).toEqual(['2 to 2: 9 at 7']);
    expect(out.minority).toBe(null);
  });

  test('that is behind answers when it gets there, once', () => {
    const bench = new Bench();
    expect(bench.hear(HASH_TYPE.CHAIN, 2, at(7, 5), at(6, 4)).messages).toEqual([]);
    expect(bench.step({ kind: 'applied', chain: at(6, 4) }).messages).toEqual([]);
    expect(told(bench.step({ kind: 'applied', chain: at(7, 5) }))).toEqual(['2 to 2: 5 at 7']);
    expect(bench.step({ kind: 'applied', chain: at(7, 5) }).messages).toEqual([]);
  });

  test('that has passed the index, or is no witness, is silent', () => {
    const bench = new Bench();
    expect(bench.hear(HASH_TYPE.CHAIN, 2, at(7, 5), at(8, 4)).messages).toEqual([]);
    expect(bench.hear(HASH_TYPE.CHAIN, 2, at(9, 5), null).messages).toEqual([]);
  });

  test('is in the minority by a verdict on what it answered, and by no other', () => {
    const bench = new Bench();
    bench.hear(HASH_TYPE.CHAIN, 2, at(7, 5), at(7, 9));
    expect(bench.hear(HASH_TYPE.VERDICT, 2, at(6, 5)).minority).toBe(null);
    expect(bench.hear(HASH_TYPE.VERDICT, 2, at(7, 9)).minority).toBe(null);
    const out = bench.hear(HASH_TYPE.VERDICT, 2, at(7, 5));
    expect([out.minority, out.mismatches]).toEqual([at(7, 5), 1]);
  });
});

describe('a chain on the wire', () => {
  test('is the bytes that docs/protocol/state-hash.md shows', () => {
    const url = new URL('../../../docs/protocol/state-hash.md', import.meta.url);
    const shown = /```chain\n([^`]*)```/.exec(readFileSync(url, 'utf8'))![1]!.replaceAll(/\s/g, '');
    const chain = { index: logIndex(300), low: 0x0123_4567, high: 0x89ab_cdef };
    expect(toHex(encodeChain(chain))).toBe(shown);
    expect(decodeChain(encodeChain(chain))).toEqual(chain);
  });

  test('is refused if it is cut or out of range', () => {
    expect(decodeChain(new Uint8Array(15))).toBe(null);
    expect(decodeChain(new Uint8Array(16).fill(0xff))).toBe(null);
  });
});
