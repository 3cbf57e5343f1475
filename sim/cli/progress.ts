/** One line that is written over again and again, where somebody watches. */

export class Progress {
  readonly #isWatched = process.stderr.isTTY === true;

  show(text: string): void {
    if (this.#isWatched) process.stderr.write(`\r${text}\x1b[K`);
  }

  /** Takes the line away, so that something lasting can be printed in its place. */
  clear(): void {
    if (this.#isWatched) process.stderr.write('\r\x1b[K');
  }
}
