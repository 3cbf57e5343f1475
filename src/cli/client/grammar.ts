/**
 * The client's commands: one row each, from words to a request.
 *
 *   PUT key value        the value is the rest of the line, or a "…"
 *   CAS key (nil) value  a bare (nil) means that the key must not exist; a quoted one is text
 *
 * Names in either case. Nothing is guessed: a missing or superfluous word is a mistake that shows
 * the usage, and a mistyped name suggests the nearest one.
 */

import type { RequestParts } from '../../client/client.ts';
import { FLAG, REQUEST } from '../../core/protocol/wire.ts';
import { suggestion } from '../suggestion.ts';
import { type ByteString, toByteString, toBytes } from './quoting.ts';
import { LineWords, ShellWords, type Word, type Words } from './words.ts';

export const ABSENT_TEXT = '(nil)';

export type Parsed =
  | { readonly kind: 'empty' }
  | { readonly kind: 'quit' }
  | { readonly kind: 'help'; readonly text: string }
  | {
      readonly kind: 'mistake';
      readonly code: 'UNKNOWN_COMMAND' | 'MALFORMED';
      readonly message: string;
    }
  | { readonly kind: 'request'; readonly name: string; readonly request: RequestParts };

interface CommandRow {
  readonly name: string;
  readonly words: string;
  readonly does: string;
  /** A string says what is wrong. */
  readonly parse: (words: Words) => RequestParts | string | 'quit' | 'help';
}

/** Thrown and caught in this file: what is wrong with a command's words. */
class Mistake extends Error {}

const ROWS: readonly CommandRow[] = [
  {
    name: 'GET',
    words: 'key [STALE]',
    does: 'the value, or (nil); STALE: from whichever node answers, perhaps not the newest',
    parse: (words) => {
      const key = wordOf(words, 'key');
      const flag = optionalWord(words)?.toUpperCase() ?? null;
      if (flag !== null && flag !== 'STALE')
        throw new Mistake('after the key only STALE may stand');
      return { command: REQUEST.GET, key, flags: flag === null ? 0 : FLAG.STALE };
    },
  },
  {
    name: 'PUT',
    words: 'key value',
    does: 'sets the key; the value is the rest of the line, or a "…" with \\n \\" \\xHH \\u{…}',
    parse: (words) => ({
      command: REQUEST.PUT,
      key: wordOf(words, 'key'),
      value: restOf(words, 'value'),
    }),
  },
  {
    name: 'DEL',
    words: 'key',
    does: 'removes the key; (nil) if there was none',
    parse: (words) => ({ command: REQUEST.DEL, key: wordOf(words, 'key') }),
  },
  {
    name: 'CAS',
    words: `key expected|${ABSENT_TEXT} value`,
    does: `sets the key if it holds what is expected; ${ABSENT_TEXT}: if it does not exist`,
    parse: (words) => ({
      command: REQUEST.COMPARE_AND_SWAP,
      key: wordOf(words, 'key'),
      expected: expectedOf(words),
      value: restOf(words, 'value'),
    }),
  },
  {
    name: 'INCR',
    words: 'key [difference]',
    does: 'adds to a whole number (1 if nothing is said) and prints the sum',
    parse: (words) => ({
      command: REQUEST.INCREMENT,
      key: wordOf(words, 'key'),
      value: toBytes(optionalWord(words) ?? '1'),
    }),
  },
  {
    name: 'APPEND',
    words: 'key tail',
    does: 'adds to the end of the value; the tail is read as the value of PUT is',
    parse: (words) => ({
      command: REQUEST.APPEND,
      key: wordOf(words, 'key'),
      value: restOf(words, 'tail'),
    }),
  },
  { name: 'PING', words: '', does: 'PONG', parse: () => ({ command: REQUEST.PING }) },
  {
    name: 'METRICS',
    words: '',
    does: 'what this node has counted and measured',
    parse: () => ({ command: REQUEST.METRICS }),
  },
  { name: 'HELP', words: '', does: 'this list', parse: () => 'help' },
  { name: 'QUIT', words: '', does: 'leaves, as EXIT and Ctrl-D do', parse: () => 'quit' },
  { name: 'EXIT', words: '', does: 'leaves', parse: () => 'quit' },
];

export const COMMAND_NAMES: readonly string[] = ROWS.map(({ name }) => name);

/** `line` is without its line end. */
export function parseLine(line: ByteString): Parsed {
  const words = new LineWords(line.endsWith('\r') ? line.slice(0, -1) : line);
  return parseCommand(words);
}

/** A command that the shell has cut into words. */
export function parseShellWords(words: readonly string[]): Parsed {
  return parseCommand(new ShellWords(words.map(toByteString)));
}

function parseCommand(words: Words): Parsed {
  const first = words.next();
  if (first === null) return { kind: 'empty' };
  const name = typeof first === 'string' ? '' : first.text.toUpperCase();
  const row = ROWS.find((known) => known.name === name);
  if (row === undefined) return unknownCommand(first);
  const parsed = attempt(() => complete(words, row.parse(words)));
  if (typeof parsed !== 'string') return { kind: 'request', name, request: parsed };
  if (parsed === 'quit') return { kind: 'quit' };
  if (parsed === 'help') return { kind: 'help', text: helpText() };
  return mistake('MALFORMED', `${parsed}; it is: ${usageOf(row)}`);
}

function complete<Value>(words: Words, value: Value): Value {
  if (words.next() !== null) throw new Mistake('there is more than the command takes');
  return value;
}

function attempt<Value>(parse: () => Value): Value | string {
  try {
    return parse();
  } catch (error) {
    if (error instanceof Mistake) return error.message;
    throw error;
  }
}

function unknownCommand(first: Word | string): Parsed {
  if (typeof first === 'string') return mistake('MALFORMED', first);
  const near = suggestion(first.text.toUpperCase(), COMMAND_NAMES);
  const hint = near === null ? 'HELP lists what there is' : `did you mean ${near}?`;
  return mistake('UNKNOWN_COMMAND', `"${first.text}"; ${hint}`);
}

function mistake(code: 'UNKNOWN_COMMAND' | 'MALFORMED', message: string): Parsed {
  return { kind: 'mistake', code, message };
}

function wordOf(words: Words, what: string): Uint8Array {
  return toBytes(found(words.next(), what).text);
}

function restOf(words: Words, what: string): Uint8Array {
  return toBytes(found(words.rest(), what).text);
}

function optionalWord(words: Words): ByteString | null {
  const word = words.next();
  if (typeof word === 'string') throw new Mistake(word);
  return word?.text ?? null;
}

function expectedOf(words: Words): Uint8Array | null {
  const word = found(words.next(), 'expected value');
  return word.text === ABSENT_TEXT && !word.isQuoted ? null : toBytes(word.text);
}

function found(word: Word | string | null, what: string): Word {
  if (word === null) throw new Mistake(`the ${what} is missing (an empty one is written "")`);
  if (typeof word === 'string') throw new Mistake(word);
  return word;
}

const usageOf = ({ name, words }: CommandRow): string => `${name} ${words}`.trimEnd();

export function helpText(): string {
  const width = Math.max(...ROWS.map((row) => usageOf(row).length));
  const lines = ROWS.filter(({ name }) => name !== 'EXIT').map(
    (row) => `${usageOf(row).padEnd(width)}  ${row.does}`,
  );
  return lines.join('\n');
}
