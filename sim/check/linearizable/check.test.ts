import { describe, expect, test } from 'vitest';
import { isLinearizable } from './brute.ts';
import { checkKey, checkLinearizable, DEFAULT_LIMITS } from './check.ts';
import { type Model, type Operation, type State, UNKNOWN } from './model.ts';
import { type Draw, makeHistory, newDraw, type Shape, spoil } from './random-history.ts';
import { DONE, MISMATCH, type RegisterCall, registerModel, textValue } from './register.ts';
import {
  NOT_AN_INTEGER,
  NOT_FOUND,
  OK,
  OUT_OF_RANGE,
  refused,
  replaced,
  type StoreCall,
  storeModel,
} from './store.ts';

const register = registerModel(null);
const VALUES = ['1', '2', '3'] as const;
const TEXTS = ['1', '2', textValue('1'), textValue('11')] as const;
const pick = <Item>(draw: Draw, items: readonly Item[]): Item => items[draw(items.length)]!;

function registerCall(draw: Draw): RegisterCall {
  switch (draw(6)) {
    case 0:
    case 1:
      return { name: 'write', value: pick(draw, TEXTS) };
    case 2:
      return { name: 'swap', expected: pick(draw, TEXTS), value: pick(draw, TEXTS) };
    case 3:
      return draw(2) === 0 ? { name: 'append', text: '1' } : { name: 'write', value: null };
    default:
      return { name: 'read' };
  }
}

const deadline = (draw: Draw) => pick(draw, [null, null, 'keep', 100, 200] as const);

const storeCalls: readonly ((draw: Draw) => StoreCall)[] = [
  () => ({ name: 'get' }),
  () => ({ name: 'get' }),
  (draw) => ({
    name: 'put',
    value: pick(draw, VALUES),
    deadline: deadline(draw),
    condition: pick(draw, ['none', 'absent', 'present'] as const),
    returnOld: draw(3) === 0,
  }),
  () => ({ name: 'delete' }),
  (draw) => ({
    name: 'swap',
    expected: pick(draw, [null, ...VALUES]),
    value: pick(draw, VALUES),
    deadline: deadline(draw),
  }),
  (draw) => ({ name: 'increment', by: pick(draw, ['1', '-1', '9223372036854775807']) }),
  (draw) => ({ name: 'append', value: pick(draw, ['', '1', 'x']) }),
  (draw) => ({ name: 'expire', deadline: pick(draw, [100, 200]) }),
  () => ({ name: 'persist' }),
  () => ({ name: 'flush' }),
  (draw) => ({ name: 'lapse', deadline: pick(draw, [100, 200]) }),
];
const storeCall = (draw: Draw): StoreCall => pick(draw, storeCalls)(draw);

/** Judges made-up histories by both checkers; answers how many were linearizable. */
function agreeOnMany<Call>(model: Model<Call>, call: Shape<Call>['call'], rounds: number): number {
  let linearizable = 0;
  for (let seed = 1; seed <= rounds; seed++) {
    const draw = newDraw(seed);
    const shape = { operations: 3 + draw(5), width: 1 + draw(4), unknownOneIn: draw(5), call };
    const sound = makeHistory(model, shape, draw);
    expect(checkKey(sound, model, DEFAULT_LIMITS).verdict, `seed ${seed}`).toBe('linearizable');
    let history = sound;
    for (let times = 1 + draw(4); times > 0; times--) history = spoil(history, model, draw);
    const truth = isLinearizable(history, model);
    const { verdict } = checkKey(history, model, DEFAULT_LIMITS);
    expect(verdict, `seed ${seed}`).toBe(truth ? 'linearizable' : 'not-linearizable');
    if (truth) linearizable++;
  }
  return linearizable;
}

describe('the checker agrees with the definition', () => {
  const rounds = 4000;

  test('on thousands of small histories of a register, sound and spoilt', () => {
    const linearizable = agreeOnMany(register, registerCall, rounds);
    expect(Math.min(linearizable, rounds - linearizable)).toBeGreaterThan(300);
  });

  test('on thousands of small histories of the store, sound and spoilt', () => {
    const linearizable = agreeOnMany(storeModel, storeCall, rounds);
    expect(Math.min(linearizable, rounds - linearizable)).toBeGreaterThan(300);
  });
});

/** Everything that model.ts lets the search assume, of one call in one state. */
function expectTruth<Call>(model: Model<Call>, state: State, call: Call, others: State[]): void {
  const { next, result } = model.apply(state, call);
  const from = model.visible(state);
  const to = model.visible(next);
  const same = model.apply(model.anonymous(state), call);
  for (const seen of [result, undefined]) {
    const { kind, needs, makes, tells } = model.effect(call, seen);
    const isKnown = seen !== undefined;
    if (kind === 'observation' && isKnown) expect(next).toBe(state);
    if (kind === 'write') {
      for (const other of others) expect(model.apply(other, call).next).toBe(next);
    }
    // Of an unknown outcome only what changes something counts.
    if (!isKnown && next === state) continue;
    if (needs !== 'any') expect(from).toBe(needs.value);
    if (makes !== 'any' && next !== state) expect(to).toBe(makes.value);
    if (makes === 'any' && to !== from) expect(model.before(call, to)).toContain(from);
    if (needs !== 'any' || tells === 'any' || tells.includes(from)) continue;
    if (isKnown) expect(same.result).toBe(result);
    expect(model.anonymous(same.next)).toBe(model.anonymous(next));
  }
}

describe('what a model says about its calls is true', () => {
  test('of every call of the store in every state', () => {
    const states = [
      '|',
      '|1',
      '|2',
      '|0',
      '|-1',
      '100|1',
      '200|3',
      '|x1',
      '|922337203685477',
      null,
    ];
    for (let seed = 1; seed <= 1000; seed++) {
      const call = storeCall(newDraw(seed));
      for (const state of states) expectTruth(storeModel, state, call, states);
    }
  });

  test('of every call of the register in every state', () => {
    const states = ['1', '2', textValue(''), textValue('1'), textValue('11'), '[1]', null];
    for (let seed = 1; seed <= 200; seed++) {
      const call = registerCall(newDraw(seed));
      for (const state of states) expectTruth(register, state, call, states);
    }
  });
});

type Line<Call> = [callAt: number, returnAt: number, call: Call, result: string | null];

const historyOf = <Call>(lines: readonly Line<Call>[], key = 'k'): Operation<Call>[] =>
  lines.map(([callAt, returnAt, call, result], process) => ({
    process,
    key,
    callAt,
    returnAt,
    call,
    result,
  }));

const read = { name: 'read' } as const;
const write = (value: string) => ({ name: 'write', value }) as const;
const swap = (expected: string, value: string) => ({ name: 'swap', expected, value }) as const;

const judge = (lines: readonly Line<RegisterCall>[]) =>
  checkLinearizable(historyOf(lines), register, DEFAULT_LIMITS).verdict;

describe('a register', () => {
  test('may show a concurrent write early or late, but not take it back', () => {
    const both: Line<RegisterCall>[] = [
      [0, 1, write('1'), DONE],
      [2, 9, write('2'), DONE],
      [3, 4, read, '1'],
    ];
    expect(judge([...both, [5, 6, read, '2']])).toBe('linearizable');
    const early: Line<RegisterCall>[] = [...both.slice(0, 2), [3, 4, read, '2']];
    expect(judge([...early, [5, 6, read, '1']])).toBe('not-linearizable');
  });

  test('operations that touch in one instant are concurrent', () => {
    expect(
      judge([
        [0, 5, write('1'), DONE],
        [5, 6, read, null],
      ]),
    ).toBe('linearizable');
    expect(
      judge([
        [0, 4, write('1'), DONE],
        [5, 6, read, null],
      ]),
    ).toBe('not-linearizable');
  });

  test('an unknown write may take effect long after, once, or never', () => {
    const unknown: Line<RegisterCall> = [0, UNKNOWN, write('1'), null];
    expect(judge([unknown, [9, 10, read, '1']])).toBe('linearizable');
    expect(judge([unknown, [9, 10, read, null]])).toBe('linearizable');
    const over: Line<RegisterCall> = [11, 12, write('2'), DONE];
    const twice: Line<RegisterCall>[] = [unknown, [9, 10, read, '1'], over];
    expect(judge([...twice, [13, 14, read, '1']])).toBe('not-linearizable');
  });

  test('a swap that did not hold saw another value', () => {
    const first: Line<RegisterCall> = [0, 1, write('1'), DONE];
    expect(judge([first, [2, 3, swap('1', '2'), MISMATCH]])).toBe('not-linearizable');
    expect(judge([first, [2, 3, swap('3', '2'), MISMATCH]])).toBe('linearizable');
  });
});

describe('the store', () => {
  const put = (value: string, extra = {}) =>
    ({
      name: 'put',
      value,
      deadline: null,
      condition: 'none',
      returnOld: false,
      ...extra,
    }) as StoreCall;
  const judgeStore = (lines: readonly Line<StoreCall>[]) =>
    checkLinearizable(historyOf(lines), storeModel, DEFAULT_LIMITS).verdict;

  test('never applies an increment twice', () => {
    const one: StoreCall = { name: 'increment', by: '1' };
    const lines: Line<StoreCall>[] = [
      [0, 1, one, '1'],
      [2, UNKNOWN, one, null],
    ];
    expect(judgeStore([...lines, [8, 9, { name: 'get' }, '2']])).toBe('linearizable');
    expect(judgeStore([...lines, [8, 9, { name: 'get' }, '3']])).toBe('not-linearizable');
  });

  test('ends a key only by deleting it or at its deadline', () => {
    const lines: Line<StoreCall>[] = [
      [0, 1, put('1', { deadline: 100 }), OK],
      [8, 9, { name: 'get' }, null],
    ];
    expect(judgeStore(lines)).toBe('not-linearizable');
    const lapse: Line<StoreCall> = [5, UNKNOWN, { name: 'lapse', deadline: 100 }, null];
    expect(judgeStore([...lines, lapse])).toBe('linearizable');
    expect(judgeStore([...lines, [5, 5, { name: 'lapse', deadline: 200 }, OK]])).toBe(
      'not-linearizable',
    );
  });

  test('refuses with the value that stood in the way', () => {
    const guarded = put('2', { condition: 'absent' });
    expect(
      judgeStore([
        [0, 1, put('1'), OK],
        [2, 3, guarded, refused('1')],
      ]),
    ).toBe('linearizable');
    const wrong = refused('2');
    expect(
      judgeStore([
        [0, 1, put('1'), OK],
        [2, 3, guarded, wrong],
      ]),
    ).toBe('not-linearizable');
    const same: StoreCall = { name: 'swap', expected: '1', value: '2', deadline: null };
    expect(
      judgeStore([
        [0, 1, put('1'), OK],
        [2, 3, same, refused('1')],
      ]),
    ).toBe('not-linearizable');
  });

  test('answers the old value, the missing key and the bad number as they are', () => {
    const one: StoreCall = { name: 'increment', by: '1' };
    const largest = '9223372036854775807';
    const lines: Line<StoreCall>[] = [
      [0, 1, { name: 'delete' }, NOT_FOUND],
      [2, 3, put('x', { returnOld: true }), replaced(null)],
      [4, 5, one, NOT_AN_INTEGER],
      [6, 7, put(largest, { returnOld: true }), replaced('x')],
      [8, 9, one, OUT_OF_RANGE],
      [10, 11, { name: 'flush' }, OK],
      [12, 13, { name: 'get' }, null],
    ];
    expect(judgeStore(lines)).toBe('linearizable');
    for (const broken of [1, 3]) {
      const changed = lines.with(broken, [...lines[broken]!.slice(0, 3), replaced('y')] as never);
      expect(judgeStore(changed)).toBe('not-linearizable');
    }
  });

  test('a value that looks like an answer is a value', () => {
    for (const value of ['not-found', 'refused 1', 'ok']) {
      expect(
        judgeStore([
          [0, 1, put(value), OK],
          [2, 3, { name: 'get' }, value],
        ]),
      ).toBe('linearizable');
    }
  });
});

describe('a history of many keys', () => {
  const sound = historyOf<RegisterCall>([[0, 1, write('1'), DONE]], 'a');
  const broken = historyOf<RegisterCall>([[0, 1, read, '1']], 'b');

  test('is judged key by key, and the broken key is named with what cannot be placed', () => {
    const verdict = checkLinearizable([...sound, ...broken], register, DEFAULT_LIMITS);
    expect(verdict).toMatchObject({ verdict: 'not-linearizable', key: 'b' });
    expect(verdict.detail).toContain('[0…1] process 0: read → 1');
  });

  test('with no operation is linearizable', () => {
    expect(checkLinearizable([], register, DEFAULT_LIMITS)).toMatchObject({
      verdict: 'linearizable',
      key: null,
    });
  });

  test('a hard key does not hide a broken one, and is unknown when the budget ends', () => {
    const hard = makeHistory(
      register,
      { operations: 60, width: 40, unknownOneIn: 0, call: registerCall },
      newDraw(7),
    );
    const limits = { ...DEFAULT_LIMITS, stepsMax: 1 };
    expect(checkLinearizable(hard, register, limits)).toMatchObject({
      verdict: 'unknown',
      key: 'k',
    });
    expect(checkLinearizable([...hard, ...broken], register, limits)).toMatchObject({
      verdict: 'not-linearizable',
      key: 'b',
    });
  });

  test('the clock that the caller brings ends a search', () => {
    const long = { operations: 1000, width: 8, unknownOneIn: 9, call: storeCall };
    const history = makeHistory(storeModel, long, newDraw(3));
    let asked = 0;
    const limits = { ...DEFAULT_LIMITS, expired: () => ++asked > 1 };
    expect(checkLinearizable(history, storeModel, limits).verdict).toBe('unknown');
    expect(checkLinearizable(history, storeModel, DEFAULT_LIMITS).verdict).toBe('linearizable');
  });
});

describe('speed', () => {
  test('a long history of unique writes and reads takes a step per operation, about', () => {
    let serial = 0;
    const call = (draw: Draw): StoreCall => {
      if (draw(2) === 0) return { name: 'get' };
      const value = `v${serial++}`;
      return { name: 'put', value, deadline: null, condition: 'none', returnOld: false };
    };
    const shape = { operations: 10_000, width: 12, unknownOneIn: 50, call };
    const history = makeHistory(storeModel, shape, newDraw(11));
    const verdict = checkKey(history, storeModel, DEFAULT_LIMITS);
    expect(verdict.verdict).toBe('linearizable');
    expect(verdict.steps).toBeLessThan(100_000);
  });
});
