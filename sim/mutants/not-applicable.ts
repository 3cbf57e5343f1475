/**
 * Rows of the catalogue that have no counterpart here, each with the reason: the bug cannot be said in
 * this code, or it can be said and breaks nothing that anybody is promised. A bug that no schedule of
 * ours reveals is not listed here: it is a mutant that survives.
 */

export interface NotApplicable {
  readonly id: string;
  readonly reason: string;
}

const LEASES = 'There are no leases: every linearizable read asks a quorum.';

export const NOT_APPLICABLE: readonly NotApplicable[] = [
  {
    id: 'A23',
    reason:
      'An answer of a later term is a refusal: what is accepted is accepted in the term of the append. It names no match, and round 0 when terms differ, so counting it before its term commits nothing and confirms no read; the leader steps down in the same step.',
  },
  {
    id: 'A24',
    reason:
      'Progress ends with the office. Kept beyond it, it would count replies of the present term only, and what a quorum of that term holds is committed, whoever counts.',
  },
  {
    id: 'A25',
    reason:
      'There is no term to remember from before: a reply is made after the step-up, of the one term that the state has. An old one would be dropped, and the next heartbeat, which answers with the new one, comes within milliseconds.',
  },
  {
    id: 'A37',
    reason:
      'Nothing is undone: entries are applied when they are committed. What a truncation takes back, configurations, is one list that is cut at an index, without an order.',
  },
  {
    id: 'A43',
    reason:
      'No applied index is stored: a restart applies again from the snapshot. S15 is that index stored too early, C17 is applying what the disk does not hold.',
  },
  {
    id: 'M14',
    reason:
      'No code removes the state of a member: one that is removed keeps its directory, term and vote, and comes back with them or as another store. E27 takes the difference between stores away.',
  },
  { id: 'C07', reason: LEASES },
  { id: 'C09', reason: LEASES },
  { id: 'C10', reason: LEASES },
  { id: 'C11', reason: LEASES },
  { id: 'C12', reason: LEASES },
  { id: 'C15', reason: 'There are no locks, nor anything that is granted for a time.' },
  {
    id: 'S14',
    reason:
      'There is no flag for "receiving" that could be lost: a snapshot counts from one durable mark on, which follows the whole, proved file (S07, S08 and S15 take that order away).',
  },
  {
    id: 'W22',
    reason:
      'The disk port writes all or fails: machines see no short write. They end below it, in src/runtime, which the simulator does not run; the conformance suite of the disk ports does.',
  },
  {
    id: 'G13',
    reason: 'Counts of records have two bytes, and a datagram no room for 256 of them.',
  },
  {
    id: 'G14',
    reason:
      'A biased shuffle is still a permutation: each member is probed within the same bound, and nothing else is promised.',
  },
];
