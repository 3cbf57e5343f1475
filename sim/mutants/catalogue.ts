/** All mutants, in the order of the catalogue of known bugs. */
import { CANARY } from './canary.ts';
import { CLIENT_MUTANTS } from './clients.ts';
import { ELECTION_MUTANTS } from './election.ts';
import { MEMBERSHIP_MUTANTS } from './membership.ts';
import type { Mutant } from './mutant.ts';
import { REPLICATION_MUTANTS } from './replication.ts';
import { SNAPSHOT_MUTANTS } from './snapshots.ts';
import { SWIM_MUTANTS } from './swim.ts';
import { WAL_MUTANTS } from './wal.ts';

export const MUTANTS: readonly Mutant[] = [
  ...ELECTION_MUTANTS,
  ...REPLICATION_MUTANTS,
  ...MEMBERSHIP_MUTANTS,
  ...SNAPSHOT_MUTANTS,
  ...CLIENT_MUTANTS,
  ...WAL_MUTANTS,
  ...SWIM_MUTANTS,
];

/** Null: there is none of this id. The canary is found, but is in no table. */
export function findMutant(id: string): Mutant | null {
  return (
    [...MUTANTS, CANARY].find((mutant) => mutant.id.toLowerCase() === id.toLowerCase()) ?? null
  );
}
