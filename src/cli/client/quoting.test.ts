import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printable, readQuoted, toByteString, toBytes } from './quoting.ts';

describe('reading', () => {
  test.each([
    ['"a b" rest', 'a b', 5],
    ['""', '', 2],
    [String.raw`"\n\r\t\0\\\""`, '\n\r\t\0\\"', 14],
    [String.raw`"\x00\xff"`, '\x00\xff', 10],
    [String.raw`"\u{20ac}"`, '\xe2\x82\xac', 10],
  ])('%s', (line, text, end) => {
    expect(readQuoted(line, 0)).toEqual({ text, end });
  });

  test.each([
    ['"open', 'the closing quote is missing'],
    [String.raw`"\q"`, String.raw`"\q" is no escape`],
    [String.raw`"\x1"`, String.raw`"\x" is no escape`],
    [String.raw`"\u{110000}"`, String.raw`"\u" is no escape`],
    [String.raw`"\u{d800}"`, String.raw`"\u" is no escape`],
  ])('refuses %s', (line, complaint) => {
    expect(readQuoted(line, 0)).toBe(complaint);
  });
});

describe('showing', () => {
  test.each([
    ['plain text, ключ 值 €', 'plain text, ключ 值 €'],
    ['a "quoted" word', 'a "quoted" word'],
    ['two\nlines', String.raw`"two\nlines"`],
    ['\x1b[2J', String.raw`"\u{1b}[2J"`],
    ['abc‮def', String.raw`"abc\u{202e}def"`],
  ])('%j as %s', (text, shown) => {
    expect(printable(new TextEncoder().encode(text))).toBe(shown);
  });

  test('what is shown bare moves no cursor; what is quoted reads back to the same bytes', () => {
    const text = fc
      .array(fc.integer({ min: 0, max: 0x10_ffff }), { maxLength: 20 })
      .map((points) => new TextEncoder().encode(String.fromCodePoint(...points)));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 20 }), text), (bytes) => {
        const shown = printable(bytes);
        const line = toByteString(shown);
        if (Buffer.from(line, 'latin1').equals(bytes)) return !/\p{Cc}/u.test(shown);
        const read = readQuoted(line, 0);
        return typeof read !== 'string' && Buffer.from(toBytes(read.text)).equals(bytes);
      }),
      { seed: 20261122, numRuns: 200 },
    );
  });
});
