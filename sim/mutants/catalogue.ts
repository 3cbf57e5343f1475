/** All mutants: those of the catalogue of known bugs in its order, then those of our own. */
import { CANARIES } from './canary.ts';
import { CLIENT_MUTANTS } from './clients.ts';
import { ELECTION_MUTANTS } from './election.ts';
import { LOCAL_FAILURE_MUTANTS } from './local-failures.ts';
import { MEMBERSHIP_MUTANTS } from './membership.ts';
import type { Mutant } from './mutant.ts';
import { REPAIR_MUTANTS } from './repair.ts';
import { REPLICATION_MUTANTS } from './replication.ts';
import { SERVICE_MUTANTS } from './service.ts';
import { SNAPSHOT_MUTANTS } from './snapshots.ts';
import { STATE_MUTANTS } from './state.ts';
import { SWIM_MUTANTS } from './swim.ts';
import { WAL_MUTANTS } from './wal.ts';

export const MUTANTS: readonly Mutant[] = [
  ...ELECTION_MUTANTS,
  ...REPLICATION_MUTANTS,
  ...LOCAL_FAILURE_MUTANTS,
  ...MEMBERSHIP_MUTANTS,
  ...SNAPSHOT_MUTANTS,
  ...CLIENT_MUTANTS,
  ...WAL_MUTANTS,
  ...SWIM_MUTANTS,
  ...REPAIR_MUTANTS,
  ...SERVICE_MUTANTS,
  ...STATE_MUTANTS,
];

/** Null: there is none of this id. Canaries are found, but are in no table. */
export function findMutant(id: string): Mutant | null {
  return (
    [...MUTANTS, ...CANARIES].find((mutant) => mutant.id.toLowerCase() === id.toLowerCase()) ?? null
  );
}
