/**
 * The arguments of a command, from a typed line or from the shell.
 *
 * A line is cut here: at blanks, but for `"…"` and for a last argument, which is the rest of the
 * line. The shell has cut already, so its words are taken as they are, quotes and all; a last
 * argument of several words is joined with blanks.
 */
import { type ByteString, readQuoted } from './quoting.ts';

export interface Word {
  readonly text: ByteString;
  readonly isQuoted: boolean;
}

export interface Words {
  /** The next word; null: there is none. A string says what is wrong with it. */
  next(): Word | string | null;
  /** Everything that is left, as one argument. */
  rest(): Word | string | null;
}

const BLANKS = /[ \t]*/y;
const BARE = /[^ \t]+/y;

export class LineWords implements Words {
  readonly #line: ByteString;
  #at = 0;

  constructor(line: ByteString) {
    this.#line = line;
  }

  next(): Word | string | null {
    this.#skipBlanks();
    if (this.#at === this.#line.length) return null;
    if (this.#line[this.#at] === '"') return this.#quoted();
    BARE.lastIndex = this.#at;
    const [text] = BARE.exec(this.#line)!;
    this.#at = BARE.lastIndex;
    return { text, isQuoted: false };
  }

  rest(): Word | string | null {
    this.#skipBlanks();
    if (this.#at === this.#line.length) return null;
    if (this.#line[this.#at] === '"') return this.#lastQuoted();
    const text = this.#line.slice(this.#at);
    this.#at = this.#line.length;
    return { text, isQuoted: false };
  }

  #quoted(): Word | string {
    const quoted = readQuoted(this.#line, this.#at);
    if (typeof quoted === 'string') return quoted;
    this.#at = quoted.end;
    const isApart = this.#at === this.#line.length || /[ \t]/.test(this.#line[this.#at]!);
    return isApart ? { text: quoted.text, isQuoted: true } : 'a blank is missing after "…"';
  }

  #lastQuoted(): Word | string {
    const word = this.#quoted();
    if (typeof word === 'string') return word;
    this.#skipBlanks();
    if (this.#at === this.#line.length) return word;
    return 'after "…" nothing may follow; a value that begins with a quote is written "\\"…"';
  }

  #skipBlanks(): void {
    BLANKS.lastIndex = this.#at;
    BLANKS.exec(this.#line);
    this.#at = BLANKS.lastIndex;
  }
}

export class ShellWords implements Words {
  readonly #words: readonly ByteString[];
  #at = 0;

  constructor(words: readonly ByteString[]) {
    this.#words = words;
  }

  next(): Word | null {
    const text = this.#words[this.#at++];
    return text === undefined ? null : { text, isQuoted: false };
  }

  rest(): Word | null {
    if (this.#at >= this.#words.length) return null;
    const text = this.#words.slice(this.#at).join(' ');
    this.#at = this.#words.length;
    return { text, isQuoted: false };
  }
}
