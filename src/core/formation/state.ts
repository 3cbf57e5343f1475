/**
 * Forming a cluster out of empty stores (docs/architecture.md, "Identity").
 *
 * An empty node tells its peers that it is empty and which ids its list has. If every peer of the
 * list answers "empty, same list", the lowest id forms the cluster. An answer counts only if it
 * echoes this boot's nonce: a word said to a former life, or still on its way since then, does not.
 */
import type { Millis, NodeId } from '../../base/units.ts';
import type { Member } from '../types.ts';

export interface FormationConfig {
  readonly self: Member;
  /** The ids of the address list, our own included. */
  readonly ids: readonly NodeId[];
  /** Random, new with every boot. */
  readonly nonce: number;
  readonly announceMs: number;
  /** Whether the store holds nothing yet. */
  readonly isEmpty: boolean;
}

/** What a node says of itself. */
export interface Status {
  readonly nonce: number;
  /** The receiver's nonce as the sender last heard it; 0 if never. */
  readonly echo: number;
  readonly isEmpty: boolean;
  /** The sender has no seat in the cluster's configuration as far as it knows, and wants one. */
  readonly isSeeking: boolean;
  /** Sorted. */
  readonly ids: readonly NodeId[];
}

export interface Heard {
  readonly member: Member;
  readonly status: Status;
  readonly at: Millis;
}

export interface FormationState {
  readonly config: FormationConfig;
  /** Sorted. */
  readonly ids: readonly NodeId[];
  isEmpty: boolean;
  isSeeking: boolean;
  /** The newest word of each peer, by id. */
  heard: Map<NodeId, Heard>;
  nextAnnounce: Millis;
}

export type FormationEvent =
  | { readonly kind: 'tick' }
  | { readonly kind: 'status'; readonly from: Member; readonly status: Status }
  /** The store holds something now: the word "empty" is never said again. */
  | { readonly kind: 'filled' }
  /** Whether the configurations that we know of name our store. */
  | { readonly kind: 'seat'; readonly isSeated: boolean };

export class FormationOut {
  /** Statuses to send: to a member, or to whoever has that id (`store` null). */
  statuses: { to: NodeId; status: Status }[] = [];
  /** Not empty: form a cluster of exactly these members, sorted by id. */
  form: Member[] = [];
  /** Peers that were just heard to want a seat: a leader may take one for a replacement. */
  seekers: Member[] = [];

  clear(): void {
    this.statuses = [];
    this.form = [];
    this.seekers = [];
  }
}
