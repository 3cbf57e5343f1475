/**
 * Keys that are written once and never again: what was acknowledged must be found for ever after.
 *
 * The history says the same, but a lost write there may hide behind a later one; here it cannot.
 */
export class Ledger {
  /** Value by key. */
  readonly acknowledged = new Map<string, string>();
  /** Written, with an unknown outcome: found or not, but never with another value. */
  readonly uncertain = new Map<string, string>();

  get keys(): string[] {
    return [...this.acknowledged.keys(), ...this.uncertain.keys()];
  }

  /** A sentence about what is wrong with `found`; null: nothing is. */
  complain(key: string, found: string | null): string | null {
    const promised = this.acknowledged.get(key);
    if (promised === undefined) {
      const attempted = this.uncertain.get(key);
      return found === null || found === attempted ? null : `${key} holds ${found}`;
    }
    return found === promised ? null : `the acknowledged write of ${key} is gone (${found})`;
  }
}
