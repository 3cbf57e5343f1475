/** What a scenario demands of a cluster, and how it ends when that does not hold. */

/** A promise was broken, or something did not come in time: told, not a bug of this script. */
export class Broken extends Error {}

export function demand(holds: boolean, promise: string): asserts holds {
  if (!holds) throw new Broken(promise);
}
