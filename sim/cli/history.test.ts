import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { judgeHistory } from './history.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'apex-history-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

type Event = [process: number, type: string, f: string, value: unknown, key?: unknown];

function judge(events: Event[], ...flags: string[]) {
  const lines = events.map(([process, type, f, value, key = 'r']) =>
    JSON.stringify({ process, type, f, key, value }),
  );
  return judgeText(lines.join('\n'), ...flags);
}

function judgeText(text: string, ...flags: string[]) {
  const file = join(folder, 'history.jsonl');
  writeFileSync(file, text);
  const out: string[] = [];
  const errors: string[] = [];
  const code = judgeHistory(['--history', file, ...flags], {
    out: (line) => out.push(line),
    error: (line) => errors.push(line),
  });
  return { code, out, errors };
}

const done = (f: string, value: unknown, seen = value, key: unknown = 'r'): Event[] => [
  [0, 'invoke', f, value, key],
  [0, 'ok', f, seen, key],
];

describe('--history', () => {
  test('answers 0 for a linearizable history, and 10 with the key for another', () => {
    expect(judge([...done('write', 1), ...done('read', null, 1)]).code).toBe(0);
    const broken = judge([...done('write', 1), ...done('read', null, 2, 5)], '--json');
    expect(broken.code).toBe(10);
    const last = JSON.parse(broken.out.at(-1)!);
    expect(last).toEqual({ verdict: 'not-linearizable', key: 5, wallMs: expect.any(Number) });
    expect(broken.out.join('\n')).toContain('read → 2');
  });

  test('an empty history is linearizable', () => {
    const { code, out } = judgeText('', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out.at(-1)!)).toMatchObject({ verdict: 'linearizable', key: null });
  });

  test('every key begins with the initial value', () => {
    const history = [...done('read', null, 0), ...done('get', null, 0, 'other')];
    expect(judge(history).code).toBe(10);
    expect(judge(history, '--initial', '0').code).toBe(0);
    const text = [...done('append', 'ab'), ...done('append', 'c'), ...done('read', null, 'abc')];
    expect(judge(text, '--initial', '""').code).toBe(0);
    const gone = [...done('put', 'x'), ...done('del', null), ...done('get', null, '')];
    expect(judge(gone, '--initial', '""').code).toBe(0);
    expect(judge(gone).code).toBe(10);
  });

  test('a text is not the number that it spells', () => {
    expect(judge([...done('write', '1'), ...done('read', null, 1)]).code).toBe(10);
  });

  test('a failed cas is an observation only if told so', () => {
    const failed: Event[] = [
      ...done('write', 1),
      [1, 'invoke', 'cas', [1, 2]],
      [1, 'fail', 'cas', [1, 2]],
    ];
    expect(judge(failed).code).toBe(0);
    expect(judge(failed, '--cas-fail', 'mismatch').code).toBe(10);
  });

  test('what failed did not happen; what is open or unknown may yet', () => {
    const begun: Event[] = [
      [1, 'invoke', 'write', 3],
      [2, 'invoke', 'write', 4],
      [2, 'info', 'write', 4],
      [3, 'invoke', 'write', 5],
      [3, 'fail', 'write', 5],
    ];
    expect(judge([...begun, ...done('read', null, 3), ...done('read', null, 4)]).code).toBe(0);
    expect(judge([...begun, ...done('read', null, 5)]).code).toBe(10);
  });

  test('answers 11 when the time is over', () => {
    const many: Event[] = [];
    for (let process = 0; process < 1500; process++) {
      many.push([process, 'invoke', 'cas', [process % 3, (process + 1) % 3]]);
    }
    for (let process = 0; process < 1500; process++) {
      many.push([process, 'ok', 'cas', [process % 3, (process + 1) % 3]]);
    }
    const { code, out } = judge(many, '--initial', '0', '--limit', '0ms', '--json');
    expect(code).toBe(11);
    expect(JSON.parse(out.at(-1)!)).toMatchObject({ verdict: 'unknown', key: 'r' });
  });

  test('answers 2 for what it cannot read', () => {
    expect(judgeText('{"process": 1').errors[0]).toContain('line 1: not JSON');
    expect(judge([[1, 'ok', 'read', 1]]).errors[0]).toContain('asked nothing');
    expect(judge([[1, 'invoke', 'multiply', 1]]).code).toBe(2);
    expect(judge([[1, 'invoke', 'cas', 1]]).code).toBe(2);
    expect(judge([], '--cas-fail', 'maybe').code).toBe(2);
    expect(judge([], '--limit', 'soon').code).toBe(2);
    expect(judge([], '--initial', '{').code).toBe(2);
    expect(judge([], '--colour').code).toBe(2);
    const errors: string[] = [];
    const output = { out: () => {}, error: (line: string) => errors.push(line) };
    expect(judgeHistory(['--history', join(folder, 'missing')], output)).toBe(2);
    expect(judgeHistory([], output)).toBe(2);
    expect(errors).toHaveLength(2);
  });
});
