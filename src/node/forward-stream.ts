/** Requests that a node passed on to one leader in one term: see forwarding.ts. */
import type { Millis, Term } from '../base/units.ts';
import type { Member } from '../core/types.ts';
import { ReadGather, type ReadRows } from './batch.ts';

export interface Outstanding {
  readonly sequence: number;
  readonly since: Millis;
  sentAt: Millis;
  readonly requests: ReadRows;
}

export interface ForwardStream {
  /** Tells the leader this stream from others of ours, whatever became of them. */
  readonly nonce: number;
  readonly leader: Member;
  readonly term: Term;
  nextSequence: number;
  outstanding: Outstanding[];
  gathered: ReadGather;
  gatheredBytes: number;
}

/**
 * Batches from the oldest without an answer on: the leader remembers its answers to all of these, for
 * it learns only with the next batch which of them we need no more.
 */
export function windowOf({ outstanding, nextSequence }: ForwardStream): number {
  const oldest = outstanding[0];
  return oldest === undefined ? 0 : nextSequence - oldest.sequence;
}

export function newStream(leader: Member, term: Term, nonce: number): ForwardStream {
  return {
    nonce,
    leader,
    term,
    nextSequence: 1,
    outstanding: [],
    gathered: new ReadGather(),
    gatheredBytes: 0,
  };
}
