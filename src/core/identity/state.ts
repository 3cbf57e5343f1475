/** Nouns of the identity of a data directory. */

import type { Failure } from '../../base/errors.ts';
import { clearList } from '../../base/lists.ts';
import type { ClusterId, NodeId, StoreId } from '../../base/units.ts';
import type { DiskCompletion, DiskOperation, DiskSubmission } from '../disk.ts';

export const IDENTITY_FILE = 'identity';
export const IDENTITY_DRAFT = 'identity.tmp';

/** Who a data directory is. */
export interface Identity {
  readonly nodeId: NodeId;
  readonly storeId: StoreId;
  /** The one cluster this store belongs to, for life; null before it joined one. */
  readonly clusterId: ClusterId | null;
}

export interface IdentityConfig {
  /** Who the command line says this node is. */
  readonly nodeId: NodeId;
  /** Files whose names begin so are data: a directory that has some is never formatted. */
  readonly dataPrefixes: readonly string[];
}

export type IdentityEvent =
  /** Once. `storeWords`: four random words of 32 bits, the store's name if it is formatted now. */
  | { readonly kind: 'open'; readonly storeWords: readonly number[] }
  | { readonly kind: 'disk'; readonly completion: DiskCompletion }
  /** Joins a cluster, for life. Legal once the identity is known. */
  | { readonly kind: 'adopt'; readonly clusterId: ClusterId }
  /**
   * Gives the store up: the directory gets another store's identity, in no cluster. What lies in
   * it counts for nothing from the moment this is durable. Legal once the identity is known.
   */
  | { readonly kind: 'reformat'; readonly storeWords: readonly number[] };

export interface IdentityOut {
  submissions: DiskSubmission[];
  /** Durable. Comes once for `open`, and again when a cluster is adopted or the store given up. */
  identity: Identity | null;
  /** The store belongs to another cluster; nothing was changed. */
  refused: Failure | null;
  /** The node must stop. */
  failed: Failure | null;
}

export function newIdentityOut(): IdentityOut {
  return { submissions: [], identity: null, refused: null, failed: null };
}

export function clearIdentityOut(out: IdentityOut): void {
  clearList(out.submissions);
  out.identity = null;
  out.refused = null;
  out.failed = null;
}

export interface IdentityState {
  readonly config: IdentityConfig;
  phase: 'closed' | 'opening' | 'open' | 'failed';
  failure: Failure | null;
  storeWords: readonly number[];
  /** What is durable. */
  identity: Identity | null;
  /** What is being made durable. */
  draft: Identity | null;
  /** The file was found bad once: it is read again, past the cache, before it is judged. */
  isReadAgain: boolean;
  /** What is left to do, one after another. */
  readonly plan: DiskOperation[];
  nextDiskTicket: number;
  /** The one operation under way. */
  pending: DiskSubmission | null;
}

export function initialState(config: IdentityConfig): IdentityState {
  return {
    config,
    phase: 'closed',
    failure: null,
    storeWords: [],
    identity: null,
    draft: null,
    isReadAgain: false,
    plan: [],
    nextDiskTicket: 1,
    pending: null,
  };
}
