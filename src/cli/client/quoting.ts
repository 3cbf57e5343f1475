/**
 * `"…"` with escapes: how bytes that are no plain word are written in a line, and shown.
 *
 * Lines are strings of bytes here, one character (0 to 255) a byte, so that what is not text passes
 * through unchanged.
 *
 *   \n \r \t \0 \\ \"   as in C      \xHH   a byte      \u{H…}   a character, as its UTF-8
 */
import { decodeUtf8, isUtf8 } from '../../base/text.ts';

export type ByteString = string;

export const toByteString = (text: string): ByteString => Buffer.from(text).toString('latin1');
export const toBytes = (text: ByteString): Uint8Array =>
  new Uint8Array(Buffer.from(text, 'latin1'));

const PLAIN_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['0', '\0'],
  ['\\', '\\'],
  ['"', '"'],
]);

const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u\{([0-9a-fA-F]{1,6})\}|([nrt0\\"]))/y;
const CODE_POINT_MAX = 0x10_ffff;

export interface Quoted {
  readonly text: ByteString;
  /** Behind the closing quote. */
  readonly end: number;
}

/** Reads the quoted text whose `"` is at `at`, or says what is wrong with it. */
export function readQuoted(line: ByteString, at: number): Quoted | string {
  let text = '';
  let next = at + 1;
  while (next < line.length) {
    const character = line[next]!;
    if (character === '"') return { text, end: next + 1 };
    if (character !== '\\') {
      text += character;
      next++;
      continue;
    }
    ESCAPE.lastIndex = next;
    const match = ESCAPE.exec(line);
    const escaped = match === null ? null : escapedText(match);
    if (escaped === null) return `"${line.slice(next, next + 2)}" is no escape`;
    text += escaped;
    next = ESCAPE.lastIndex;
  }
  return 'the closing quote is missing';
}

function escapedText([, byte, point, plain]: RegExpExecArray): ByteString | null {
  if (byte !== undefined) return String.fromCharCode(Number.parseInt(byte, 16));
  if (point === undefined) return PLAIN_ESCAPES.get(plain!)!;
  const value = Number.parseInt(point, 16);
  const isCharacter = value <= CODE_POINT_MAX && !(value >= 0xd800 && value <= 0xdfff);
  return isCharacter ? toByteString(String.fromCodePoint(value)) : null;
}

// Control characters, those that reverse the direction of writing, and what is not a character.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;

/** Bytes as a person may read them: as they are where that is safe on a screen, else quoted. */
export function printable(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) return `"${Array.from(bytes, escapedByte).join('')}"`;
  const text = decodeUtf8(bytes);
  if (!UNPRINTABLE.test(text)) return text;
  return `"${Array.from(text, escapedCharacter).join('')}"`;
}

function escapedByte(byte: number): string {
  if (byte >= 0x80) return `\\x${byte.toString(16)}`;
  return escapedCharacter(String.fromCharCode(byte));
}

function escapedCharacter(character: string): string {
  for (const [letter, plain] of PLAIN_ESCAPES) if (plain === character) return `\\${letter}`;
  if (!UNPRINTABLE.test(character)) return character;
  return `\\u{${character.codePointAt(0)!.toString(16)}}`;
}
