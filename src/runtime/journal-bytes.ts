/** The journal's alphabet: numbers, texts and byte strings, one after another. */
import { getU32, putU32 } from '../base/bytes.ts';

const FIRST_BYTES = 64 * 1024;

export class JournalWriter {
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #used = 0;

  u8(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#used++] = value;
    return this;
  }

  u32(value: number): this {
    this.#reserve(4);
    putU32(this.#bytes, this.#used, value);
    this.#used += 4;
    return this;
  }

  /** Any number, to the last bit. */
  number(value: number): this {
    this.#reserve(8);
    this.#view.setFloat64(this.#used, value, true);
    this.#used += 8;
    return this;
  }

  bytes(value: Uint8Array): this {
    this.u32(value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#used);
    this.#used += value.length;
    return this;
  }

  text(value: string): this {
    return this.bytes(new TextEncoder().encode(value));
  }

  /** A copy of what was written since the last `take`. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#used);
    this.#used = 0;
    return taken;
  }

  #reserve(count: number): void {
    if (this.#used + count <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#used + count, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

export class JournalReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get position(): number {
    return this.#at;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  u8(): number {
    return this.#bytes[this.#advance(1)]!;
  }

  u32(): number {
    return getU32(this.#bytes, this.#advance(4));
  }

  number(): number {
    return this.#view.getFloat64(this.#advance(8), true);
  }

  /** A copy: replayed machines may keep what they are given. */
  bytes(): Uint8Array {
    const length = this.u32();
    const at = this.#advance(length);
    return this.#bytes.slice(at, at + length);
  }

  text(): string {
    return new TextDecoder().decode(this.bytes());
  }

  #advance(count: number): number {
    const at = this.#at;
    if (at + count > this.#bytes.length) throw new RangeError('the journal ends within a record');
    this.#at += count;
    return at;
  }
}
