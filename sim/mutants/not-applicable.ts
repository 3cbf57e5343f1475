/** Rows of the catalogue that have no counterpart here, each with the reason. */

export interface NotApplicable {
  readonly id: string;
  readonly reason: string;
}

const LEASES = 'There are no leases yet: every linearizable read asks a quorum.';

export const NOT_APPLICABLE: readonly NotApplicable[] = [
  {
    id: 'E18',
    reason:
      'Raft hears of a snapshot when it is durable and loaded; before that nothing is half installed that one could campaign with.',
  },
  {
    id: 'A24',
    reason:
      'Progress lives and dies with the office: a node that does not lead has none that a reply could change.',
  },
  {
    id: 'A25',
    reason:
      'Sending asserts the present term, and the next heartbeat is answered with it: nothing stays stale for ever.',
  },
  {
    id: 'A28',
    reason:
      'A failed write ends the node: no code goes on after one, so none can give the index away again in the same term.',
  },
  {
    id: 'A37',
    reason: 'Nothing is undone: entries are applied when they are committed.',
  },
  {
    id: 'A43',
    reason:
      'No applied index is stored: a restart applies again from the snapshot (S15 is that index stored too early).',
  },
  {
    id: 'A44',
    reason:
      'Apply does not throw: what makes no sense has a status of its own, the same on every replica.',
  },
  {
    id: 'M14',
    reason:
      'Removal deletes nothing; an id that comes back with another store is another member (E27 takes that away).',
  },
  { id: 'C07', reason: LEASES },
  { id: 'C09', reason: LEASES },
  { id: 'C10', reason: LEASES },
  { id: 'C11', reason: LEASES },
  { id: 'C12', reason: LEASES },
  { id: 'C15', reason: 'There are no locks.' },
  {
    id: 'C18',
    reason: 'The simulated clients do not scan yet: nothing would look at the answers.',
  },
  {
    id: 'S14',
    reason:
      'There is no flag for "receiving": a snapshot counts from one durable mark on, which follows the whole, proved file.',
  },
  {
    id: 'W22',
    reason: 'The disk port writes all or fails: short writes end below it, in the runtime.',
  },
  {
    id: 'W24',
    reason: 'The step that sees a failed sync poisons the log: no event comes between the two.',
  },
  { id: 'G13', reason: 'A datagram has no room for 256 records.' },
  {
    id: 'G14',
    reason:
      'A biased shuffle is still a permutation: each member is probed within the same bound, and nothing else is promised.',
  },
  { id: 'G22', reason: 'Confirmations do not shorten a suspicion: there is no such extension.' },
];
