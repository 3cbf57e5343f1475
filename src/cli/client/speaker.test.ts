import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { EXIT } from '../../base/errors.ts';
import { encodeUtf8 } from '../../base/text.ts';
import { type Answer, refused } from '../../client/answer.ts';
import { STATUS } from '../../core/types.ts';
import { type Parsed, parseLine } from './grammar.ts';
import { type Form, Speaker } from './speaker.ts';

type Request = Extract<Parsed, { kind: 'request' }>;

const GET = parseLine('GET k') as Request;

function result(status: number, value: Uint8Array | string = ''): Answer {
  const bytes = typeof value === 'string' ? encodeUtf8(value) : value;
  return { kind: 'result', status, value: bytes, revision: 3 };
}

const METRICS: Answer = {
  kind: 'metrics',
  metrics: { opsGet: 12345, opsPut: 6789, p99GetMicros: 234, p99PutMicros: 1102 },
};

function textOf(stream: PassThrough): string {
  let text = '';
  for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) {
    text += chunk.toString('latin1');
  }
  return text;
}

function say(
  form: Form,
  answers: readonly Answer[],
  { isOneShot = false, isTerminal = false } = {},
) {
  const stdout = Object.assign(new PassThrough(), { isTTY: isTerminal });
  const stderr = new PassThrough();
  const speaker = new Speaker({ form, stdout, stderr, isOneShot });
  for (const answer of answers) speaker.answer(GET, answer);
  speaker.end();
  return { out: textOf(stdout), complaints: textOf(stderr), exit: speaker.exit };
}

describe('text', () => {
  test('one line a command, as the seed shows', () => {
    const answers = [
      result(STATUS.OK),
      result(STATUS.VALUE, 'hello world'),
      { kind: 'pong' },
      METRICS,
    ];
    const { out, exit } = say('text', answers as Answer[]);
    const metrics = 'ops_get=12345 ops_put=6789 p99_get=234µs p99_put=1102µs';
    const expected = `OK\nhello world\nPONG\n${metrics}\n`;
    expect(Buffer.from(out, 'latin1').toString()).toBe(expected);
    expect(exit).toBe(EXIT.OK);
  });

  test('a missing key is (nil), and a failure only when it was all that was asked', () => {
    expect(say('text', [result(STATUS.NOT_FOUND)])).toMatchObject({ out: '(nil)\n', exit: 0 });
    const { exit } = say('text', [result(STATUS.NOT_FOUND)], { isOneShot: true });
    expect(exit).toBe(EXIT.NOT_FOUND);
  });

  test('a value passes byte by byte, but not to a terminal', () => {
    const bytes = Uint8Array.of(0xff, 0x1b, 0x41);
    expect(say('text', [result(STATUS.VALUE, bytes)]).out).toBe('\xff\x1bA\n');
    const { out } = say('text', [result(STATUS.VALUE, bytes)], { isTerminal: true });
    expect(out).toBe('"\\xff\\u{1b}A"\n');
  });

  test('an error is its code and its sentence, with what to do on stderr', () => {
    const answer = refused('NO_LEADER', 'an election\nis under way');
    const { out, complaints, exit } = say('text', [answer]);
    expect(out).toBe('NO_LEADER an election is under way\n');
    expect(complaints).toMatch(/^ {2}Retry/);
    expect(exit).toBe(EXIT.UNAVAILABLE);
    expect(say('text', [answer], { isOneShot: true }).out).toBe('');
  });

  test('a failed swap says what is there', () => {
    const { out, exit } = say('text', [result(STATUS.CONDITION_FAILED, 'x')]);
    expect(out).toBe('CONDITION_FAILED it holds x\n');
    expect(exit).toBe(EXIT.PRECONDITION_FAILED);
  });
});

test('raw is the value and nothing else', () => {
  expect(say('raw', [result(STATUS.VALUE, 'v'), result(STATUS.OK)]).out).toBe('v');
  const { out, complaints } = say('raw', [refused('OVERLOADED', 'full')]);
  expect([out, complaints.split('\n')[0]]).toEqual(['', 'OVERLOADED full']);
});

describe('json', () => {
  const answers = [result(STATUS.VALUE, 'v'), refused('UNCERTAIN', 'lost')];

  test('jsonl is one object a line', () => {
    const { out } = say('jsonl', answers);
    const [first, second] = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(first).toEqual({ command: 'GET', key: 'k', status: 'VALUE', value: 'v', revision: 3 });
    expect(second.error).toMatchObject({ code: 'UNCERTAIN', outcome: 'unknown' });
  });

  test('json is one array of a script, and one object of one command', () => {
    expect(JSON.parse(say('json', answers).out)).toHaveLength(2);
    expect(JSON.parse(say('json', []).out)).toEqual([]);
    expect(JSON.parse(say('json', answers.slice(0, 1), { isOneShot: true }).out).value).toBe('v');
  });

  test('bytes that are no text come as base64', () => {
    const { out } = say('jsonl', [result(STATUS.VALUE, Uint8Array.of(0xff))]);
    expect(JSON.parse(out)).toMatchObject({ valueBase64: '/w==' });
  });
});

test('the first failure is the exit status', () => {
  const answers = [
    result(STATUS.NOT_FOUND),
    refused('OVERLOADED', 'full'),
    refused('UNCERTAIN', 'lost'),
  ];
  expect(say('text', answers).exit).toBe(EXIT.OVERLOADED);
});

test('an unknown outcome is worth 6, whatever the code', () => {
  const answer: Answer = { ...refused('NO_LEADER', ''), code: 'NEWER', outcome: 'unknown' };
  expect(say('text', [answer]).exit).toBe(EXIT.OUTCOME_UNKNOWN);
});
