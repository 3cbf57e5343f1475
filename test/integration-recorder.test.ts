import { describe, expect, test } from 'vitest';
import { Ledger } from '../scripts/integration/ledger.ts';
import { Recorder } from '../scripts/integration/recorder.ts';
import { getOf, putOf, record } from '../scripts/integration/requests.ts';
import { encodeUtf8 } from '../src/base/text.ts';
import { refused } from '../src/client/answer.ts';
import { STATUS } from '../src/core/types.ts';

const ok = { kind: 'result', status: STATUS.OK, value: new Uint8Array(0), revision: 1 } as const;
const value = (text: string) =>
  ({ kind: 'result', status: STATUS.VALUE, value: encodeUtf8(text), revision: 1 }) as const;
const lost = { kind: 'lost', reason: 'a test' } as const;

/** What became of a write of "new" over an acknowledged "old", and what a read saw afterwards. */
function judged(fate: Parameters<typeof record>[2], seen: string, isRepeated = false): string {
  const recorder = new Recorder(null);
  const write = (text: string) => {
    const { key, call } = putOf('k', text);
    return recorder.call('writer', key, call);
  };
  record(recorder, write('old'), ok);
  record(recorder, write('new'), fate, isRepeated);
  record(recorder, recorder.call('reader', 'k', getOf('k').call), value(seen));
  return recorder.judge(1000).verdict;
}

describe('a recorded history', () => {
  test('with a stale read is not linearizable', () => {
    expect(judged(ok, 'new')).toBe('linearizable');
    expect(judged(ok, 'old')).toBe('not-linearizable');
  });

  test('may show a write of unknown outcome or not', () => {
    expect(judged(lost, 'new')).toBe('linearizable');
    expect(judged(lost, 'old')).toBe('linearizable');
    expect(judged(refused('UNCERTAIN', ''), 'new')).toBe('linearizable');
  });

  test('must not show what was refused, unless it had been sent before', () => {
    const refusal = refused('NO_LEADER', '');
    expect(judged(refusal, 'old')).toBe('linearizable');
    expect(judged(refusal, 'new')).toBe('not-linearizable');
    expect(judged(refusal, 'new', true)).toBe('linearizable');
  });
});

test('the ledger misses what was acknowledged, and nothing that was not', () => {
  const ledger = new Ledger();
  ledger.acknowledged.set('a', '1');
  ledger.uncertain.set('b', '2');
  expect(ledger.complain('a', '1')).toBe(null);
  expect(ledger.complain('a', null)).toContain('is gone');
  expect([ledger.complain('b', null), ledger.complain('b', '2')]).toEqual([null, null]);
  expect(ledger.complain('b', '3')).toContain('holds 3');
});
