import { describe, expect, test } from 'vitest';
import { decodeUtf8 } from '../../base/text.ts';
import { FLAG } from '../../core/protocol/wire.ts';
import { COMMAND_NAMES, helpText, type Parsed, parseLine, parseShellWords } from './grammar.ts';
import { toByteString } from './quoting.ts';

/** NAME key=… expected=… value=…, as far as there are any; else the kind and the message. */
function told(parsed: Parsed): string {
  if (parsed.kind === 'mistake') return `${parsed.code} ${parsed.message}`;
  if (parsed.kind !== 'request') return parsed.kind;
  const { name, request } = parsed;
  const words = [name];
  for (const field of ['key', 'expected', 'value'] as const) {
    const bytes = request[field];
    if (bytes === null) words.push(`${field} absent`);
    else if (bytes !== undefined) words.push(`${field}=[${decodeUtf8(bytes)}]`);
  }
  return words.join(' ');
}

const line = (text: string): string => told(parseLine(toByteString(text)));

describe('a line', () => {
  test.each([
    ['PUT mykey hello world', 'PUT key=[mykey] value=[hello world]'],
    ['GET mykey', 'GET key=[mykey]'],
    ['DEL mykey', 'DEL key=[mykey]'],
    ['METRICS', 'METRICS'],
    ['ping', 'PING'],
    ['  pUt\tk\t  v  ', 'PUT key=[k] value=[v  ]'],
    ['PUT k v\r', 'PUT key=[k] value=[v]'],
    [String.raw`PUT "my key" "a \"b\" c"`, 'PUT key=[my key] value=[a "b" c]'],
    ['PUT k say "hi"', 'PUT key=[k] value=[say "hi"]'],
    ['PUT k ""', 'PUT key=[k] value=[]'],
    ['PUT "" v', 'PUT key=[] value=[v]'],
    ['PUT ключ 值 €', 'PUT key=[ключ] value=[值 €]'],
    ['APPEND k more and more', 'APPEND key=[k] value=[more and more]'],
    ['CAS k old new value', 'CAS key=[k] expected=[old] value=[new value]'],
    ['CAS k (nil) new', 'CAS key=[k] expected absent value=[new]'],
    ['CAS k "(nil)" new', 'CAS key=[k] expected=[(nil)] value=[new]'],
    ['INCR n', 'INCR key=[n] value=[1]'],
    ['INCR n -3', 'INCR key=[n] value=[-3]'],
    ['', 'empty'],
    ['  \t', 'empty'],
    ['quit', 'quit'],
    ['EXIT', 'quit'],
    ['help', 'help'],
  ])('%s', (text, meaning) => {
    expect(line(text)).toBe(meaning);
  });

  test('a value passes byte by byte, text or not', () => {
    const parsed = parseLine('PUT k \xff\x00\xfe');
    expect(parsed).toMatchObject({ request: { value: Uint8Array.of(255, 0, 254) } });
  });

  test('GET … STALE asks for a stale read, in either case', () => {
    expect(parseLine('GET k stale')).toMatchObject({ request: { flags: FLAG.STALE } });
    expect(parseLine('GET k')).toMatchObject({ request: { flags: 0 } });
  });

  test.each([
    ['PUT k', 'MALFORMED the value is missing (an empty one is written ""); it is: PUT key value'],
    ['GET', 'MALFORMED the key is missing (an empty one is written ""); it is: GET key [STALE]'],
    ['GET k v', 'MALFORMED after the key only STALE may stand; it is: GET key [STALE]'],
    ['DEL a b', 'MALFORMED there is more than the command takes; it is: DEL key'],
    ['PUT k "v" w', 'MALFORMED after "…" nothing may follow; a value that begins with a quote'],
    ['GET "a"b', 'MALFORMED a blank is missing after "…"; it is: GET key [STALE]'],
    ['GET "a', 'MALFORMED the closing quote is missing; it is: GET key [STALE]'],
    ['PING x', 'MALFORMED there is more than the command takes; it is: PING'],
    ['GTE k', 'UNKNOWN_COMMAND "GTE"; did you mean GET?'],
    ['metrix', 'UNKNOWN_COMMAND "metrix"; did you mean METRICS?'],
    ['SELECT 1', 'UNKNOWN_COMMAND "SELECT"; HELP lists what there is'],
  ])('%s is a mistake, and it says which', (text, complaint) => {
    expect(line(text).slice(0, complaint.length)).toBe(complaint);
  });
});

describe('words of the shell', () => {
  test.each([
    [['put', 'k', 'hello', 'world'], 'PUT key=[k] value=[hello world]'],
    [['PUT', 'k', '"as it is"'], 'PUT key=[k] value=["as it is"]'],
    [['PUT', 'a key', ' v '], 'PUT key=[a key] value=[ v ]'],
    [['PUT', 'k', ''], 'PUT key=[k] value=[]'],
    [['CAS', 'k', '(nil)', 'v'], 'CAS key=[k] expected absent value=[v]'],
    [['GET'], 'MALFORMED the key is missing'],
  ])('%j', (words, meaning) => {
    expect(told(parseShellWords(words)).slice(0, meaning.length)).toBe(meaning);
  });
});

test('HELP names every command', () => {
  for (const name of COMMAND_NAMES) expect(helpText()).toContain(name);
});
