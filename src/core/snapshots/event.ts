/** What can happen to the snapshots of one group. */
import type { LogIndex, Term } from '../../base/units.ts';
import type { DiskCompletion } from '../disk.ts';
import type { Member, SnapshotMeta } from '../types.ts';

export type SnapshotsEvent =
  /**
   * First of all, once: looks at the directory. `mark`: the index that the WAL's newest snapshot
   * mark names, 0 if there is none.
   */
  | { readonly kind: 'open'; readonly mark: LogIndex }
  | { readonly kind: 'disk'; readonly completion: DiskCompletion }
  | { readonly kind: 'tick' }
  /** Begins a file of our own; one under way is given up. */
  | { readonly kind: 'save-begin'; readonly meta: SnapshotMeta }
  /** The next bytes, frozen from now on. Ask `wantsBytes` first. Nothing after a `saveFailed`. */
  | { readonly kind: 'save'; readonly bytes: Uint8Array }
  | { readonly kind: 'save-end' }
  /** Gives the save up, unless its file has its name already. */
  | { readonly kind: 'save-abort' }
  /** Reads the file at `index`, proving it on the way. A load under way is given up. */
  | { readonly kind: 'load'; readonly index: LogIndex }
  /** The WAL's mark for `index` is durable: older files may go. */
  | { readonly kind: 'release'; readonly index: LogIndex }
  /** The leader of `term` that we are wants `to` to get the newest snapshot. May be repeated. */
  | { readonly kind: 'send'; readonly to: Member; readonly term: Term }
  /** We lead no more. */
  | { readonly kind: 'cancel-sends' }
  /**
   * A body on the SNAPSHOT channel. `term` is our current term. Snapshots at or below
   * `commitIndex` are no news; a node that rebuilds itself passes 0. The body is not kept.
   */
  | {
      readonly kind: 'message';
      readonly from: Member;
      readonly type: number;
      readonly body: Uint8Array;
      readonly commitIndex: LogIndex;
      readonly term: Term;
    }
  /** What was received at `index` is loaded and Raft has it. */
  | { readonly kind: 'installed'; readonly index: LogIndex }
  /** What was received at `index` is no news any more, or could not be loaded. */
  | { readonly kind: 'rejected'; readonly index: LogIndex };
