/**
 * What can happen to a Raft machine.
 *
 * `wall` is the node's wall clock when the event came in, in milliseconds; it is used for log time
 * and for nothing else.
 */
import type { LogIndex, Term } from '../../base/units.ts';
import type { EntryKind } from '../entry.ts';
import type { Configuration, Durability, Member, SnapshotMeta } from '../types.ts';
import type { Message } from './message.ts';

export type RaftEvent =
  | { readonly kind: 'tick'; readonly wall: number }
  | { readonly kind: 'message'; readonly message: Message; readonly wall: number }
  /**
   * A leader appends one entry. `bytes` has 48 bytes of room for the header and the body behind
   * it; Raft seals the header in place and owns the bytes from then on.
   */
  | {
      readonly kind: 'propose';
      readonly entryKind: EntryKind;
      readonly count: number;
      readonly bytes: Uint8Array;
      readonly wall: number;
    }
  /** The disk holds everything that went out under `ticket` and before; (index, term) is its last. */
  | {
      readonly kind: 'synced';
      readonly ticket: number;
      readonly index: LogIndex;
      readonly term: Term;
    }
  /** Reads that arrived together; `minIndex` is the last write they must see. */
  | { readonly kind: 'read'; readonly id: number; readonly minIndex: LogIndex }
  | { readonly kind: 'transfer'; readonly target: Member }
  /** The voters and learners wanted; voters change through a joint configuration. */
  | {
      readonly kind: 'reconfigure';
      readonly voters: readonly Member[];
      readonly learners: readonly Member[];
      readonly wall: number;
    }
  /** A peer connected anew: what was in flight to it may be lost. */
  | { readonly kind: 'peer-connected'; readonly member: Member }
  /** A durable snapshot of our own state at `index` exists. */
  | { readonly kind: 'snapshot-taken'; readonly index: LogIndex }
  /** A leader's snapshot is durable here and its state is loaded. */
  | {
      readonly kind: 'snapshot-installed';
      readonly meta: SnapshotMeta;
      /** Log time at the snapshot's index. */
      readonly stamp: number;
      readonly from: Member;
      readonly wall: number;
    }
  /** A transfer of the snapshot at `index` to `member` ended. */
  | {
      readonly kind: 'snapshot-sent';
      readonly member: Member;
      readonly index: LogIndex;
      readonly isInstalled: boolean;
    }
  /** Entry 1 of a new cluster: only ever given to an empty store, by its formation. */
  | {
      readonly kind: 'form';
      readonly configuration: Configuration;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: 'durability'; readonly durability: Durability }
  /** Our state is lost or wrong: we neither campaign nor lead until it is replaced. */
  | { readonly kind: 'quarantine' }
  /** It was replaced by a snapshot that our log joins (`isJoined`); `stamp`: log time there. */
  | { readonly kind: 'state-rebuilt'; readonly meta: SnapshotMeta; readonly stamp: number };
