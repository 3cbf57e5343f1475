/** What there is and what is under way: files, files in the making, loads, transfers. */
import type { LogIndex, Millis, Term } from '../../base/units.ts';
import type { Member, SnapshotMeta } from '../types.ts';
import type { FileHeader } from './file-format.ts';
import type { FileIdentity } from './message.ts';
import type { Scan } from './scan.ts';

/**
 * A file with its name. found: there since before the start, not read yet. received: durable, but
 * not in force. whole: proved, and ours to give away. damaged: read back wrong.
 */
export interface SnapshotFile {
  readonly name: string;
  readonly index: LogIndex;
  standing: 'found' | 'received' | 'whole' | 'damaged';
  /** Null until it was read. */
  header: FileHeader | null;
  /** It took the place of another of its index, which a mark may name: it is never removed alone. */
  readonly isReplacement: boolean;
}

export type LaneKind = 'own' | 'incoming';

/** What is to be done next to a file in the making; each stage waits for the one before. */
export type Stage =
  | 'clear'
  | 'create'
  | 'write'
  | 'seal'
  | 'sync'
  | 'verify'
  | 'rename'
  | 'sync-directory';

/** A file in the making. */
export interface Landing {
  readonly index: LogIndex;
  stage: Stage;
  /** What waits to be written, in order. */
  readonly queue: Uint8Array[];
  /** Bytes taken in and not yet written. */
  queuedBytes: number;
  /** Bytes of `queuedBytes` that the write on its way took from the queue. */
  writingBytes: number;
  /** Where the next write goes. */
  writtenBytes: number;
  unsyncedBytes: number;
  /** Nothing will be added to the queue. */
  isComplete: boolean;
  isSynced: boolean;
  /** What the file must prove to be: an own file's as made, an incoming one's as announced. */
  expected: FileIdentity | null;
  /** An own file's header, to be written when all the content is; null for an incoming one. */
  header: FileHeader | null;
  scan: Scan | null;
}

export interface Lane {
  readonly kind: LaneKind;
  readonly file: string;
  landing: Landing | null;
  /** One operation at a time. */
  isBusy: boolean;
  /** The temporary file may exist. */
  isLittered: boolean;
}

export interface Save {
  readonly meta: SnapshotMeta;
  contentBytes: number;
  contentCrc: number;
}

export interface Load {
  readonly index: LogIndex;
  scan: Scan;
}

export interface Transfer {
  readonly to: Member;
  term: Term;
  /** Asked for since it last ended. */
  isWanted: boolean;
  /** Not before this; 0 once there is nothing to wait for but a place. */
  startAt: Millis;
  /** What is being sent; null while it waits. */
  file: SnapshotFile | null;
  round: number;
  /** The receiver holds what is before this. */
  ackedBytes: number;
  /** What is before this is on its way. */
  sentBytes: number;
  /** Before this the file was read once and its CRC is `crc`. */
  provedBytes: number;
  crc: number;
  isReading: boolean;
  heardAt: Millis;
  progressAt: Millis;
  resendAt: Millis;
}

/**
 * arriving: the file grows, or is being proved. landed: it waits for the caller's word.
 */
export interface Receipt {
  readonly from: Member;
  readonly identity: FileIdentity;
  leaderTerm: Term;
  phase: 'arriving' | 'landed';
  /** Bytes taken in, written or waiting. */
  acceptedBytes: number;
  /** Of the last chunk: answers echo it. */
  round: number;
  /** A chunk was dropped for want of room: ask for it again. */
  isShort: boolean;
  heardAt: Millis;
}

/** What an outstanding disk ticket is about. */
export type Pending =
  | { readonly kind: 'list'; readonly mark: LogIndex }
  | { readonly kind: 'removal'; readonly file: string }
  | { readonly kind: 'lane'; readonly lane: Lane; readonly landing: Landing | null }
  | { readonly kind: 'load'; readonly load: Load }
  | { readonly kind: 'send'; readonly transfer: Transfer; readonly round: number };
