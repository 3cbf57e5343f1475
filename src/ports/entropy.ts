/** Random words for what must be unguessable or unique: store ids, cluster ids, PRNG seeds. */
export interface EntropyPort {
  /** A random integer in 0…2^32 - 1. */
  word(): number;
}
