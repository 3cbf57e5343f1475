/** The entropy port: the operating system's random words, fetched a batch at a time. */
import { getRandomValues } from 'node:crypto';
import type { EntropyPort } from '../ports/entropy.ts';

const WORDS_A_BATCH = 256;

export class SystemEntropy implements EntropyPort {
  readonly #words = new Uint32Array(WORDS_A_BATCH);
  #next = WORDS_A_BATCH;

  word(): number {
    if (this.#next === WORDS_A_BATCH) {
      getRandomValues(this.#words);
      this.#next = 0;
    }
    return this.#words[this.#next++]!;
  }
}
