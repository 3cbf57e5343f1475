/**
 * Nouns of comparing state hashes: the leader tells its chain at an applied index, each replica
 * answers with its own at the same index, and the majority of all voters is right.
 *
 *   leader: CHAIN(index) ─▶ replicas: ANSWER(index) ─▶ leader: majority? ─▶ VERDICT to the others
 *
 * An *inquest* is one such question. A chain stands for the whole history up to its index.
 */
import type { LogIndex, Millis } from '../../base/units.ts';
import type { Configuration, Member } from '../types.ts';

export interface ChainAt {
  readonly index: LogIndex;
  readonly low: number;
  readonly high: number;
}

export interface HashesConfig {
  readonly self: Member;
  /** Between two inquests of a leader. */
  readonly askMs: number;
}

export interface Testimony {
  readonly member: Member;
  readonly chain: ChainAt;
}

export type HashesEvent =
  /** Only while we lead. `applied`: null while our own chain is no witness. */
  | {
      readonly kind: 'tick';
      readonly applied: ChainAt | null;
      readonly configuration: Configuration;
    }
  /** We lead no more. */
  | { readonly kind: 'deposed' }
  /** The entry that `awaited` names was applied. */
  | { readonly kind: 'applied'; readonly chain: ChainAt }
  | {
      readonly kind: 'message';
      readonly from: Member;
      readonly type: number;
      readonly chain: ChainAt;
      /** Our own, now; null while it is no witness. */
      readonly applied: ChainAt | null;
      readonly configuration: Configuration;
    };

export interface OutgoingChain {
  readonly to: Member;
  readonly type: number;
  readonly chain: ChainAt;
}

export interface HashesOut {
  messages: OutgoingChain[];
  /** Our state is not the majority's at this chain's index. */
  minority: ChainAt | null;
  /** Chains that were seen to differ from the majority's, or from each other. */
  mismatches: number;
}

export function newHashesOut(): HashesOut {
  return { messages: [], minority: null, mismatches: 0 };
}

export interface HashesState {
  readonly config: HashesConfig;
  askAt: Millis;
  /** What the leader that we are asked last, and what it was told; ourselves included. */
  inquest: { readonly chain: ChainAt; readonly testimonies: Testimony[]; isJudged: boolean } | null;
  /** Of the leader that asked us: where our chain is wanted. */
  awaited: { readonly index: LogIndex; readonly from: Member } | null;
  /** What we answered last. */
  answered: ChainAt | null;
  /** The index at which voters differ and none has a majority; 0: none. */
  tiedIndex: LogIndex;
}
