/**
 * Raft's outbox. The driver honours its lanes in the order in which they stand here:
 *
 * 1. `records` go to the WAL under `ticket`; a `synced` event with that ticket answers them.
 * 2. `sendNow` may leave at once: it reveals nothing that the disk does not hold.
 * 3. `sendAfter` leaves once its ticket is durable, and never if the node dies before.
 * 4. `applyThrough`: committed entries that are durable here, to be applied in order. Before each
 *    entry, the reads of lane 5 whose index lies below it are answered.
 * 5. `readsSafe` may run once their index is applied.
 * 6. `readsRefused`, `proposal`: what came of requests.
 * 7. `snapshotsWanted`: members whose next entry was compacted.
 */
import type { LogIndex, Term } from '../../base/units.ts';
import type { Member, WalRecord } from '../types.ts';
import type { HeldMessage, Message } from './message.ts';

export interface SafeRead {
  readonly id: number;
  readonly index: LogIndex;
}

export type Refusal =
  | 'not-leader'
  | 'transferring'
  | 'not-formed'
  | 'overloaded'
  | 'no-such-member'
  | 'change-pending'
  | 'not-empty';

export type ProposalOutcome =
  | { readonly kind: 'none' }
  | { readonly kind: 'accepted'; readonly index: LogIndex; readonly term: Term }
  | { readonly kind: 'refused'; readonly reason: Refusal };

const NO_PROPOSAL: ProposalOutcome = { kind: 'none' };

export class RaftOut {
  records: WalRecord[] = [];
  /** The ticket of `records`; meaningless while they are empty. */
  ticket = 0;
  sendNow: Message[] = [];
  sendAfter: HeldMessage[] = [];
  applyThrough = 0 as LogIndex;
  readsSafe: SafeRead[] = [];
  readsRefused: number[] = [];
  /** What came of the step's proposal, transfer, reconfiguration or formation. */
  proposal: ProposalOutcome = NO_PROPOSAL;
  snapshotsWanted: Member[] = [];

  clear(): void {
    this.records = [];
    this.ticket = 0;
    this.sendNow = [];
    this.sendAfter = [];
    this.applyThrough = 0 as LogIndex;
    this.readsSafe = [];
    this.readsRefused = [];
    this.proposal = NO_PROPOSAL;
    this.snapshotsWanted = [];
  }
}
