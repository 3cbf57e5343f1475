/** All mutants: those of the catalogue of known bugs in its order, then those of our own. */
import { BOUNDS_MUTANTS } from './bounds.ts';
import { CANARIES } from './canary.ts';
import { CLIENT_MUTANTS } from './clients.ts';
import { DIRECTED_ELECTION_MUTANTS } from './directed-elections.ts';
import { DIRECTED_NODE_MUTANTS } from './directed-node.ts';
import { DIRECTED_REPLICATION_MUTANTS } from './directed-replication.ts';
import { DIRECTED_SWIM_MUTANTS } from './directed-swim.ts';
import { ELECTION_MUTANTS } from './election.ts';
import { HOLDOUT_CLIENT_MUTANTS } from './holdout-clients.ts';
import { HOLDOUT_ELECTION_MUTANTS } from './holdout-elections.ts';
import { HOLDOUT_MEMBER_MUTANTS } from './holdout-members.ts';
import { HOLDOUT_MEMORY_MUTANTS } from './holdout-memory.ts';
import { HOLDOUT_PUBLISHED_MUTANTS } from './holdout-published.ts';
import { HOLDOUT_REPLICATION_MUTANTS } from './holdout-replication.ts';
import { HOLDOUT_STATE_MUTANTS } from './holdout-state.ts';
import { HOLDOUT_SWIM_MUTANTS } from './holdout-swim.ts';
import { HOLDOUT_WAL_MUTANTS } from './holdout-wal.ts';
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
  ...BOUNDS_MUTANTS,
  ...STATE_MUTANTS,
  ...HOLDOUT_CLIENT_MUTANTS,
  ...HOLDOUT_MEMORY_MUTANTS,
  ...HOLDOUT_STATE_MUTANTS,
  ...HOLDOUT_WAL_MUTANTS,
  ...HOLDOUT_SWIM_MUTANTS,
];

/** Bugs that no random run is asked to find: directed scenarios fail under them. */
export const DIRECTED_MUTANTS: readonly Mutant[] = [
  ...DIRECTED_ELECTION_MUTANTS,
  ...DIRECTED_REPLICATION_MUTANTS,
  ...DIRECTED_NODE_MUTANTS,
  ...DIRECTED_SWIM_MUTANTS,
];

/** Bugs of other systems that no catalogue named when the checkers were written. */
export const HOLDOUT_MUTANTS: readonly Mutant[] = [
  ...HOLDOUT_ELECTION_MUTANTS,
  ...HOLDOUT_REPLICATION_MUTANTS,
  ...HOLDOUT_MEMBER_MUTANTS,
  ...HOLDOUT_PUBLISHED_MUTANTS,
];

/** Null: there is none of this id. Only what is in MUTANTS is in the table of a hunt. */
export function findMutant(id: string): Mutant | null {
  const all = [...MUTANTS, ...DIRECTED_MUTANTS, ...HOLDOUT_MUTANTS, ...CANARIES];
  return all.find((mutant) => mutant.id.toLowerCase() === id.toLowerCase()) ?? null;
}
