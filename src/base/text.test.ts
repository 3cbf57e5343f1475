import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from './bytes.ts';
import {
  asciiBytes,
  decodeUtf8,
  encodeUtf8,
  equalsIgnoringCase,
  formatI64,
  I64_MAX,
  I64_MIN,
  isUtf8,
  parseI64,
  toUpperAscii,
} from './text.ts';

/** Bytes that are nearly UTF-8: leads, tails and edges, in any order. */
const nearlyUtf8 = fc
  .array(
    fc.constantFrom(
      ...[0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf],
      ...[0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff],
    ),
    { maxLength: 12 },
  )
  .map((list) => Uint8Array.from(list));

describe('UTF-8', () => {
  test.each([
    ['A', '41'],
    ['é', 'c3a9'],
    ['€', 'e282ac'],
    ['😀', 'f09f9880'],
    ['\u{10ffff}', 'f48fbfbf'],
    ['', ''],
  ])('of %s is %s', (text, hex) => {
    expect(toHex(encodeUtf8(text))).toBe(hex);
    expect(decodeUtf8(fromHex(hex))).toBe(text);
  });

  test('of a lone surrogate is that of U+FFFD', () => {
    expect(toHex(encodeUtf8('a\ud800b'))).toBe('61efbfbd62');
    expect(toHex(encodeUtf8('\udc00'))).toBe('efbfbd');
  });

  test.each([
    ['an overlong slash', 'c0af', 2],
    ['a surrogate', 'eda080', 3],
    ['beyond U+10FFFF', 'f4908080', 4],
    ['a cut sequence', 'e282', 1],
    ['a cut sequence, then a letter', 'f09f98', 1],
    ['a lone tail', '80', 1],
    ['fe and ff', 'feff', 2],
  ])('that is bad — %s — is refused, and read as U+FFFD', (_name, hex, replacements) => {
    const bytes = fromHex(hex);
    expect(isUtf8(bytes)).toBe(false);
    expect(decodeUtf8(bytes)).toBe('\ufffd'.repeat(replacements));
  });

  test('encodes and decodes as the platform does, for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const bytes = encodeUtf8(text);
        expect(toHex(bytes)).toBe(toHex(new TextEncoder().encode(text)));
        expect(decodeUtf8(bytes)).toBe(text.toWellFormed());
        expect(isUtf8(bytes)).toBe(true);
      }),
      { seed: 1, numRuns: 150 },
    );
  });

  test('is judged and replaced as the platform does, for any bytes', () => {
    const lenient = new TextDecoder('utf-8', { ignoreBOM: true });
    const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });
    const isFine = (bytes: Uint8Array): boolean => {
      try {
        strict.decode(bytes);
        return true;
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(fc.oneof(nearlyUtf8, fc.uint8Array({ maxLength: 20 })), (bytes) => {
        expect(decodeUtf8(bytes)).toBe(lenient.decode(bytes));
        expect(isUtf8(bytes)).toBe(isFine(bytes));
      }),
      { seed: 1, numRuns: 3000 },
    );
  });

  test('keeps to its range: a sequence that ends beyond it is cut', () => {
    const bytes = fromHex('41e282ac42');
    expect(decodeUtf8(bytes, 1, 4)).toBe('€');
    expect(decodeUtf8(bytes, 1, 3)).toBe('\ufffd');
    expect(isUtf8(bytes, 0, 2)).toBe(false);
  });
});

describe('ASCII', () => {
  test('is bytes below 128, and nothing else is taken for it', () => {
    expect(toHex(asciiBytes('OK\r\n'))).toBe('4f4b0d0a');
    expect(() => asciiBytes('é')).toThrow('not ASCII');
  });

  test('compares without case, but only letters have one', () => {
    const bytes = asciiBytes('xGeTx[{');
    expect(equalsIgnoringCase(bytes, 1, 4, 'GET')).toBe(true);
    expect(equalsIgnoringCase(bytes, 1, 4, 'SET')).toBe(false);
    expect(equalsIgnoringCase(bytes, 1, 5, 'GET')).toBe(false);
    expect(equalsIgnoringCase(bytes, 6, 7, '[')).toBe(false);
    expect([0x60, 0x61, 0x7a, 0x7b].map(toUpperAscii)).toEqual([0x60, 0x41, 0x5a, 0x7b]);
  });
});

describe('decimal i64', () => {
  const parse = (text: string): bigint | null => {
    const bytes = asciiBytes(`x${text}x`);
    return parseI64(bytes, 1, bytes.length - 1);
  };

  test('comes back from its own format, for any value', () => {
    const value = fc.oneof(
      fc.bigInt({ min: I64_MIN, max: I64_MAX }),
      fc.bigInt({ min: -1000n, max: 1000n }),
    );
    fc.assert(
      fc.property(value, (number) => {
        const bytes = formatI64(number);
        expect(parseI64(bytes, 0, bytes.length)).toBe(number);
      }),
      { seed: 1, numRuns: 1000 },
    );
  });

  test('is taken only in the form that formatting gives', () => {
    const text = fc.string({ unit: fc.constantFrom('-', '+', ' ', '0', '1', '9', 'a') });
    fc.assert(
      fc.property(text, (candidate) => {
        const value = parse(candidate);
        if (value !== null) expect(value.toString()).toBe(candidate);
        else expect(/^(0|-?[1-9][0-9]{0,17})$/.test(candidate)).toBe(false);
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  test.each([
    ['9223372036854775807', I64_MAX],
    ['-9223372036854775808', I64_MIN],
    ['999999999999999', 999999999999999n],
    ['1000000000000000', 1000000000000000n],
    ['0', 0n],
    ['9223372036854775808', null],
    ['-9223372036854775809', null],
    ['10000000000000000000', null],
    ['', null],
    ['-', null],
    ['-0', null],
    ['00', null],
    ['+1', null],
    [' 1', null],
    ['1 ', null],
    ['1.0', null],
  ])('of "%s" is %s', (text, expected) => {
    expect(parse(text)).toBe(expected);
  });

  test('beyond its range is never formatted', () => {
    expect(() => formatI64(I64_MAX + 1n)).toThrow('i64');
  });
});
