/** A check of the self-test: a claim, and how to find out whether it is true. */

export interface Check {
  readonly claim: string;
  /** Rejects, or throws, when the claim is false. */
  readonly run: () => void | Promise<void>;
}

/** Throws unless both are spelled alike. */
export function same(found: unknown, expected: unknown, what: string): void {
  const [left, right] = [JSON.stringify(found), JSON.stringify(expected)];
  if (left !== right) throw new Error(`${what}: found ${left}, expected ${right}`);
}
