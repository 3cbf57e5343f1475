/**
 * Nouns of mending: what a node does whose log is damaged, before it takes part in anything.
 *
 *   damaged ─▶ ask peers for the entries that are named ─▶ whole again
 *          └▶ (some cannot be had, or named) plead ─▶ every group's leader gives leave ─▶ start over
 */
import type { Failure } from '../../base/errors.ts';
import type { GroupId, Millis, NodeId } from '../../base/units.ts';
import type { MissingEntry } from '../types.ts';

export interface MendingConfig {
  /** Whom to ask; sorted. None: nothing but the disk can help. */
  readonly peers: readonly NodeId[];
  /** Of this boot: leave that was given to an earlier one does not count. */
  readonly nonce: number;
  /** Between two rounds of questions. */
  readonly askMs: number;
  /** Rounds without a single entry, after which leave to start over is asked for as well. */
  readonly fruitlessRoundsMax: number;
  /** Without anything that helps for so long the node gives up. */
  readonly patienceMs: number;
  readonly missing: readonly MissingEntry[];
  /** False: something is lost that nobody can name. */
  readonly isRepairable: boolean;
}

export type MendingEvent =
  | { readonly kind: 'tick' }
  /** What is still missing after entries came in. */
  | { readonly kind: 'supplied'; readonly missing: readonly MissingEntry[] }
  /** A leader says that its group can do without this store. */
  | {
      readonly kind: 'leave';
      readonly group: GroupId;
      readonly nonce: number;
      readonly groupCount: number;
    };

export interface MendingOut {
  /** Entries to ask one peer for. */
  ask: { readonly peer: NodeId; readonly wanted: readonly MissingEntry[] } | null;
  /** Peers to ask for leave. */
  plead: readonly NodeId[];
  /** The whole cluster does without this store: it may be given up. */
  isExpendable: boolean;
  failed: Failure | null;
}

export function newMendingOut(): MendingOut {
  return { ask: null, plead: [], isExpendable: false, failed: null };
}

export interface MendingState {
  readonly config: MendingConfig;
  missing: readonly MissingEntry[];
  askAt: Millis;
  /** Rounds asked so far, and those since an entry last came. */
  rounds: number;
  fruitlessRounds: number;
  /** When each group's leader last gave leave. */
  readonly leaves: Map<GroupId, Millis>;
  groupCount: number;
  giveUpAt: Millis;
  isOver: boolean;
}
