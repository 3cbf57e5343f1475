import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, fromHex, toHex } from '../base/bytes.ts';
import { asciiBytes } from '../base/text.ts';
import {
  COMMAND_FLAG,
  type CommandView,
  commandSize,
  encodeCommand,
  encodeSwap,
  newCommandView,
  readCommand,
  writePlainCommandHead,
} from './command.ts';
import { OPERATION } from './types.ts';

const hex = (...lines: string[]): string => lines.join('').replaceAll(' ', '');

/** The command that fills `bytes`, or null. */
function read(bytes: Uint8Array): CommandView | null {
  const view = newCommandView();
  return readCommand(bytes, 0, bytes.length, view) ? view : null;
}

const safe = fc.nat(Number.MAX_SAFE_INTEGER);
const anyCommand = fc.record({
  operation: fc.nat(255),
  flags: fc.nat(0xff).map((flags) => flags & ~(COMMAND_FLAG.SESSION | COMMAND_FLAG.DEADLINE)),
  session: fc.option(safe),
  sequence: safe,
  lowestUnacknowledged: safe,
  deadline: fc.option(safe),
  key: fc.uint8Array({ maxLength: 30 }),
  value: fc.uint8Array({ maxLength: 50 }),
});
type AnyCommand = typeof anyCommand extends fc.Arbitrary<infer Command> ? Command : never;

function encode({ session, deadline, ...others }: AnyCommand): Uint8Array {
  return encodeCommand({
    ...others,
    ...(session === null ? {} : { session }),
    ...(deadline === null ? {} : { deadline }),
  });
}

describe('a command in bytes', () => {
  test('PUT color blue', () => {
    const bytes = encodeCommand({
      operation: OPERATION.PUT,
      key: asciiBytes('color'),
      value: asciiBytes('blue'),
    });
    expect(toHex(bytes)).toBe(
      hex('20000000 01 00 0000', '05000000 04000000', '636f6c6f72 626c7565 00000000000000'),
    );
  });

  test('INCREMENT within a session', () => {
    const bytes = encodeCommand({
      operation: OPERATION.INCREMENT,
      session: 7,
      sequence: 3,
      lowestUnacknowledged: 2,
      key: asciiBytes('n'),
      value: asciiBytes('1'),
    });
    expect(toHex(bytes)).toBe(
      hex(
        '30000000 04 01 0000',
        '0700000000000000 0300000000000000 0200000000000000',
        '01000000 01000000 6e 31 000000000000',
      ),
    );
  });

  test('PUT if absent, in a session, with a deadline', () => {
    const bytes = encodeCommand({
      operation: OPERATION.PUT,
      flags: COMMAND_FLAG.IF_ABSENT,
      session: 7,
      sequence: 3,
      lowestUnacknowledged: 2,
      deadline: 0x18f_0000_0000,
      key: asciiBytes('k'),
      value: asciiBytes('v'),
    });
    expect(toHex(bytes)).toBe(
      hex(
        '38000000 01 07 0000',
        '0700000000000000 0300000000000000 0200000000000000',
        '000000008f010000',
        '01000000 01000000 6b 76 000000000000',
      ),
    );
  });

  test('COMPARE_AND_SWAP of an expected value, and of no key at all', () => {
    const swap = (expected: Uint8Array | null): string => {
      const value = encodeSwap(expected, asciiBytes('b'));
      const operation = OPERATION.COMPARE_AND_SWAP;
      return toHex(encodeCommand({ operation, key: asciiBytes('k'), value }));
    };
    const head = '18000000 03 00 0000';
    expect(swap(asciiBytes('a'))).toBe(hex(head, '01000000 06000000 6b 01000000 61 62 00'));
    expect(swap(null)).toBe(hex(head, '01000000 05000000 6b ffffffff 62 0000'));
  });

  test('comes back, at any offset, with others behind it', () => {
    fc.assert(
      fc.property(anyCommand, fc.nat(9), (command, at) => {
        const encoded = encode(command);
        expect(encoded.length % 8).toBe(0);
        const tail = new Uint8Array(16).fill(0xee);
        const bytes = concatBytes([new Uint8Array(at).fill(0xee), encoded, tail]);
        const view = newCommandView();
        expect(readCommand(bytes, at, bytes.length, view)).toBe(true);
        const inSession = command.session !== null;
        expect(view).toMatchObject({
          size: encoded.length,
          operation: command.operation,
          session: command.session ?? 0,
          sequence: inSession ? command.sequence : 0,
          lowestUnacknowledged: inSession ? command.lowestUnacknowledged : 0,
          deadline: command.deadline ?? 0,
        });
        const { keyAt, keyBytes, valueAt, valueBytes } = view;
        expect(toHex(bytes.subarray(keyAt, keyAt + keyBytes))).toBe(toHex(command.key));
        expect(toHex(bytes.subarray(valueAt, valueAt + valueBytes))).toBe(toHex(command.value));
        expect((view.flags & COMMAND_FLAG.SESSION) !== 0).toBe(inSession);
        expect((view.flags & COMMAND_FLAG.DEADLINE) !== 0).toBe(command.deadline !== null);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  test('walks: commands back to back are found one after the other, to the last byte', () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 6 }), (commands) => {
        const bytes = concatBytes(commands.map(encode));
        const view = newCommandView();
        const operations: number[] = [];
        let at = 0;
        while (at < bytes.length) {
          expect(readCommand(bytes, at, bytes.length, view)).toBe(true);
          operations.push(view.operation);
          at += view.size;
        }
        expect(at).toBe(bytes.length);
        expect(operations).toEqual(commands.map(({ operation }) => operation));
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  /** What every accepted command keeps to, wherever its bytes come from. */
  function expectInBounds(bytes: Uint8Array, view: CommandView): void {
    expect(view.size).toBeLessThanOrEqual(bytes.length);
    expect(view.size).toBe(commandSize(view.flags, view.keyBytes, view.valueBytes));
    expect(view.valueAt).toBe(view.keyAt + view.keyBytes);
    expect(view.valueAt + view.valueBytes).toBeLessThanOrEqual(view.size);
    const { session, sequence, lowestUnacknowledged, deadline } = view;
    for (const number of [session, sequence, lowestUnacknowledged, deadline]) {
      expect(Number.isSafeInteger(number)).toBe(true);
    }
  }

  test('that was altered never throws: it is refused, or its parts lie within it', () => {
    fc.assert(
      fc.property(anyCommand, fc.nat(), fc.nat(255), (command, at, byte) => {
        const bytes = encode(command);
        // Half of the alterations hit the head, where lengths and flags are.
        bytes[at % (byte % 2 === 0 ? Math.min(bytes.length, 48) : bytes.length)] = byte;
        const view = read(bytes);
        if (view !== null) expectInBounds(bytes, view);
      }),
      { seed: 1, numRuns: 3000 },
    );
  });

  test('that is noise never throws', () => {
    // Small numbers are likely, so that some of the noise passes for a size.
    const byte = fc.oneof(fc.nat(255), fc.constantFrom(0, 0, 0, 1, 8, 16, 24, 32));
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 64 }), (noise) => {
        const bytes = Uint8Array.from(noise);
        const view = read(bytes);
        if (view !== null) expectInBounds(bytes, view);
      }),
      { seed: 1, numRuns: 5000 },
    );
  });

  test('that is cut anywhere is refused', () => {
    const bytes = encodeCommand({ operation: 1, session: 1, deadline: 5, key: asciiBytes('key') });
    for (let end = 0; end < bytes.length; end++) expect(read(bytes.subarray(0, end))).toBeNull();
    expect(read(bytes)).not.toBeNull();
  });

  test.each([
    ['a size that is no multiple of 8', '11000000 01000000 00000000 00000000 00'],
    ['a size too small for itself', '08000000 01000000 00000000 00000000'],
    ['a session that does not fit', '10000000 01010000 00000000 00000000'],
    ['a deadline that does not fit', '10000000 01020000 00000000 00000000'],
    ['a session of 2^53', hex('28000000 01010000', '0000000000002000', '00'.repeat(24))],
    ['a deadline of 2^53', hex('18000000 01020000', '0000000000002000', '00'.repeat(8))],
    ['a key longer than it', '18000000 01000000 09000000 00000000 0000000000000000'],
    ['lengths that wrap at 2^32', '10000000 01000000 00000080 00000080'],
    ['eight bytes too many', '18000000 01000000 00000000 00000000 0000000000000000'],
  ])('with %s is refused', (_name, text) => {
    expect(read(fromHex(hex(text)))).toBeNull();
  });

  test('without session, deadline and flags is the same by the short way, over whatever was there', () => {
    for (let keyBytes = 0; keyBytes < 20; keyBytes++) {
      const [key, value] = [new Uint8Array(keyBytes).fill(1), new Uint8Array(3 * keyBytes).fill(2)];
      const whole = encodeCommand({ operation: OPERATION.PUT, key, value });
      const bytes = new Uint8Array(8 + whole.length).fill(255);
      const keyAt = writePlainCommandHead(bytes, 8, OPERATION.PUT, key.length, value.length);
      bytes.set(concatBytes([key, value]), keyAt);
      expect(toHex(bytes.subarray(8))).toBe(toHex(whole));
    }
  });
});
