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
