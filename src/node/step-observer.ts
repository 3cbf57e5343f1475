/**
 * Who looks on at a node's Raft machines from outside: a trace, or nobody. It sees a machine when it
 * begins, then after every step, with what the step was given and what it put out; it changes
 * nothing, and keeps nothing of what it is shown.
 */
import type { RaftEvent } from '../core/raft/event.ts';
import type { RaftOut } from '../core/raft/out.ts';
import type { RaftState } from '../core/raft/state.ts';

export interface StepObserver {
  began(raft: RaftState): void;
  stepped(raft: RaftState, event: RaftEvent, out: RaftOut): void;
}
